"""`python -m deploy.local`: bring every locked file into the cache, and check all of them.

What `up` does first, by itself: for a machine that has no network later, and for the tests, which
may talk to nobody but 127.0.0.1.
"""

import sys

from connectors.bus.home import cache_dir
from deploy.local.artifacts import locked
from deploy.local.fetch import fetch
from deploy.local.wording import say
from schemas.errors import UserError, text


def main() -> int:
    """Fetch what is missing; what went wrong is told with its code. Return the exit code."""
    try:
        fetch(locked().artifacts, cache_dir(), _told)
    except UserError as error:
        words = text(error.code)
        remedy = say(f"{words.zh}：{words.remedy_zh}", f"{words.en}: {words.remedy_en}")
        print(error, remedy, sep="\n", file=sys.stderr)  # noqa: T201 - a command reports
        return error.exit_code
    return 0


def _told(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command reports


if __name__ == "__main__":
    sys.exit(main())
