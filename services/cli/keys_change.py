"""`yichuan keys new | rotate | revoke`: the key pairs of the home and the rows of keys.csv.

`rotate casebook` is another kind (keys_casebook.py).

What changes is the copy of the rulebook in this home. Connectors read it anew by themselves; the
exchange judges by what is in force, so each change ends with `yichuan rules activate --yes`. The
new row is written before the new private key: a crash between leaves a key that nobody uses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.bus.clock import now
from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV, read_rows, revoked, rotated, row_of, write_rows
from connectors.bus.keys import BUS_LOGIN, load_signer, new_private_key, read_passphrase
from connectors.bus.openers import replace_opener
from connectors.bus.private import write_private
from schemas.errors import UserError
from schemas.ids import BUS, OrganCode
from schemas.jwk import signer_from_pem
from services.cli.exit_codes import NO
from services.cli.installation import open_installation
from services.cli.keys_casebook import CASEBOOK, rotate_casebook
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, note, say
from services.cli.words import clock_time

GRACE_HOURS_MAX: Final = 24 * 30


class Algorithm(StrEnum):
    """What a key may be."""

    ES256 = "ES256"
    ED25519 = "Ed25519"
    SM2 = "SM2-SM3"


OrganName = Annotated[
    str, typer.Argument(metavar="ORGAN", help="code, name, alias, or bus / 机关，或 bus")
]
Chosen = Annotated[Algorithm, typer.Option("--algorithm", help="of the new key / 新密钥的算法")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="a file with the key's passphrase / 私钥口令所在文件", show_default=False),
]


@dataclass(frozen=True, slots=True)
class _Whose:
    home: Home
    organ: OrganCode
    login: str


def keys_new(
    organ: OrganName,
    algorithm: Chosen = Algorithm.ES256,
    passphrase_file: PassphraseFile = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Make the first key pair of an organ. Raises UserError key.exists where there is one."""
    whose = _whose(organ, home)
    if whose.home.key(whose.login).exists():
        raise UserError("key.exists", where=whose.login, exit_code=NO)
    row = _made(whose, algorithm, passphrase_file, now(), timedelta(0))
    _tell(row, whose.login, as_json=as_json)


def keys_rotate(
    organ: Annotated[
        str,
        typer.Argument(
            metavar="ORGAN",
            help="code, name, alias, bus, or casebook / 机关、bus，或 casebook（账本钥匙）",
        ),
    ],
    grace_hours: Annotated[
        int,
        typer.Option(
            min=0,
            max=GRACE_HOURS_MAX,
            help="the old key goes on so long, for what is under way / 旧密钥继续有效的小时数",
        ),
    ] = 24,
    algorithm: Chosen = Algorithm.ES256,
    passphrase_file: PassphraseFile = None,
    encryption: Annotated[
        bool, typer.Option("--encryption", help="of attachments, not of seals / 附件加密密钥")
    ] = False,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Replace an organ's key pair; what was sealed by the old key and is under way still counts.

    `casebook` in the place of an organ: the key that the casebook is locked under.
    """
    if organ == CASEBOOK:
        if encryption or passphrase_file is not None:  # neither is of such a key
            raise UserError("command.usage", where=CASEBOOK)
        rotate_casebook(home, as_json=as_json)
        return
    whose = _whose(organ, home)
    if encryption:
        _tell(_new_opener(whose, passphrase_file, grace_hours), whose.login, as_json=as_json)
        note(
            "新私钥须先放到该机关连接器（总线：每个交换进程）的安装目录，再使规则生效；无须重启",
            "the new private key has to lie in the home of the organ's connector (of the bus: of"
            " each exchange) before the rules come into force; nothing need be restarted",
        )
        return
    load_signer(whose.home.key(whose.login), _passphrase(whose.home, passphrase_file))
    row = _made(whose, algorithm, passphrase_file, now(), timedelta(hours=grace_hours))
    _tell(row, whose.login, as_json=as_json)
    if whose.organ == BUS:
        note(
            "新的 keys.csv 发到各机关后，重启交换进程；旧密钥到期时它自行退出（75）",
            "restart the exchange once the agencies have the new keys.csv; it ends by itself (75)"
            " when the old key does",
        )
        return
    note(
        "请重启该机关的连接器：未发出的消息将以新密钥重新封签；旧密钥到期后它不再发送",
        "restart the organ's connector: what it has not sent is then sealed by the new key; once"
        " the old one has ended it sends nothing",
    )


def keys_revoke(
    kid: Annotated[str, typer.Argument(metavar="KID", help="fingerprint / 指纹")],
    compromised_since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="from then on nobody may believe it / 自该时刻起不可信",
        ),
    ] = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """End a key now; with --compromised-since also refuse what it sealed from then on."""
    place = open_installation(home).home
    rows = read_rows(place.rulebook / KEYS_CSV)
    found = next((row for row in rows if row["kid"] == kid), None)
    if found is None:
        raise UserError("key.unknown", where=kid, exit_code=NO)
    after = revoked(rows, kid, now(), compromised_since)
    write_rows(place, after)
    _tell(next(row for row in after if row["kid"] == kid), found["organ"], as_json=as_json)


def _whose(name: str, home: Path | None) -> _Whose:
    place = open_installation(home)
    if name == BUS_LOGIN:
        return _Whose(place.home, BUS, BUS_LOGIN)
    organ = place.organ(name)
    return _Whose(place.home, organ.code, organ.alias)


def _made(
    whose: _Whose,
    algorithm: Algorithm,
    passphrase_file: Path | None,
    at: datetime,
    grace: timedelta,
) -> Mapping[str, str]:
    passphrase = _passphrase(whose.home, passphrase_file)
    pem = new_private_key(algorithm, passphrase)
    row = row_of(whose.organ, signer_from_pem(pem.encode(), passphrase).jwk, at)
    write_rows(whose.home, rotated(read_rows(whose.home.rulebook / KEYS_CSV), row, at + grace))
    write_private(whose.home.key(whose.login), pem)
    return row


def _new_opener(whose: _Whose, passphrase_file: Path | None, grace_hours: int) -> Mapping[str, str]:
    """Replace the key that files are encrypted to; the one before stays, for what came by it."""
    at = now()
    key = replace_opener(whose.home, whose.login, _passphrase(whose.home, passphrase_file))
    row = row_of(whose.organ, key, at)
    ends = at + timedelta(hours=grace_hours)
    write_rows(whose.home, rotated(read_rows(whose.home.rulebook / KEYS_CSV), row, ends))
    return row


def _passphrase(home: Home, given: Path | None) -> bytes | None:
    return read_passphrase(given or home.settings().keys.passphrase_file)


def _tell(row: Mapping[str, str], whose: str, *, as_json: bool) -> None:
    if as_json:
        emit_json({**row, "valid_to": row["valid_to"] or None})
    else:
        since, until = _told(row["valid_from"]), _told(row["valid_to"])
        say(
            f"{whose}：{row['kid']}（{row['algorithm']}），{since} 至 {until}",
            f"{whose}: {row['kid']} ({row['algorithm']}), {since} to {until}",
        )
    note(
        "运行 yichuan rules activate --yes，使交换进程按此判断",
        "run yichuan rules activate --yes, so that the exchange judges by it",
    )


def _told(at: str) -> str:
    return clock_time(datetime.fromisoformat(at)) if at else "…"
