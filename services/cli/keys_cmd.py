"""`yichuan keys list`: whose public keys the rulebook in force lists, and since when."""

from datetime import datetime
from typing import Any, Final

from connectors.bus.home import Home, home_at
from connectors.bus.key_rows import KEYS_CSV, read_rows
from connectors.bus.keys import BUS_LOGIN, load_signer, read_passphrase
from connectors.bus.openers import opener_kid, opener_paths
from schemas.errors import UserError
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, table
from services.cli.words import clock_time

COLUMNS = (
    "kid",
    "organ",
    "login",
    "algorithm",
    "valid_from",
    "valid_to",
    "compromised_since",
    "private_key_here",
)

_TIMES: Final = ("valid_from", "valid_to", "compromised_since")


def keys_list(home: HomeFolder = None, as_json: AsJson = False) -> None:
    """List the public keys, and of which the private half lies in this home.

    null: a private key of the organ lies here that will not open, so nobody can tell which it is.
    """
    from services.rulebook.load import load  # noqa: PLC0415 - heavy, and only this verb needs it

    place = home_at(home).checked()
    rows = read_rows(place.rulebook / KEYS_CSV)
    if not rows:
        raise UserError("keys.none", where=str(place.rulebook / KEYS_CSV), exit_code=3)
    logins = {
        str(organ.code): str(organ.alias)
        for organ in load(place.rulebook).directory.organs.values()
    }
    here = {login: _kids_here(place, login) for login in {BUS_LOGIN, *logins.values()}}
    listed: list[dict[str, Any]] = [
        {
            "kid": row["kid"],
            "organ": row["organ"],
            "login": login,
            "algorithm": row["algorithm"],
            "valid_from": row["valid_from"],
            "valid_to": row["valid_to"] or None,
            "compromised_since": row.get("compromised_since") or None,
            "private_key_here": _is_here(row["kid"], here.get(login, frozenset())),
        }
        for row in rows
        for login in (logins.get(row["organ"], row["organ"].lower()),)
    ]
    if as_json:
        for entry in listed:
            emit_json(entry)
        return
    heads = (in_language(zh, en) for zh, en in _HEADS)
    table(tuple(heads), ([_cell(column, entry[column]) for column in COLUMNS] for entry in listed))


def _kids_here(home: Home, login: str) -> frozenset[str | None]:
    """Return the fingerprints of a login's private keys that lie here; None: one will not open."""
    passphrase_file = home.settings().keys.passphrase_file
    found: set[str | None] = set()
    for path in (home.key(login), *opener_paths(home, login)):
        if not path.exists():
            continue
        try:
            passphrase = read_passphrase(passphrase_file)
            is_seal = path == home.key(login)
            kid = load_signer(path, passphrase).kid if is_seal else opener_kid(path, passphrase)
        except UserError:
            found.add(None)
        else:
            found.add(kid)
    return frozenset(found)


def _is_here(kid: str, here: frozenset[str | None]) -> bool | None:
    """Whether a key is among them; None: it may be the one that will not open."""
    return True if kid in here else None if None in here else False


_HEADS = (
    ("指纹 kid", "kid"),
    ("机关代码", "organ"),
    ("简称", "login"),
    ("算法", "algorithm"),
    ("有效自", "valid from"),
    ("有效至", "valid to"),
    ("不可信自", "compromised since"),
    ("私钥在本机", "private key here"),
)


def _cell(column: str, value: object) -> str:
    if value is None and column == "private_key_here":
        return in_language("有一把打不开", "one will not open")
    if isinstance(value, bool):
        return in_language("是", "yes") if value else in_language("否", "no")
    if value and column in _TIMES:
        return clock_time(datetime.fromisoformat(str(value)))
    return "" if value is None else str(value)
