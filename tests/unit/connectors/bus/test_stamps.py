"""Which topics leave the time of a record to whoever writes it, as the broker tells a login."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import pytest
from aiokafka.errors import KafkaConnectionError

from connectors.bus import stamps
from connectors.bus.home import Credentials, Settings
from connectors.bus.layout import STAMPED_BY, THE_BROKER
from connectors.bus.stamps import stamped_by_writers
from schemas.errors import Unavailable, UserError

FORBIDDEN, NONE = 29, 0  # Kafka's TOPIC_AUTHORIZATION_FAILED, and no error


@dataclass
class Admin:
    """Answers as a broker does: one row for each topic and setting."""

    told: dict[str, str]
    code: int = NONE
    away: bool = False
    asked: list[Any] = field(default_factory=list)
    is_closed: bool = False

    async def start(self) -> None:
        """Connect."""
        if self.away:
            raise KafkaConnectionError

    async def describe_configs(self, wanted: list[Any]) -> list[Any]:
        """Tell."""
        self.asked += wanted
        return [
            Mock(resources=[(self.code, "", 2, name, [(STAMPED_BY, value, False, 1, False, [])])])
            for name, value in self.told.items()
        ]

    async def close(self) -> None:
        """Disconnect."""
        self.is_closed = True


def asked(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setattr(stamps, "AIOKafkaAdminClient", lambda **_: admin)
    monkeypatch.setattr(stamps, "client_options", lambda *_: {})
    login = Mock(spec=Credentials)
    try:
        return asyncio.run(stamped_by_writers(Settings(), login, sorted(admin.told)))
    finally:
        assert admin.is_closed


def test_those_that_the_broker_does_not_stamp_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Admin({"leads": "CreateTime", "copies": THE_BROKER, "requests": "CreateTime"})
    assert asked(admin, monkeypatch) == ("leads", "requests")
    assert [list(each.configs) for each in admin.asked] == [[STAMPED_BY]] * 3


def test_where_it_stamps_all_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(Admin({"leads": THE_BROKER}), monkeypatch) == ()


def test_a_login_that_may_not_ask_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"kafka\.forbidden"):
        asked(Admin({"leads": THE_BROKER}, code=FORBIDDEN), monkeypatch)


def test_a_broker_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match=r"kafka\.unreachable"):
        asked(Admin({}, away=True), monkeypatch)
