"""What passes by itself is tried again within a limit; what does not is raised as it is."""

from collections.abc import Callable

import psycopg.errors
import pytest
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoConnection

from schemas.errors import Unavailable
from services.casebook.retry import ATTEMPTS_MAX, passes, patiently


def wrapped(kind: type[DBAPIError], error: Exception, *, lost: bool = False) -> DBAPIError:
    """What SQLAlchemy makes of a driver's error."""
    return kind("COMMIT", {}, error, connection_invalidated=lost)


PASSING = [
    wrapped(OperationalError, psycopg.errors.DeadlockDetected()),
    wrapped(OperationalError, psycopg.errors.SerializationFailure()),
    wrapped(OperationalError, psycopg.errors.LockNotAvailable()),
    wrapped(OperationalError, psycopg.errors.QueryCanceled()),
    wrapped(OperationalError, psycopg.errors.AdminShutdown()),
    wrapped(InternalError, psycopg.errors.IdleInTransactionSessionTimeout()),
    wrapped(InternalError, psycopg.errors.ReadOnlySqlTransaction()),
    wrapped(DBAPIError, psycopg.Error(), lost=True),
    wrapped(IntegrityError, psycopg.errors.UniqueViolation()),
    NoConnection(),
]
LASTING = [
    wrapped(DataError, psycopg.DataError("NUL")),
    wrapped(DataError, psycopg.errors.StringDataRightTruncation()),
    wrapped(IntegrityError, psycopg.errors.NotNullViolation()),
    wrapped(ProgrammingError, psycopg.errors.UndefinedTable()),
    wrapped(ProgrammingError, psycopg.errors.InsufficientPrivilege()),
    wrapped(InternalError, psycopg.InternalError()),
    UnicodeError(),
]


def failing(times: int, error: Exception) -> Callable[[], str]:
    """Work that fails so many times before it is done."""
    left = [times]

    def work() -> str:
        if left[0]:
            left[0] -= 1
            raise error
        return f"{left[0]} left"

    return work


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it waited, without the waiting."""
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    return waited


@pytest.mark.parametrize("error", PASSING, ids=lambda e: type(getattr(e, "orig", e)).__name__)
def test_what_passes_is_tried_again(error: Exception, waits: list[float]) -> None:
    assert passes(error)
    assert patiently(failing(ATTEMPTS_MAX - 1, error)) == "0 left"
    assert len(waits) == ATTEMPTS_MAX - 1
    assert 15 < sum(waits) < 30  # seconds: a standby takes over meanwhile


@pytest.mark.parametrize("error", PASSING, ids=lambda e: type(getattr(e, "orig", e)).__name__)
def test_what_does_not_pass_in_time_is_unavailable_and_tells_no_text(error: Exception) -> None:
    with pytest.raises(Unavailable) as raised:
        patiently(failing(ATTEMPTS_MAX, error))
    assert raised.value.code == "casebook.unavailable"
    zh, en = (raised.value.detail or "").split(" | ")
    assert zh
    assert en
    assert type(getattr(error, "orig", error)).__name__ not in en  # no class of Python's


@pytest.mark.parametrize("error", LASTING, ids=lambda e: type(getattr(e, "orig", e)).__name__)
def test_what_lasts_is_raised_at_once(error: Exception, waits: list[float]) -> None:
    assert not passes(error)
    with pytest.raises(type(error)):
        patiently(failing(1, error))
    assert waits == []
