"""What the casebook says of dead letters, and what a retry would therefore write."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.bus.home import Home
from schemas.errors import UserError
from schemas.messages import SettleAction
from services.casebook.rows import Position
from services.casebook.store import Casebook, open_for_reading
from services.casework.decide import decide
from services.cli import dead_desk as dead_module
from services.cli.dead import entry_of
from services.cli.dead_book import Status, fates_of, outcome_of
from services.cli.dead_desk import Desk, open_desk
from services.cli.dead_letter import DeadLetter, Mark, Retry
from services.cli.dead_retry import plan
from services.cli.log_reader import Logged
from services.exchange import clerk
from tests.batches import LATER, failing
from tests.empty_casebook import empty_casebook
from tests.history import MONDAY, SENDER, History
from tests.office import Log, run, sent, settlement

AT = datetime(2026, 9, 21, 2, 0, tzinfo=UTC)


@pytest.fixture
def casebook(tmp_path: Path) -> Iterator[Casebook]:
    opened = empty_casebook(tmp_path / "casebook.sqlite")
    yield opened
    opened.close()


@dataclass
class Frozen:
    """A case that a planted defect froze at its opening message."""

    casebook: Casebook
    path: Path
    history: History = field(default_factory=History)
    log: Log = field(default_factory=Log)

    def freeze(self, monkeypatch: pytest.MonkeyPatch) -> DeadLetter:
        """Freeze it; return its dead letter."""
        self.opening = sent(self.history, "lead_transfer", SENDER)
        bad = self.opening.envelope.message_id
        defect = failing(lambda _, m: m.envelope.message_id == bad)
        monkeypatch.setattr(clerk, "decide", defect)
        incoming = self.log.put(self.opening, MONDAY)
        run(self.casebook, [incoming])
        monkeypatch.setattr(clerk, "decide", decide)
        return letter(3, incoming.position, "case.defect")

    def settle(self, action: SettleAction) -> None:
        """Let an operator say what is to be done."""
        run(self.casebook, [self.log.put(settlement(self.history, action, self.opening), LATER)])

    def desk(self, *marks: Mark) -> Desk:
        """Return a desk on this casebook; its log has the leads only."""

        class LeadsOnly:
            def spans(self, topic: str) -> dict[Any, Any]:
                return (
                    {("leads", number): (0, 1) for number in range(4)} if topic == "leads" else {}
                )

        engine = open_for_reading(self.path)
        settings = Home(self.path.parent).settings()
        log = cast("Any", LeadsOnly())
        return Desk(Home(self.path.parent), settings, log, engine.connect(), (), marks)


@pytest.fixture
def frozen(casebook: Casebook, tmp_path: Path) -> Frozen:
    return Frozen(casebook, tmp_path / "casebook.sqlite")


def letter(
    offset: int, source: Position | None, code: str | None, value: bytes | None = b"x"
) -> DeadLetter:
    return DeadLetter(offset, AT, b"key", value, {}, source, code)


def refused(desk: Desk, dead: DeadLetter, *, discard: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        plan(desk, dead, desk.fate(dead), "why", discard=discard)
    assert caught.value.exit_code == 1
    return caught.value.code


def test_a_letter_at_which_a_case_stands_still_is_frozen_until_it_is_settled(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = frozen.freeze(monkeypatch)
    fate = frozen.desk().fate(dead)
    assert (fate.status, fate.message) == (Status.FROZEN, frozen.opening.envelope.message_id)
    frozen.settle(SettleAction.RETRY)
    assert frozen.desk().fate(dead).status is Status.DECIDED


def test_a_discarded_letter_is_told_from_one_that_was_only_kept(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = frozen.freeze(monkeypatch)
    frozen.settle(SettleAction.DISCARD)
    mark = Mark(dead.offset, Retry.DISCARDED, AT)
    assert frozen.desk(mark).fate(dead).status is Status.DISCARDED
    assert refused(frozen.desk(mark), dead) == "case.not_frozen"


def test_bytes_that_were_no_message_are_kept_or_resent(frozen: Frozen) -> None:
    desk = frozen.desk()
    dead = letter(5, Position("leads", 0, 9), "message.malformed")
    for source in (dead, letter(5, None, None)):
        (fate,) = fates_of(desk.connection, [(source, ())])
        assert (fate.message, fate.case, fate.status) == (None, None, Status.KEPT)
    assert frozen.desk(Mark(5, Retry.RESENT, AT)).fate(dead).status is Status.RESENT


def test_the_effect_of_an_operators_word_is_read_once_it_is_decided(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen.freeze(monkeypatch)
    word = settlement(frozen.history, SettleAction.RETRY, frozen.opening).envelope
    assert outcome_of(frozen.desk().connection, word.message_id, word.case_id) is None
    frozen.settle(SettleAction.RETRY)
    found = outcome_of(frozen.desk().connection, word.message_id, word.case_id)
    assert found is not None
    assert (found.outcome, found.code) == ("accepted", None)
    assert found.case is not None
    assert found.case.state == "issued"


def test_dead_bytes_go_back_to_the_topic_and_partition_of_their_headers(frozen: Frozen) -> None:
    desk = frozen.desk()
    dead = letter(5, Position("leads", 2, 9), "message.malformed")
    step = plan(desk, dead, desk.fate(dead), "why", discard=False)
    assert (step.how, step.topic, step.partition) == (Retry.RESENT, "leads", 2)
    assert (step.key, step.value, step.settles) == (b"key", b"x", None)


def test_a_retry_that_cannot_be_is_refused_with_its_reason(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, place = frozen.desk(), Position("leads", 2, 9)
    assert refused(desk, letter(5, place, "message.malformed"), discard=True) == "case.not_frozen"
    assert refused(desk, letter(5, place, "secrecy.may_not_travel", None)) == "dead.no_bytes"
    assert refused(desk, letter(5, None, None)) == "dead.no_source"
    assert refused(desk, letter(5, Position("leads", 9, 9), None)) == "topics.missing"
    assert refused(desk, letter(5, Position("elsewhere", 0, 9), None)) == "topics.missing"
    again = frozen.desk(Mark(5, Retry.RESENT, AT))
    assert refused(again, letter(5, place, "message.malformed")) == "dead.already_retried"
    dead = frozen.freeze(monkeypatch)
    unstorable = letter(dead.offset, dead.source, "message.unstorable")
    assert refused(frozen.desk(), unstorable) == "settle.retry_impossible"


def test_letters_lie_on_the_desk_without_their_bytes_and_the_one_that_is_named_has_them(
    casebook: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be a hundred thousand of a megabyte each."""

    class Log:
        def spans(self, topic: str) -> dict[Any, Any]:
            return {(topic, 0): (0, 3)}

        def read(self, begins: Any, ends: Any, _seconds_max: float) -> Iterator[Logged]:
            ((place, begin),) = begins.items()
            for offset in range(begin, ends[place]):
                yield Logged(place, offset, AT, b"key", b"x" * (offset + 1), {}, is_stamped=True)

    @contextmanager
    def opened(*_asked: object) -> Iterator[Log]:
        yield Log()

    monkeypatch.setattr(dead_module, "open_log", opened)
    assert casebook.readers is not None
    with open_desk(Home(tmp_path)) as desk:
        assert {(each.key, each.value) for each in desk.letters} == {(None, None)}
        told = [entry_of(desk, each, desk.fate(each))["bytes"] for each in desk.letters]
        assert told == [1, 2, 3]
        assert (desk.find("1").key, desk.find("1").value) == (b"key", b"xx")
        with pytest.raises(UserError, match=r"dead\.unknown"):
            desk.find("3")
