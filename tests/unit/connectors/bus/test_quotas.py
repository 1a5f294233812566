"""Quotas that the broker does not set are told, and never taken for set."""

from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import pytest
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaConnectionError
from pydantic import SecretStr

from connectors.bus import quotas
from connectors.bus.home import Credentials, Settings
from connectors.bus.quotas import read_quotas, set_quotas
from schemas.errors import Unavailable, YichuanError

LOGIN = Credentials("exchange", SecretStr(""))
REFUSED = ClusterAuthorizationFailedError.errno
WANTED = {"yanjiao": {"producer_byte_rate": 1.0}, "mugang": {"producer_byte_rate": 1.0}}
_ANY = (Settings(), LOGIN, WANTED)


@dataclass
class Admin:
    """A client whose broker answers as told."""

    answer: Any = None
    error: Exception | None = None
    sent: list[object] = field(default_factory=list)
    is_open: bool = False

    async def start(self) -> None:
        """Log in."""
        self.is_open = True
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        """Log out."""
        self.is_open = False

    async def _send_request(self, request: object) -> Any:
        self.sent.append(request)
        return self.answer


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Admin:
    found = Admin()
    monkeypatch.setattr(quotas, "AIOKafkaAdminClient", lambda **_: found)
    return found


def entries(*codes: int) -> Any:
    return Mock(entries=[(code, None, [("user", "an organ")]) for code in codes])


@pytest.mark.parametrize("codes", [(REFUSED, 0), (0, REFUSED)])
def test_one_login_whose_quota_the_broker_refuses_is_told(
    admin: Admin, codes: tuple[int, ...]
) -> None:
    """Else an organ could flood the bus, and who set it up would believe that it cannot."""
    admin.answer = entries(*codes)
    with pytest.raises(YichuanError, match=r"kafka\.forbidden"):
        set_quotas(Settings(), LOGIN, WANTED)
    admin.answer = entries(0, 0)
    set_quotas(Settings(), LOGIN, WANTED)
    assert (len(admin.sent), admin.is_open) == (2, False)


def test_who_may_not_read_them_is_told_and_does_not_read_that_there_are_none(admin: Admin) -> None:
    admin.answer = Mock(error_code=REFUSED, entries=None)
    with pytest.raises(YichuanError, match=r"kafka\.forbidden"):
        read_quotas(Settings(), LOGIN)


def test_only_what_is_a_login_s_alone_is_its_quota(admin: Admin) -> None:
    rate = [("producer_byte_rate", 5.0)]
    admin.answer = Mock(
        error_code=0,
        entries=[
            ([("user", "yanjiao")], rate),
            ([("user", None)], rate),  # of every login that has none
            ([("client-id", "mugang")], rate),
            ([("user", "mugang"), ("client-id", "a")], rate),
        ],
    )
    assert read_quotas(Settings(), LOGIN) == {"yanjiao": {"producer_byte_rate": 5.0}}


def test_a_broker_that_is_away_is_said_and_nothing_stays_open(admin: Admin) -> None:
    admin.error = KafkaConnectionError()
    for work in (lambda: read_quotas(Settings(), LOGIN), lambda: set_quotas(*_ANY)):
        with pytest.raises(Unavailable, match=r"kafka\.unreachable"):
            work()
        assert not admin.is_open
