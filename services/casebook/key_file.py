"""The exchange's own key as a file that only its owner reads: 32 bytes, base64.

It lies beside the casebook, not in it: a copy of the database alone opens nothing. Exchanges that
share a casebook share the file.
"""

import base64
import os
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from connectors.bus.private import write_private
from schemas.errors import UserError
from services.casebook.lockbox import KEY_BYTES, WrappingKey
from services.casebook.tables import SETTINGS

_NOTED: Final = "key"  # the row of `settings` with the key's id


def own_key(connection: Connection, path: Path) -> WrappingKey:
    """Return the key of this casebook; made and noted when it has none yet.

    Raises UserError casebook.key_missing, casebook.key_wrong: with another key nothing would open.
    """
    key = noted_key(connection, path)
    if key is None:
        key = read_key(path) or made_key(path)
        connection.execute(SETTINGS.insert().values(key=_NOTED, value=key.id))
    return key


def noted_key(connection: Connection, path: Path) -> WrappingKey | None:
    """Return the key that the casebook notes as its own; None when it has none yet. Only looks.

    Raises UserError casebook.key_missing, casebook.key_wrong.
    """
    query = select(SETTINGS.c.value).where(SETTINGS.c.key == _NOTED)
    noted = connection.execute(query).scalar_one_or_none()
    if noted is None:
        return None
    key = read_key(path)
    if key is None:
        raise UserError("casebook.key_missing", where=str(path), detail=noted, exit_code=3)
    if key.id != noted:
        detail = f"{key.id}, not {noted}"
        raise UserError("casebook.key_wrong", where=str(path), detail=detail, exit_code=3)
    return key


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
    secret = os.urandom(KEY_BYTES)
    write_private(path, base64.b64encode(secret).decode() + "\n")
    return WrappingKey(secret)
