"""Which partitions an eraser looks at with a batch: a query for each would cost every batch."""

import asyncio
from unittest.mock import AsyncMock

import pytest
from pydantic import SecretStr

from connectors.bus.home import Credentials, Settings
from services.casebook import secrets
from services.casebook.secrets import Pending
from services.casebook.store import Casebook
from services.exchange.erase import Eraser
from tests.history import MONDAY, SENDER, message
from tests.office import Log, take


def test_a_step_is_due_at_a_tick_at_a_secret_and_where_something_is_left(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    tick, lead = log.tick(MONDAY, 0), log.put(message("lead_transfer", SENDER, "a", MONDAY), MONDAY)
    place = (lead.position.topic, lead.position.partition)
    eraser = Eraser(Settings(), Credentials("exchange", SecretStr("")), casebook)
    assert eraser.due(take(lead), ()) == frozenset()
    assert eraser.due(take(tick), ()) == {(tick.position.topic, 0)}
    assert eraser.due(take(lead), {place}) == {place}

    pending = Pending(place, notes={0: "{}"}, decided_to=1, copied_to=0)
    monkeypatch.setattr(secrets, "pending", lambda *_: (pending,))
    monkeypatch.setattr(Eraser, "_erase", AsyncMock(side_effect=[False, True]))
    assert asyncio.run(eraser.step([place])) == (place,)
    assert eraser.due(take(lead), ()) == {place}
    assert asyncio.run(eraser.step([place])) == ()
    assert eraser.due(take(lead), ()) == frozenset()
