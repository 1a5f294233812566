"""Builds of the exchange and of a folder connector that crash with a message in the exception.

python -m tests.prove.planted_crash exchange --home HOME --number 文号 --end 文号
python -m tests.prove.planted_crash connector CONFIG --home HOME

The exchange's `decide` raises at the first 文号, its whole batch, so the process, at the second; a
connector's delivery raises at every message. What they raise tells all of what was in hand.
"""

import argparse
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from connectors.bus.home import Home
from connectors.bus.process import log_to_stderr
from connectors.bus.system import Arrival
from connectors.folder.app import run_file
from schemas.messages import Message
from services.casework.case import Case
from services.casework.decide import decide
from services.casework.effects import Decision
from services.casework.steps import Facts
from services.exchange.app import run
from services.exchange.batch import run_batch
from services.rulebook.model import Rulebook

LOG = logging.getLogger("prove")


def main() -> None:
    """Run one of them until it crashes."""
    parser = argparse.ArgumentParser()
    kinds = parser.add_subparsers(dest="kind", required=True)
    exchange, connector = kinds.add_parser("exchange"), kinds.add_parser("connector")
    for each in (exchange, connector):
        each.add_argument("--home", type=Path, required=True)
    exchange.add_argument("--number", required=True)
    exchange.add_argument("--end", required=True)
    connector.add_argument("config", type=Path)
    options = parser.parse_args()
    if options.kind == "exchange":
        _exchange(Home(options.home), options.number, options.end)
    else:
        _connector(options.config, Home(options.home))


def _exchange(home: Home, number: str, end: str) -> None:
    def raising(
        case: Case | None, message: Message, facts: Facts, rulebook: Rulebook, at: datetime
    ) -> Decision:
        if message.envelope.document_number == number:
            raise KeyError(repr(message))
        return decide(case, message, facts, rulebook, at)

    def ending(casebook: Any, shelf: Any, intakes: Sequence[Any], *more: Any) -> Any:
        if any(end in repr(intake) for intake in intakes):
            LOG.error("in hand: %r", ValueError(repr(intakes)), exc_info=ValueError(repr(intakes)))
            raise ValueError(repr(intakes))
        return run_batch(casebook, shelf, intakes, *more)

    with (
        patch("services.exchange.clerk.decide", raising),
        patch("services.exchange.shell.run_batch", ending),
    ):
        run(home, 0)


def _connector(config: Path, home: Home) -> None:
    def deliver(_self: Any, arrivals: Sequence[Arrival]) -> Any:
        raise KeyError(repr(arrivals))

    log_to_stderr()
    with patch("connectors.folder.app.Folder.deliver", deliver):
        run_file(config, home)


if __name__ == "__main__":
    main()
