"""Whether an exchange still runs: each sign refuses by itself; connections: integration tests."""

from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka import ConsumerGroupState
from pydantic import SecretStr

from connectors.bus.home import Home, Settings
from connectors.bus.logins import ADMIN
from connectors.bus.private import write_private
from connectors.bus.sections import CasebookSection, ExchangeSection
from schemas.errors import Unavailable, UserError
from services.casebook.store import open_sqlite
from services.exchange import all_stopped as asking
from services.exchange import members
from services.exchange.all_stopped import all_stopped
from services.exchange.workers import only_worker

URL: Final = "postgresql://127.0.0.1/yichuan"
SHARED: Final = Settings(casebook=CasebookSection(url=SecretStr(URL)))


class Group:
    """A broker that says of the exchanges' group how it is, and then how it has become."""

    def __init__(self, *states: ConsumerGroupState) -> None:
        self._states = list(states)

    @property
    def state(self) -> ConsumerGroupState:
        """The last one stays."""
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def describe_consumer_groups(self, names: list[str], **_: Any) -> dict[str, Any]:
        """As librdkafka's client answers."""
        return dict.fromkeys(names, self)

    def result(self) -> "Group":
        """The answer."""
        return self


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def shared(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """One whose casebook is in PostgreSQL, where nobody is connected."""
    write_private(home.credentials_file(ADMIN), 'username = "admin"\npassword = "x"\n')
    monkeypatch.setattr(asking, "place_of", lambda _: URL)
    monkeypatch.setattr(asking, "refuse_writers", lambda _: None)
    return home


def refusal(home: Home, settings: Settings) -> str | None:
    try:
        with all_stopped(home, settings):
            return None
    except UserError as error:
        return f"{error.code} {error.exit_code} {error.where or ''}{error.detail or ''}"


def test_where_nothing_runs_it_goes_on_and_none_of_this_host_starts_meanwhile(home: Home) -> None:
    with all_stopped(home, Settings()), pytest.raises(UserError) as raised, only_worker(home, 0):
        pass
    assert raised.value.code == "exchange.already_running"
    with only_worker(home, 0):
        pass


@pytest.mark.parametrize("number", [0, 1, 7])
def test_a_worker_of_this_host_refuses_whatever_numbers_are_configured_now(
    home: Home, number: int
) -> None:
    moved = Settings(exchange=ExchangeSection(workers=2, first_worker=2))
    with only_worker(home, number):
        for settings in (Settings(), moved):
            assert (refusal(home, settings) or "").startswith(f"casebook.in_use 3 {home.run}")
    assert refusal(home, Settings()) is None


def test_who_has_the_casebook_in_sqlite_refuses(home: Home) -> None:
    running = open_sqlite(home.casebook)
    assert (refusal(home, Settings()) or "").startswith("casebook.in_use 3 pid ")
    running.close()
    assert refusal(home, Settings()) is None


@pytest.mark.parametrize(
    ("state", "is_refused"),
    [
        (ConsumerGroupState.STABLE, True),
        (ConsumerGroupState.PREPARING_REBALANCING, True),
        (ConsumerGroupState.COMPLETING_REBALANCING, True),
        (ConsumerGroupState.UNKNOWN, True),
        (ConsumerGroupState.EMPTY, False),
        (ConsumerGroupState.DEAD, False),
    ],
)
def test_a_member_of_the_group_refuses_where_the_casebook_is_shared(
    shared: Home,
    monkeypatch: pytest.MonkeyPatch,
    state: ConsumerGroupState,
    is_refused: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    monkeypatch.setattr(asking, "connect", lambda *_: Group(state))
    monkeypatch.setattr(members, "_LEAVING_SECONDS_MAX", 0.0)
    assert refusal(shared, SHARED) == ("casebook.in_use 3 exchange.flows" if is_refused else None)


def test_a_worker_that_has_just_ended_is_waited_for_until_its_place_is_given_up(
    shared: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Group(ConsumerGroupState.STABLE, ConsumerGroupState.STABLE, ConsumerGroupState.EMPTY)
    monkeypatch.setattr(asking, "connect", lambda *_: group)
    monkeypatch.setattr(members, "_PAUSE_SECONDS", 0.0)
    assert refusal(shared, SHARED) is None


def test_a_broker_that_is_away_gives_nobody_work_and_a_bare_machine_has_no_login_to_ask_it(
    shared: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def away(_settings: Settings, _login: object, seconds_max: float) -> Any:
        asked.append(seconds_max)
        raise Unavailable("kafka.unreachable")

    monkeypatch.setattr(asking, "connect", away)
    assert refusal(shared, SHARED) is None
    assert asked == [6.0]
    shared.credentials_file(ADMIN).unlink()
    assert refusal(shared, SHARED) is None
    assert asked == [6.0]
