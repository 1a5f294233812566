"""`yichuan connector doctor CONFIG`: is an agency's home fit for its connector.

The agency's counterpart of `yichuan doctor`, which looks at the bus: it asks for nothing that only
the county has. Exit 0: no error was found; 1: one was; 3: there was nothing to look at.
"""

import shutil
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.bus.agency import ConnectorConfig, kind_of, load_agency, read_config
from connectors.bus.clock import now
from connectors.bus.home import Home, home_at
from connectors.database.app import DatabaseConfig
from connectors.folder.app import FolderConfig
from schemas.errors import UserError, YichuanError
from services.cli.doctor_agency import judge_agency, look_at_modes, look_at_surplus
from services.cli.doctor_ends import ask_bus, look_at_page, look_at_system
from services.cli.doctor_finding import Symptom, gravest_first, of_error
from services.cli.doctor_host import Disk, judge_disks
from services.cli.doctor_print import tell
from services.cli.doctor_store import look_at_store
from services.cli.doctor_tls import ask_brokers_certificates
from services.cli.options import AsJson, HomeFolder
from services.cli.output import note

_MODELS: Final[dict[str, type[ConnectorConfig]]] = {
    "folder": FolderConfig,
    "database": DatabaseConfig,
}


def doctor(
    config: Annotated[
        Path, typer.Argument(help="connector.toml / 连接器的配置文件", show_default=False)
    ],
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> int:
    """Look at all that one connector rests on; say what is wrong, and the cure."""
    try:
        chosen = _read(config)
        place = home_at(home) if home or chosen.home is None else Home(chosen.home)
        place.there().settings()
    except UserError as error:
        raise UserError(error.code, error.where, error.detail, exit_code=3) from None
    note("正在检查……", "looking …")
    return tell(examine(chosen, place, config.resolve()), as_json=as_json)


def examine(config: ConnectorConfig, home: Home, path: Path) -> tuple[Symptom, ...]:
    """Return every finding, the gravest first. `path`: where the configuration lies."""
    at = now()
    found = [
        *look_at_modes(home, config, path),
        *look_at_surplus(home, config.organ),
        *look_at_store(home),
        *look_at_system(config, path.parent),
        *look_at_page(config),
        *judge_disks([Disk(str(home.path), shutil.disk_usage(home.path).free)]),
    ]
    try:
        agency = load_agency(config, home)
    except YichuanError as error:
        return gravest_first([*found, of_error(error)])
    found += judge_agency(agency, home, at)
    found += ask_brokers_certificates(agency.settings, at)
    return gravest_first([*found, *ask_bus(agency, at)])


def _read(path: Path) -> ConnectorConfig:
    model = _MODELS.get(kind_of(path))
    if model is None:
        detail = f"kind: {' | '.join(_MODELS)}"
        raise UserError("connector.config_invalid", where=str(path), detail=detail)
    return read_config(path, model)
