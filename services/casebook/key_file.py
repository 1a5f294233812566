"""The exchange's own key as a file that only its owner reads: 32 bytes, base64.

It lies beside the casebook, not in it: a copy of the database alone opens nothing. Exchanges that
share a casebook share the file.

The casebook notes the id of the key that it is locked under, and that note alone says which is in
force. Once it was rotated (rotation.py) every key lies in a file of its own id, too, beside the one
that has always had this name: for backups of before, and so that no moment of a rotation leaves a
casebook without its key.
"""

import base64
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select, update

from connectors.bus.private import write_private
from schemas.errors import UserError
from services.casebook.lockbox import KEY_BYTES, WrappingKey
from services.casebook.tables import SETTINGS

NOTED: Final = "key"  # the row of `settings` with the key's id


def own_key(connection: Connection, path: Path) -> WrappingKey:
    """Return the key of this casebook; made and noted when it has none yet.

    Where a rotation was cut off, or a casebook of another key was put back, the file gets the key
    that is in force. Raises UserError casebook.key_missing, casebook.key_wrong: with another key
    nothing would open.
    """
    key = noted_key(connection, path)
    if key is None:
        key = read_key(path) or made_key(path)
        connection.execute(SETTINGS.insert().values(key=NOTED, value=key.id))
        return _with_others(key, path)
    if read_key(path) != key:
        put_in_force(path, key)
    return key


def noted_key(connection: Connection, path: Path, *more: Path) -> WrappingKey | None:
    """Return the key that the casebook notes as its own; None when it has none yet. Only looks.

    `more`: key files of other folders in which it may lie by its id. Raises UserError
    casebook.key_missing, casebook.key_wrong.
    """
    query = select(SETTINGS.c.value).where(SETTINGS.c.key == NOTED)
    noted = connection.execute(query).scalar_one_or_none()
    if noted is None:
        return None
    first = read_key(path)
    by_id = (read_key(kept_at(each, noted)) for each in (path, *more))
    for key in (first, *by_id):
        if key is not None and key.id == noted:
            return _with_others(key, path)
    if first is None:
        raise UserError("casebook.key_missing", where=str(path), detail=noted, exit_code=3)
    detail = f"{first.id}, not {noted}"
    raise UserError("casebook.key_wrong", where=str(path), detail=detail, exit_code=3)


def key_in_force(connection: Connection, path: Path) -> WrappingKey | None:
    """Return the key for looking into a casebook; None where there is none.

    Another's opens nothing, which whoever needs it is told then. Raises UserError
    casebook.key_wrong for a file that holds no key, file.unreadable.
    """
    with suppress(UserError):
        found = noted_key(connection, path)
        if found is not None:
            return found
    return read_key(path)


def note_key(connection: Connection, key: WrappingKey) -> None:
    """Note that from this transaction on the casebook is locked under this key."""
    where = SETTINGS.c.key == NOTED
    connection.execute(update(SETTINGS).where(where).values(value=key.id))


def read_key(path: Path) -> WrappingKey | None:
    """Return the key; None when there is no such file.

    Raises UserError casebook.key_wrong, file.unreadable.
    """
    try:
        secret = base64.b64decode(path.read_bytes().strip(), validate=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError("file.unreadable", str(path), error.strerror, exit_code=3) from None
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise UserError("casebook.key_wrong", where=str(path), exit_code=3)
    return WrappingKey(secret)


def made_key(path: Path) -> WrappingKey:
    """Make the key and return it: for a casebook that has none yet."""
    key = WrappingKey(os.urandom(KEY_BYTES))
    _write(path, key)
    return key


def kept_at(path: Path, key_id: str) -> Path:
    """Return the file in which a key lies by its id."""
    return path.with_name(f"{path.stem}.{key_id}{path.suffix}")


def keep_key(path: Path, key: WrappingKey) -> None:
    """Write a key to the file of its id, and flush it."""
    _write(kept_at(path, key.id), key)


def put_in_force(path: Path, key: WrappingKey) -> None:
    """Put a key into the file of the one in force. Whatever lies there is kept by its id first."""
    before = read_key(path)
    if before is not None:
        keep_key(path, before)
    keep_key(path, key)
    _write(path, key)


def _with_others(key: WrappingKey, path: Path) -> WrappingKey:
    others = (each for each in _beside(path) if each != key)
    return WrappingKey(key.secret, tuple(others))


def _beside(path: Path) -> Iterator[WrappingKey]:
    for each in (path, *sorted(path.parent.glob(kept_at(path, "*").name))):
        found = read_key(each)
        if found is not None:
            yield found


def _write(path: Path, key: WrappingKey) -> None:
    write_private(path, base64.b64encode(key.secret).decode() + "\n")
