"""A TOML file of the home: its table, or what is wrong with the file; and a line of one."""

import json
import tomllib
from pathlib import Path
from typing import Any

from schemas.errors import UserError


def toml_table(path: Path) -> dict[str, Any]:
    """Read a TOML file, with a BOM or without.

    Raises UserError home.config_invalid, host.refuses; as they are FileNotFoundError,
    NotADirectoryError and TOMLDecodeError, of which the caller knows more.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise config_invalid(path, "not UTF-8") from None
    except (FileNotFoundError, NotADirectoryError):
        raise
    except PermissionError as error:
        raise not_ours(path, error) from None
    except OSError as error:
        raise config_invalid(path, error.strerror or type(error).__name__) from None


def toml_line(key: str, value: str) -> str:
    """Return `key = "value"`, quoted as TOML wants it, without a line's end."""
    quoted = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{key} = {quoted}"


def not_ours(path: Path, error: PermissionError) -> UserError:
    """Return the error that says that a file is there and this account may not read it."""
    return UserError("host.refuses", str(path), error.strerror, exit_code=3)


def config_invalid(path: Path, why: str) -> UserError:
    """Return the error that says why a file of the home cannot be used."""
    return UserError("home.config_invalid", where=str(path), detail=why)
