"""What a decision has to know of other cases, as the casebook has it when the message comes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.codec import unframe
from schemas.ids import CaseId, MessageId
from schemas.messages import Accepted, Rejected
from services.casebook.store import Casebook
from services.casebook.work import Work
from services.casework.case import Case, State
from services.exchange.office import Office
from tests.history import (
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    STRANGER,
    SUPERIOR,
    SUPERVISOR,
    History,
    duties,
    filed,
    message,
    not_filed,
    organ,
    violation,
)
from tests.office import Log, inboxes, office, outbox, run
from tests.unit.services.casework.test_succession import AFTER, HEIR, merged

THIRD = "liuzhi-scjg"
ELSEWHERE = violation(place_text="木岗镇示例街28号")  # the code says another township
HERE = {"number": 1, "place_text": "岩脚镇示例街28号"}
OWN = {"document_number": "案移〔2026〕77号"}


@dataclass
class Desk:
    """A casebook, the log before it, and by whose rulebook it decides."""

    casebook: Casebook
    by: Office = field(default_factory=office)
    log: Log = field(default_factory=Log)
    read_back: int = 0

    def put(self, history: History, record: str, sender: str, **changes: Any) -> MessageId:
        """Let the next message of a history be decided here."""
        sent = history.next(record, sender, **changes)
        run(self.casebook, [self.log.put(sent, history.at)], self.by)
        history.case = self.case(sent.envelope.case_id)
        return sent.envelope.message_id

    def read_own(self, at: datetime) -> list[CaseId]:
        """Let what the bus has written into its flows since be decided; return into which cases."""
        own = [row for row in outbox(self.casebook) if row.topic in ("leads", "notifications")]
        into = []
        for row in own[self.read_back :]:
            schema_id, body = unframe(row.value)
            envelope = office().codecs[schema_id].open(body).message.envelope
            run(self.casebook, [self.log.raw(row.value, envelope, at)], self.by)
            into.append(envelope.case_id)
        self.read_back = len(own)
        return into

    def case(self, case_id: CaseId) -> Case | None:
        """Return the case as it is kept."""
        with self.casebook.engine.begin() as connection:
            return Work(connection, self.casebook.key).case(case_id)

    def codes(self) -> list[str]:
        """The codes of what was refused."""
        said = (each.message for each in inboxes(self.casebook))
        return [each.code for each in said if isinstance(each, Rejected)]

    def cooperation(self, by: str, asked: str, transfer: MessageId, at: datetime) -> None:
        """Ask for it, as a handler asks an earlier sender of its case."""
        request = History(at=at, count=500)
        changes = {"addressees": [organ(asked)], "document_number": "协〔2026〕9号"}
        cooperates = {"ground": "transfer_cooperation", "transfer": transfer}
        self.put(request, "assistance_request", by, **cooperates, envelope=changes)


@pytest.fixture
def desk(casebook: Casebook) -> Desk:
    return Desk(casebook)


def after_a_merger(desk: Desk, gone: str, heir: str = HEIR) -> Desk:
    """The same desk with a rulebook by which the organ ends on 22 September."""
    desk.by = replace(office(), rulebook=merged(office().rulebook, gone, heir))
    return desk


def noticed(desk: Desk) -> tuple[History, MessageId]:
    history = History()
    notice = desk.put(history, "violation_notice", SENDER)
    desk.put(history, "signed_for", HANDLER)
    return history, notice


@pytest.mark.parametrize(
    ("record", "by", "changes"),
    [
        ("routing_assignment", SUPERVISOR, {"envelope": {"addressees": [organ(STRANGER)]}}),
        ("correction", HANDLER, {"corrections": [{"number": 1, "matter": "SC-001"}]}),
    ],
)
def test_a_lead_of_a_notice_ends_its_handling_when_it_is_let_go(
    desk: Desk, record: str, by: str, changes: dict[str, Any]
) -> None:
    notice, notified = noticed(desk)
    lead = History(at=notice.at, count=100)
    nobodys = [violation(matter=NOBODYS)]
    desk.put(lead, "lead_transfer", HANDLER, from_notice=notified, violations=nobodys, envelope=OWN)
    assert desk.read_own(lead.at) == []
    desk.put(lead, record, by, **changes)
    assert desk.read_own(lead.at) == [notice.opened.id]
    ended = desk.case(notice.opened.id)
    assert ended is not None
    assert ended.state is State.HANDLED
    assert not {kind for kind, _ in duties(ended)} & {"handle"}


def test_the_heir_of_who_got_a_notice_ends_its_handling_by_a_lead(desk: Desk) -> None:
    notice, notified = noticed(after_a_merger(desk, HANDLER))
    lead = History(at=AFTER, count=100)
    theirs = [violation(matter="SC-001")]
    desk.put(lead, "lead_transfer", HEIR, from_notice=notified, violations=theirs, envelope=OWN)
    assert desk.read_own(lead.at) == [notice.opened.id]
    ended = desk.case(notice.opened.id)
    assert ended is not None
    assert ended.state is State.HANDLED


def test_a_held_lead_of_a_notice_ends_its_handling_for_the_heir_of_both(desk: Desk) -> None:
    notice, notified = noticed(after_a_merger(desk, HANDLER))
    lead = History(at=notice.at, count=100)
    nobodys = [violation(matter=NOBODYS)]
    desk.put(lead, "lead_transfer", HANDLER, from_notice=notified, violations=nobodys, envelope=OWN)
    lead.at = AFTER
    desk.put(lead, "correction", HEIR, corrections=[{"number": 1, "matter": "SC-001"}])
    assert lead.opened.sender == organ(HEIR)
    desk.read_own(lead.at)
    ended = desk.case(notice.opened.id)
    assert ended is not None
    assert ended.state is State.HANDLED


def test_a_lead_of_what_is_no_notice_ends_nothing(desk: Desk) -> None:
    history = History()
    letter = desk.put(history, "lead_transfer", SENDER)
    lead = History(at=history.at, count=100)
    theirs = [violation(matter="SC-001")]
    desk.put(lead, "lead_transfer", HANDLER, from_notice=letter, violations=theirs, envelope=OWN)
    assert desk.read_own(lead.at) == []


def declined(desk: Desk) -> History:
    history = History()
    desk.put(history, "lead_transfer", SENDER)
    desk.put(history, "filing_reply", HANDLER, answers=[not_filed()])
    return history


def held_again(desk: Desk, at: datetime, **changes: Any) -> History:
    again = History(at=at, count=200)
    desk.put(again, "lead_transfer", SENDER, violations=[ELSEWHERE], envelope=OWN, **changes)
    assert again.opened.state is State.HELD
    return again


def test_what_was_declined_comes_not_back_by_way_of_a_correction(desk: Desk) -> None:
    again = held_again(desk, declined(desk).at)
    desk.put(again, "correction", SENDER, corrections=[HERE])
    assert desk.codes() == ["transfer.declined_before"]
    assert again.opened.state is State.HELD


def test_what_was_declined_comes_not_back_by_way_of_an_assignment(desk: Desk) -> None:
    again = held_again(desk, declined(desk).at)
    to = {"addressees": [organ(HANDLER)]}
    desk.put(again, "routing_assignment", SUPERVISOR, envelope=to)
    assert desk.codes() == ["transfer.declined_before"]
    to = {"addressees": [organ(THIRD)]}
    desk.put(again, "routing_assignment", SUPERVISOR, envelope=to)
    assert again.opened.handler == organ(THIRD)


def test_a_held_letter_that_names_the_declined_one_needs_new_evidence(desk: Desk) -> None:
    before = declined(desk)
    source = {"kind": "transfer", "register_number": before.opened.document_number}
    again = held_again(desk, before.at, source=source)
    desk.put(again, "correction", SENDER, corrections=[HERE])
    assert desk.codes() == ["transfer.no_new_evidence"]


def test_an_heir_has_declined_what_its_predecessor_declined(desk: Desk) -> None:
    again = held_again(desk, declined(after_a_merger(desk, HANDLER)).at)
    again.at = AFTER
    to = {"addressees": [organ(HEIR)]}
    desk.put(again, "routing_assignment", SUPERVISOR, envelope=to)
    assert desk.codes() == ["transfer.declined_before"]


def test_a_letter_that_its_sender_s_heir_lets_go_is_answered_to_the_heir(desk: Desk) -> None:
    held = held_again(after_a_merger(desk, SENDER, STRANGER), MONDAY)
    held.at = AFTER
    desk.put(held, "correction", STRANGER, corrections=[HERE])
    told = [each.to for each in inboxes(desk.casebook) if isinstance(each.message, Accepted)]
    assert told == [STRANGER, STRANGER]
    with desk.casebook.engine.begin() as connection:
        work = Work(connection, desk.casebook.key)
        known = work.message(organ(SENDER), held.opened.opening)
    assert known is not None
    assert known.outcome == "accepted"
    assert held.opened.sender == organ(STRANGER)


def agreed_on_a_third(desk: Desk, history: History) -> MessageId:
    letter = desk.put(history, "lead_transfer", SENDER)
    desk.put(history, "objection", HANDLER)
    for side in (SENDER, HANDLER):
        desk.put(history, "negotiation_result", side, handler=organ(THIRD))
    again = {"in_reply_to": letter, "addressees": [organ(THIRD)], **OWN}
    return desk.put(history, "lead_transfer", SENDER, envelope=again)


def test_the_third_that_got_a_letter_of_its_own_asks_its_sender_for_help(desk: Desk) -> None:
    history = History()
    letter = agreed_on_a_third(desk, history)
    desk.put(history, "filing_reply", THIRD)
    desk.cooperation(THIRD, SENDER, letter, history.at)
    assert desk.codes() == []


@pytest.mark.parametrize("named", ["letter", "split"])
def test_who_handles_what_was_split_off_asks_its_sender_for_help(desk: Desk, named: str) -> None:
    history = History()
    two = [violation(1), violation(2)]
    letter = desk.put(history, "lead_transfer", SENDER, violations=two)
    desk.put(history, "objection", HANDLER, numbers=[2])
    (child_id,) = desk.read_own(history.at)
    child = History(at=history.at, count=700, case=desk.case(child_id))
    split = child.opened.opening
    desk.put(child, "designation", SUPERIOR, designee=organ(THIRD))
    assert child.opened.dispute is not None
    about = {"in_reply_to": child.opened.dispute.designation}
    desk.put(child, "filing_reply", THIRD, answers=[filed(2)], envelope=about)
    desk.cooperation(THIRD, SENDER, {"letter": letter, "split": split}[named], child.at)
    assert desk.codes() == []


@pytest.mark.parametrize(
    ("gone", "by", "asked"), [(HANDLER, HEIR, SENDER), (SENDER, HANDLER, HEIR)]
)
def test_the_heir_of_either_side_asks_for_help_or_is_asked(
    desk: Desk, gone: str, by: str, asked: str
) -> None:
    history = History()
    letter = desk.put(history, "lead_transfer", SENDER)
    desk.put(history, "filing_reply", HANDLER)
    after_a_merger(desk, gone).cooperation(by, asked, letter, AFTER)
    assert desk.codes() == []


def test_help_with_a_letter_that_nobody_sent_is_refused(desk: Desk) -> None:
    history = History()
    desk.put(history, "lead_transfer", SENDER)
    nothing = message("lead_transfer", SENDER, "never sent").envelope.message_id
    desk.cooperation(HANDLER, SENDER, nothing, history.at + timedelta(minutes=1))
    assert desk.codes() == ["assistance.not_the_handler"]
