"""`yichuan keys list`: whose public keys the rulebook in force lists, and since when."""

from datetime import datetime
from typing import Any, Final

from connectors.bus.home import home_at
from connectors.bus.key_rows import KEYS_CSV, read_rows
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
    """List the public keys, and of which the private half lies in this home."""
    from services.rulebook.load import load  # noqa: PLC0415 - heavy, and only this verb needs it

    place = home_at(home).checked()
    rows = read_rows(place.rulebook / KEYS_CSV)
    if not rows:
        raise UserError("keys.none", where=str(place.rulebook / KEYS_CSV), exit_code=3)
    logins = {
        str(organ.code): str(organ.alias)
        for organ in load(place.rulebook).directory.organs.values()
    }
    listed: list[dict[str, Any]] = [
        {
            "kid": row["kid"],
            "organ": row["organ"],
            "login": login,
            "algorithm": row["algorithm"],
            "valid_from": row["valid_from"],
            "valid_to": row["valid_to"] or None,
            "compromised_since": row.get("compromised_since") or None,
            "private_key_here": place.key(login).exists(),
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
    if isinstance(value, bool):
        return in_language("是", "yes") if value else in_language("否", "no")
    if value and column in _TIMES:
        return clock_time(datetime.fromisoformat(str(value)))
    return "" if value is None else str(value)
