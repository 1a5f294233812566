"""The test build of `decide_raises`: the real exchange, whose `decide` raises at one 文号.

python -m tests.prove.planted_exchange --home HOME --number 文号 [--worker N]
"""

import argparse
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from connectors.bus.home import Home
from schemas.messages import Message
from services.casework.case import Case
from services.casework.decide import decide
from services.casework.effects import Decision
from services.casework.steps import Facts
from services.exchange.app import run
from services.rulebook.model import Rulebook


def main() -> None:
    """Run it until it is told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--number", required=True)
    parser.add_argument("--worker", type=int, default=0)
    options = parser.parse_args()

    def planted(
        case: Case | None, message: Message, facts: Facts, rulebook: Rulebook, at: datetime
    ) -> Decision:
        if message.envelope.document_number == options.number:
            raise ZeroDivisionError  # any exception: a defect of the rules
        return decide(case, message, facts, rulebook, at)

    with patch("services.exchange.clerk.decide", planted):
        run(Home(options.home), options.worker)


if __name__ == "__main__":
    main()
