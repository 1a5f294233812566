"""`yichuan connector run CONFIG`: one connector, until it is told to stop."""

from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.bus.agency import kind_of
from connectors.bus.home import home_at
from connectors.bus.process import log_to_stderr
from connectors.database.app import run_file as run_database
from connectors.folder.app import run_file as run_folder
from schemas.errors import UserError
from services.cli.options import HomeFolder

KINDS: Final = {"folder": run_folder, "database": run_database}


def run(
    config: Annotated[
        Path, typer.Argument(help="connector.toml / 连接器的配置文件", show_default=False)
    ],
    home: HomeFolder = None,
) -> None:
    """Run the connector that the configuration file describes."""
    run_file = KINDS.get(kind_of(config))
    if run_file is None:
        raise UserError(
            "connector.config_invalid", where=str(config), detail=f"kind: {' | '.join(KINDS)}"
        )
    log_to_stderr()
    run_file(config, home_at(home) if home else None)
