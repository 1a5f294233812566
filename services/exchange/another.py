"""Whether another casebook decides beside ours: two homes on one cluster, each with its own.

They would share the group: each is given what the other was deciding, and knows half of the
county's cases. Message ids keep anything from being sent twice, so nobody would see it. So every
exchange names its casebook's mark as its client id, which the broker tells of each member.
"""

import time
from collections.abc import Sequence
from typing import Final

from confluent_kafka.admin import AdminClient

from connectors.bus.admin import connect
from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from connectors.bus.layout import EXCHANGE
from connectors.bus.librdkafka import asked_until_led
from schemas.errors import UserError
from services.casebook.retry import patiently
from services.casebook.store import Casebook, place_of
from services.casebook.which import made_mark
from services.exchange.workers import GROUP, SESSION_SECONDS

_PREFIX: Final = "yichuan-casebook-"
_LIMIT: Final = {"request_timeout": 20.0}  # seconds
# An ended one counts as a member until then: ours, of before a restore, or another's that is over.
_LEAVING_SECONDS_MAX: Final = SESSION_SECONDS + 2.0
_PAUSE_SECONDS: Final = 0.5


def client_id_of(mark: str) -> str:
    """Return the client id of an exchange whose casebook has this mark."""
    return f"{_PREFIX}{mark}"


def refuse_another(home: Home, settings: Settings, casebook: Casebook) -> str:
    """Return the casebook's mark, while no exchange of another is a member of the group.

    Raises UserError casebook.another, kafka.forbidden; Unavailable kafka.unreachable,
    casebook.unavailable.
    """
    place = place_of(home)

    def made(book: Casebook) -> str:
        with book.engine.begin() as connection:
            return made_mark(connection, place)

    mark = patiently(made, casebook)
    client = connect(settings, home.credentials(EXCHANGE))
    deadline = monotonic() + _LEAVING_SECONDS_MAX
    while others := others_in(client, mark):
        if monotonic() >= deadline:
            raise UserError("casebook.another", GROUP, ", ".join(others), exit_code=3)
        time.sleep(_PAUSE_SECONDS)
    return mark


def others_in(client: AdminClient, mark: str | None) -> Sequence[str]:
    """Return the addresses from which exchanges with another casebook are in the group.

    `mark`: ours; None: there is none here, so two of those in the group are each other's others.
    One of a release that names none is not told from ours. Raises YichuanError.
    """

    def members() -> list[tuple[str, str]]:
        answers = client.describe_consumer_groups([GROUP], **_LIMIT)
        found = answers[GROUP].result().members
        return sorted((str(each.client_id), str(each.host).lstrip("/")) for each in found)

    marked = [each for each in asked_until_led(members, GROUP) if each[0].startswith(_PREFIX)]
    if mark is None:
        return [host for _, host in marked] if len({name for name, _ in marked}) > 1 else []
    return [host for name, host in marked if name != client_id_of(mark)]
