"""A copy that a stolen key of the bus vouched for, and that its recipient had not fetched yet.

Its connector refuses it; `resend` makes it again, and then it comes, once.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import insert

from connectors.bus.agency import ConnectorConfig, load_agency
from connectors.bus.clock import now
from connectors.bus.desk import Desk
from connectors.bus.home import Home
from connectors.bus.keys import home_signer
from connectors.bus.private import write_private
from connectors.bus.quarantine import Record
from schemas.codec import frame, unframe
from schemas.errors import Broken, UserError
from schemas.messages import Message
from schemas.seal import seal_message
from services.casebook.case_keys import CaseKeys
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from services.cli import casebook_view
from services.cli import resend as module
from services.cli.casebook_view import case_of, deliveries_of
from services.cli.installation import Installation, open_installation
from services.cli.log_reader import Logged
from services.cli.main import main
from services.cli.resend import made_again
from services.exchange.again import decided_in
from services.exchange.opening import open_office, open_shelf
from services.exchange.shelf import Shelf
from tests.agency_sides import FolderSide
from tests.history import HANDLER, SENDER, History, organ
from tests.office import Log, outbox, run_on
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture

AT: Final = datetime(2026, 9, 21, 2, 0, tzinfo=UTC)
STOLEN: Final = "2026-09-01T08:00:00+0800"  # before anything of this was decided


@dataclass
class Bus:
    """An exchange with the home's own keys, and what it puts into inboxes."""

    home: Home
    casebook: Casebook
    shelf: Shelf
    log: Log
    history: History

    def send(self, record: str, alias: str, **changes: Any) -> Message:
        """Let an organ send a letter, sealed by its key, and decide it."""
        message = self.history.next(record, alias, **changes)
        self.history.decide(message)
        signer = home_signer(self.home, alias)
        office = self.shelf.first
        value = frame(office.own(type(message).__name__), seal_message(message, signer).body)
        run_on(self.casebook, self.shelf, [self.log.raw(value, message.envelope, AT)])
        return message

    def copy_to(self, alias: str, message: Message) -> bytes:
        """The value of the copy that the outbox has for the organ."""
        for row in outbox(self.casebook):
            if row.topic != f"inbox.{alias}":
                continue
            schema_id, body = unframe(row.value)
            found = self.shelf.first.codecs[schema_id].open(body).message.envelope
            if found.delivery is not None and found.key == message.envelope.key:
                return bytes(row.value)
        raise AssertionError(alias)

    def place(self) -> Installation:
        """The home as a command opens it."""
        return open_installation(self.home.path)

    def again(self, alias: str, message: Message) -> bytes:
        """The copy made again."""
        place = self.place()
        with self.casebook.engine.connect() as connection:
            return made_again(place, connection, message.envelope.message_id, place.organ(alias))


@pytest.fixture
def bus(home: Home, casebook: Casebook) -> Bus:
    write_private(home.casebook_key, b64encode(casebook.key.secret).decode())
    for alias in (HANDLER, "langdai"):
        text = f'username = "{alias}"\npassword = "not-a-secret"\n'
        write_private(home.credentials_file(alias), text)
    shelf = open_shelf(home, open_office(home, home.settings()), log_is_new=True)
    return Bus(home, casebook, shelf, Log(), History())


@dataclass
class Agency:
    """An organ's connector with its folder, as it runs there."""

    desk: Desk
    side: FolderSide

    def takes(self, offset: int, value: bytes, at: datetime) -> frozenset[int]:
        """Give it a record of its inbox; return what it refuses."""
        return self.desk.take_in([Record(offset, int(at.timestamp() * 1000), value)])


@pytest.fixture
def handler(home: Home, bus: Bus) -> Iterator[Agency]:
    agency = load_agency(ConnectorConfig(organ=HANDLER), bus.home)
    side = FolderSide(home.path / "agency")
    desk = Desk(agency, side.system())
    desk.open()
    yield Agency(desk, side)
    desk.close()


def steal_and_rotate(bus: Bus) -> str:
    """Give the bus another key, and declare the one before stolen; return that one."""
    stolen = home_signer(bus.home, "bus").kid
    home_of = ("--home", str(bus.home.path))
    assert main(["keys", "rotate", "bus", "--grace-hours", "0", *home_of]) == 0
    assert main(["keys", "revoke", stolen, "--compromised-since", STOLEN, *home_of]) == 0
    return stolen


def test_the_connector_refuses_the_copy_and_takes_the_one_that_is_made_again_once(
    bus: Bus, handler: Agency
) -> None:
    letter = bus.send("lead_transfer", SENDER)
    first = bus.copy_to(HANDLER, letter)
    steal_and_rotate(bus)
    assert handler.takes(0, first, AT) == {0}
    assert handler.side.arrived() == []
    second = bus.again(HANDLER, letter)
    assert handler.takes(1, second, now()) == frozenset()
    assert handler.side.arrived() == [letter.envelope.message_id]
    assert handler.takes(2, bus.again(HANDLER, letter), now()) == frozenset()
    assert handler.side.arrived() == [letter.envelope.message_id]


def shown(bus: Bus, value: bytes) -> Message:
    """What a copy shows, without anybody's seal."""
    schema_id, body = unframe(value)
    message = bus.shelf.first.codecs[schema_id].open(body).message
    return replace(message, envelope=replace(message.envelope, seal=None))


