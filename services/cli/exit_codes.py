"""How a command ends: 0 it worked, and what else its exit code may say."""

from typing import Final

from connectors.bus.exits import status_of
from schemas.errors import Malformed, UserError, YichuanError

NO: Final = 1  # the answer is no
WRONG_USE: Final = 2
NOT_TRIED: Final = 3  # it could not be tried: nothing answers, or something of ours is broken


def code_of(error: YichuanError, *, is_supervised: bool) -> int:
    """Return the exit code that an error ends a command with.

    `is_supervised`: of a process that runs for long, whose supervisor has to know whether to start
    it again later (connectors/bus/exits.py).
    """
    if is_supervised:
        return status_of(error)
    match error:
        case UserError():
            return error.exit_code
        case Malformed():
            return NO
        case _:
            return NOT_TRIED
