"""`python -m services.exchange --home H [--worker N]`."""

import argparse
import sys
from pathlib import Path

from connectors.bus.exits import in_words, status_of
from connectors.bus.home import home_at
from schemas.errors import YichuanError
from services.exchange.app import run


def main() -> None:
    """Run one exchange; why it cannot start is told in words and, for a supervisor, by status."""
    parser = argparse.ArgumentParser(prog="python -m services.exchange")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--worker", type=int, default=0)
    options = parser.parse_args()
    try:
        run(home_at(options.home).checked(), options.worker)
    except YichuanError as error:
        sys.stderr.write(in_words(error))
        sys.exit(status_of(error))


if __name__ == "__main__":
    main()
