"""Whether any exchange of an installation still runs: one question, for whoever needs them stopped.

No sign alone tells of all of them, so each that there is gets asked:

    the lock of a worker's number in the home's `run`: on this host, whichever casebook it writes
    the lock beside a casebook in SQLite
    connections of workers to one in PostgreSQL: of every host
    members of the consumer group, where a casebook is shared: also one that lost its connection
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from connectors.bus.admin import connect
from connectors.bus.home import Home, Settings
from connectors.bus.logins import ADMIN
from schemas.errors import Unavailable, UserError
from services.casebook.store import is_shared, place_of
from services.casebook.writers import refuse_writers
from services.exchange.members import group_now, still_there
from services.exchange.workers import GROUP, no_worker

_CONNECT_SECONDS_MAX: Final = 6.0
_WITHOUT_MEMBER: Final = frozenset({ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD})


@contextmanager
def all_stopped(home: Home, settings: Settings) -> Iterator[None]:
    """Go on while no exchange runs; those of this host are kept from starting meanwhile.

    Raises UserError casebook.in_use, kafka.forbidden; Unavailable casebook.unavailable or
    casebook.migrating.
    """
    with no_worker(home, settings):
        refuse_writers(place_of(home))
        if is_shared(settings.casebook.url):
            _refuse_members(home, settings)
        yield


def _refuse_members(home: Home, settings: Settings) -> None:
    """Raise UserError casebook.in_use while an exchange is a member of the group.

    Not asked where nobody can answer: a bare machine has no login yet, and is restored while its
    broker is away. Such a broker gives no exchange anything to decide.
    """
    if not home.credentials_file(ADMIN).exists():
        return
    with suppress(Unavailable):
        _refuse_in(connect(settings, home.credentials(ADMIN), _CONNECT_SECONDS_MAX))


def _refuse_in(client: AdminClient) -> None:
    if still_there(lambda: group_now(client).state not in _WITHOUT_MEMBER):
        raise UserError("casebook.in_use", detail=GROUP, exit_code=3)