def test_it_shows_what_the_first_one_showed_and_nothing_more(bus: Bus) -> None:
    letter = bus.send("joint_plan", SENDER, content="先查台账，后查现场")
    before = {alias: bus.copy_to(alias, letter) for alias in recipients(bus)}
    assert before
    hiding = [shown(bus, value).envelope.delivery for value in before.values()]
    assert any(each is not None and each.withheld for each in hiding)
    steal_and_rotate(bus)
    for alias, value in before.items():
        again = bus.again(alias, letter)
        assert again != value
        assert shown(bus, again) == shown(bus, value)
        delivery = shown(bus, again).envelope.delivery
        assert delivery is not None
        assert delivery.at == AT


def recipients(bus: Bus) -> set[str]:
    """The organs for whom a copy waits."""
    found = set()
    for row in outbox(bus.casebook):
        if row.topic.startswith("inbox."):
            schema_id, body = unframe(row.value)
            message = bus.shelf.first.codecs[schema_id].open(body).message
            if message.envelope.delivery is not None:
                found.add(row.topic.removeprefix("inbox."))
    return found


def refused(bus: Bus, letter: Message) -> UserError:
    with pytest.raises(UserError) as raised:
        bus.again(HANDLER, letter)
    assert raised.value.exit_code == 1
    return raised.value


def test_of_an_original_that_was_erased_none_can_be_made(bus: Bus) -> None:
    letter = bus.send("lead_transfer", SENDER)
    steal_and_rotate(bus)
    with bus.casebook.engine.begin() as connection:
        keys = CaseKeys(connection, bus.casebook.key)
        keys.erase(letter.envelope.case_id, AT)
    assert refused(bus, letter).code == "resend.erased"


def test_a_letter_whose_own_seal_is_believed_no_more_is_not_sent_again(bus: Bus) -> None:
    letter = bus.send("lead_transfer", SENDER)
    steal_and_rotate(bus)
    theirs = home_signer(bus.home, SENDER).kid
    revoke = ["keys", "revoke", theirs, "--compromised-since", STOLEN]
    assert main([*revoke, "--home", str(bus.home.path)]) == 0
    found = refused(bus, letter)
    assert found.code == "resend.not_believed"
    assert "seal.key_compromised" in (found.detail or "")


def test_a_casebook_without_the_decision_says_so(bus: Bus) -> None:
    letter = bus.send("lead_transfer", SENDER)
    with bus.casebook.engine.connect() as connection:
        case = case_of(connection, letter.envelope.case_id)
        assert case is not None
        decisions = list(deliveries_of(connection, letter.envelope.case_id))
    row, effect = decided_in(decisions, case.handed[0])
    assert (row.message_id, effect.to) == (letter.envelope.message_id, organ(HANDLER))
    with pytest.raises(Broken, match=r"casebook\.unreadable"):
        decided_in((), case.handed[0])


def test_a_copy_is_found_however_many_decisions_its_case_has(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.send("lead_transfer", SENDER)
    reply = bus.send("filing_reply", HANDLER)
    first = bus.copy_to(SENDER, reply)
    monkeypatch.setattr(casebook_view, "DECISIONS_MAX", 1)
    assert shown(bus, bus.again(SENDER, reply)) == shown(bus, first)


def test_of_decisions_that_handed_it_over_the_last_counts(bus: Bus) -> None:
    letter = bus.send("lead_transfer", SENDER)
    with bus.casebook.engine.begin() as connection:
        (only,) = deliveries_of(connection, letter.envelope.case_id)
        (row,) = connection.execute(DECISIONS.select()).all()
        told = row._asdict()
        del told["seq"]
        connection.execute(insert(DECISIONS), [told | {"at_ms": row.at_ms - 1, "rulebook": "2"}])
        connection.execute(insert(DECISIONS), [told | {"entry": "{}", "rulebook": "3"}])
        found = list(deliveries_of(connection, letter.envelope.case_id))
        more = [told | {"rulebook": str(each)} for each in range(500)]
        connection.execute(insert(DECISIONS), more)
        many = list(deliveries_of(connection, letter.envelope.case_id))
    assert [each.rulebook for each in many[:500]] == [each["rulebook"] for each in more[::-1]]
    assert many[500:] == found
    assert [each.rulebook for each in found] == ["2", only.rulebook]


@pytest.mark.parametrize("is_stolen", [True, False])
def test_the_command_writes_the_same_bytes_unless_nobody_may_believe_them(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, *, is_stolen: bool
) -> None:
    letter = bus.send("lead_transfer", SENDER)
    first = bus.copy_to(HANDLER, letter)
    if is_stolen:
        steal_and_rotate(bus)
    lies = Logged(
        (f"inbox.{HANDLER}", 0), 7, AT, letter.envelope.case_id.encode(), first, {}, is_stamped=True
    )
    written: list[Logged] = []

    async def write(_place: Installation, found: Logged) -> int:
        written.append(found)
        return 8

    monkeypatch.setattr(module, "_in_inbox", lambda *_: lies)
    monkeypatch.setattr(module, "_write", write)
    monkeypatch.setattr(module, "reading", lambda _: bus.casebook.engine.connect())
    monkeypatch.setattr(module, "handed_to", lambda *_: _handed(bus, letter))
    named = letter.envelope.message_id
    assert main(["resend", named, "--to", HANDLER, "--home", str(bus.home.path)]) == 0
    (found,) = written
    assert (found.value == first) is not is_stolen
    assert (found.key, found.place) == (lies.key, lies.place)


def _handed(bus: Bus, letter: Message) -> Any:
    with bus.casebook.engine.connect() as connection:
        case = case_of(connection, letter.envelope.case_id)
    assert case is not None
    return case.handed[0]
