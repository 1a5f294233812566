"""`yichuan exchange run`: the exchange, in the foreground."""

from typing import Annotated

import typer

from connectors.bus.home import home_at
from services.cli.options import HomeFolder
from services.exchange.app import run


def exchange_run(
    worker: Annotated[
        int, typer.Option(min=0, help="number of this worker, kept over restarts / 编号")
    ] = 0,
    home: HomeFolder = None,
) -> None:
    """Run one exchange until it is told to stop."""
    run(home_at(home).checked(), worker)
