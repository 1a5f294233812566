"""`keys.csv`: the organs' public keys, one in a row, which is part of the rulebook's copy.

A row stays once it is there, so that a seal made under an older key still verifies.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.bus.home import Home
from connectors.bus.private import write_private
from schemas.errors import UserError
from schemas.ids import BUS, OrganCode
from schemas.jwk import X25519, Jwk
from schemas.jws import KEY_COLUMNS

KEYS_CSV: Final = "keys.csv"

Row = Mapping[str, str]


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read keys.csv; none when there is no such file. Raises UserError file.unreadable.

    An editor may have put a byte order mark before it; a row that was cut off, or has more fields
    than there are columns, is none.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            found = frozenset(reader.fieldnames or KEY_COLUMNS)
            wrong = sorted((frozenset(KEY_COLUMNS[:-1]) - found) | (found - frozenset(KEY_COLUMNS)))
            if wrong:  # the last one is of a later release
                raise unreadable(path, f"1: {wrong[0]}")
            return tuple(_whole(row, path, reader.line_num) for row in reader)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise unreadable(path, error.strerror) from None
    except UnicodeDecodeError:
        raise unreadable(path, "not UTF-8") from None
    except csv.Error as error:
        raise unreadable(path, str(error)) from None


def unreadable(path: Path, why: str | None) -> UserError:
    """Return the error that names a file that cannot be read, and why."""
    return UserError("file.unreadable", str(path), why, exit_code=3)


def as_csv(rows: Iterable[Row]) -> str:
    """Return keys.csv's text: the same rows always give the same bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, KEY_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["organ"], row["valid_from"], row["kid"])))
    return text.getvalue()


def write_rows(home: Home, rows: Iterable[Row]) -> None:
    """Write keys.csv of the rulebook's copy."""
    write_private(home.rulebook / KEYS_CSV, as_csv(rows))


def row_of(organ: OrganCode, key: Jwk, now: datetime) -> Row:
    """Return the row of a key that is good from now on."""
    return {
        "kid": key.kid,
        "organ": organ,
        "algorithm": key.algorithm,
        "x": key.x,
        "y": key.y,
        # Whole seconds, rounded down: a seal made in this very second is within the validity.
        "valid_from": now.replace(microsecond=0).isoformat(),
        "valid_to": "",
        "compromised_since": "",
    }


def overlaid(found: Iterable[Row], listed: Iterable[Row]) -> dict[str, Row]:
    """Return the rows by kid, those listed winning; but what was compromised stays so."""
    rows = {row["kid"]: row for row in found}
    for row in listed:
        since = rows.get(row["kid"], {}).get("compromised_since") or ""
        is_silent = bool(since) and not row.get("compromised_since")
        rows[row["kid"]] = {**row, "compromised_since": since} if is_silent else row
    return rows


def kept_elsewhere(
    rows: Iterable[Row], organ: OrganCode, now: datetime, *, for_files: bool = False
) -> bool:
    """Whether an organ, not the bus, has a good key among the rows: to seal, or for files."""
    return organ != BUS and any(
        row["organ"] == organ
        and (row["algorithm"] == X25519) is for_files
        and not row.get("compromised_since")
        and not (row.get("valid_to") and datetime.fromisoformat(row["valid_to"]) <= now)
        for row in rows
    )


def rotated(rows: Iterable[Row], new: Row, ends: datetime) -> tuple[Row, ...]:
    """Return the rows with a new key of an organ; its others end at `ends`, or when they did.

    Keys that seal and keys that files are encrypted to follow each other apart.
    """
    return (*(_ended(row, ends) if _is_followed(row, new) else row for row in rows), new)


def revoked(
    rows: Iterable[Row], kid: str, ends: datetime, compromised_since: datetime | None
) -> tuple[Row, ...]:
    """Return the rows with a key ended, and from when on it is not to be believed, if ever."""
    since = {} if compromised_since is None else {"compromised_since": _second(compromised_since)}
    return tuple({**_ended(row, ends), **since} if row["kid"] == kid else row for row in rows)


def _whole(row: dict[str, str], path: Path, line: int) -> Row:
    if not all(isinstance(each, str) for pair in row.items() for each in pair):
        raise unreadable(path, f"{line}: columns")
    return row


def _is_followed(row: Row, new: Row) -> bool:
    same_use = (row["algorithm"] == X25519) == (new["algorithm"] == X25519)
    return same_use and row["organ"] == new["organ"] and row["kid"] != new["kid"]


def _ended(row: Row, ends: datetime) -> Row:
    before = row["valid_to"]
    is_earlier = bool(before) and datetime.fromisoformat(before) <= ends
    return row if is_earlier else {**row, "valid_to": _second(ends)}


def _second(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()
