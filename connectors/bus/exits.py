"""With which status a process ends, for its supervisor."""

from typing import Final

EXIT_BROKEN: Final = 70  # EX_SOFTWARE: do not start again without looking
EXIT_UNAVAILABLE: Final = 75  # EX_TEMPFAIL: start again later
