"""What passes by itself: a lock, a deadlock, a race that was lost, a database that is away.

Nothing of a failed transaction exists, and what a commit of unknown fate did is seen at the row of
progress: to run one again from its beginning is always safe.
"""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from schemas.errors import Unavailable
from services.casebook.away import why_away

ATTEMPTS_MAX: Final = 10
_WAIT_SECONDS_MAX: Final = 5.0  # before one attempt; some 20 in all, and a lock's 5 at each
# SQLSTATEs that a driver does not call operational: idle in transaction too long; a standby, until
# the cluster has a new primary; a transaction that such an error broke.
_PASSING: Final = frozenset({"25P03", "25006", "25P02"})
# Another worker has just written the row that this transaction did not find.
_RACE_LOST: Final = "23505"

_P = ParamSpec("_P")
_T = TypeVar("_T")


def patiently(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run one whole transaction, again while its failure passes by itself.

    Raises Unavailable casebook.unavailable when it does not pass within the limit.
    """
    retrying = Retrying(
        retry=retry_if_exception(passes),
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=wait_exponential(multiplier=0.1, max=_WAIT_SECONDS_MAX),
        reraise=True,
    )
    try:
        return retrying(work, *args, **kwargs)
    except (DBAPIError, NoConnection) as error:
        if not passes(error):
            raise
        raise Unavailable("casebook.unavailable", detail=why_away(error)) from error


def passes(error: BaseException) -> bool:
    """Whether the same work may succeed when it is tried again."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, NoConnection)
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    return state in _PASSING or (isinstance(error, IntegrityError) and state == _RACE_LOST)
