"""Settings as read: yichuan.toml, the ports of what runs, over both the environment."""

import os
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from connectors.bus.key_faults import first_fault
from connectors.bus.toml_table import config_invalid, toml_table
from schemas.errors import UserError

_PREFIX: Final = "YICHUAN_"
_BETWEEN: Final = "__"  # section and key
_AN_AGENCYS: Final = "_DATABASE_URL"  # YICHUAN_<ALIAS>_DATABASE_URL: connectors/database/app.py
SETTINGS_CONFIG: Final = SettingsConfigDict(
    env_prefix=_PREFIX, env_nested_delimiter=_BETWEEN, extra="forbid", frozen=True
)
Read = TypeVar("Read", bound=BaseSettings)


def read_settings(model: type[Read], config: Path, ports: Path) -> Read:
    """Return the settings of a home.

    Raises UserError home.config_invalid, with the file or the variable at fault and the key;
    home.missing.
    """
    try:
        table = toml_table(config)
    except FileNotFoundError:
        table = {}
    except NotADirectoryError:
        raise UserError("home.missing", str(config.parent), "not a folder", exit_code=3) from None
    except tomllib.TOMLDecodeError as error:
        raise config_invalid(config, str(error)) from None
    variables = [name for name in os.environ if name.upper().startswith(_PREFIX)]
    _check_names(variables, model.model_fields)
    running = {}
    with suppress(FileNotFoundError):  # no local stack runs
        running = {"ports": {"base": _port_of(ports)}}

    class _FromHome(model):  # type: ignore[misc, valid-type]  # the class is an argument
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del init_settings, dotenv_settings, file_secret_settings
            own = (InitSettingsSource(settings_cls, each) for each in (table, running))
            return env_settings, *own

    try:
        found: Read = _FromHome()
    except SettingsError:  # a whole section in a variable, which is no JSON
        whole = {_PREFIX + section.upper() for section in model.model_fields}
        where = next(name for name in variables if name.upper() in whole)
        raise _misnamed(where, f"{where.upper()}{_BETWEEN}…") from None
    except ValidationError as error:
        key, why = first_fault(error)
        by = (_PREFIX + _BETWEEN.join(key), _PREFIX + key[0])
        variable = [name for name in variables if name.upper() in {each.upper() for each in by}]
        where = variable[0] if variable else f"{config} {'.'.join(key)}"
        raise UserError("home.config_invalid", where=where, detail=why) from None
    return found


def _check_names(variables: Iterable[str], sections: Iterable[str]) -> None:
    """Refuse a variable that is meant to set a key and sets none: it would be passed over."""
    for name in variables:
        rest = name.upper().removeprefix(_PREFIX)
        section, between, _ = rest.partition(_BETWEEN)
        if between and section.lower() not in sections:
            raise UserError(
                "home.config_invalid", name, f"没有 {section} 这一节 | no section {section}"
            )
        for known in sections:
            key = rest.removeprefix(f"{known.upper()}_")
            if not between and key != rest and not rest.endswith(_AN_AGENCYS):
                raise _misnamed(name, f"{_PREFIX}{known.upper()}{_BETWEEN}{key}")


def _misnamed(variable: str, right: str) -> UserError:
    return UserError("home.config_invalid", variable, f"应写作 {right} | must be named {right}")


def _port_of(ports: Path) -> int:
    """Return the base that `up` has noted. As they are FileNotFoundError, PermissionError."""
    try:
        return int(ports.read_text(encoding="ascii"))
    except (ValueError, IsADirectoryError, NotADirectoryError):
        why = "不是端口号：删去它，再运行 yichuan up | no port: remove it, then yichuan up"
        raise config_invalid(ports, why) from None
