"""`python -m services.exchange --home H [--worker N]`."""

import argparse
import sys
from pathlib import Path

from connectors.bus.home import home_at
from schemas.errors import YichuanError, text
from services.exchange.app import run


def main() -> None:
    """Run one exchange; a start that cannot be is told in words, with exit status 3."""
    parser = argparse.ArgumentParser(prog="python -m services.exchange")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--worker", type=int, default=0)
    options = parser.parse_args()
    try:
        run(home_at(options.home).checked(), options.worker)
    except YichuanError as error:
        words = text(error.code)
        sys.stderr.write(f"{error}\n{words.zh}。{words.remedy_zh}\n{words.en}: {words.remedy_en}\n")
        sys.exit(3)


if __name__ == "__main__":
    main()
