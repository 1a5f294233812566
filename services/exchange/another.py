"""Whether another casebook decides beside ours: two homes on one cluster, each with its own.

They would share the group: each is given what the other was deciding, and knows half of the
county's cases. Message ids keep anything from being sent twice, so nobody would see it. So every
exchange names its casebook's mark as its client id, which the broker tells of each member.
"""

from collections.abc import Sequence
from typing import Final

from confluent_kafka.admin import AdminClient

from connectors.bus.admin import connect
from connectors.bus.home import Home, Settings
from connectors.bus.layout import EXCHANGE
from schemas.errors import UserError
from services.casebook.retry import patiently
from services.casebook.store import Casebook, place_of
from services.casebook.which import made_mark
from services.exchange.members import group_now, still_there
from services.exchange.workers import GROUP

_PREFIX: Final = "yichuan-casebook-"


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
    # Ours of before a restore, or another's that is over, leaves.
    if others := still_there(lambda: others_in(client, mark)):
        raise UserError("casebook.another", GROUP, ", ".join(others), exit_code=3)
    return mark


def others_in(client: AdminClient, mark: str | None) -> Sequence[str]:
    """Return the addresses from which exchanges with another casebook are in the group.

    `mark`: ours; None: there is none here, so two of those in the group are each other's others.
    One of a release that names none is not told from ours. Raises YichuanError.
    """
    members = group_now(client).members
    named = sorted((str(each.client_id), str(each.host).lstrip("/")) for each in members)
    marked = [each for each in named if each[0].startswith(_PREFIX)]
    if mark is None:
        return [host for _, host in marked] if len({name for name, _ in marked}) > 1 else []
    return [host for name, host in marked if name != client_id_of(mark)]
