"""Two organs' messages under one id: what the bus makes of each is its own."""

from dataclasses import replace
from typing import Any

from schemas.codec import unframe
from schemas.disputes import LinkedKind
from schemas.ids import CaseId, MessageId, case_id_of, derive
from schemas.messages import Message
from schemas.parts import Flow
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS
from services.casework.elsewhere import linked
from services.exchange.incoming import Incoming
from tests.history import (
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    STRANGER,
    SUPERVISOR,
    History,
    organ,
    violation,
)
from tests.office import Log, dead_letters, inboxes, office, rows, run, sent
from tests.unit.services.exchange.test_split_cases import next_there, written

ID = MessageId(derive("test", "an id that two have used"))
WATER = "liuzhi-swj"


def named(message: Message) -> Any:
    """Return the message under the id that two use; one that opens a case opens its own."""
    envelope = replace(message.envelope, message_id=ID)
    if message.envelope.case_id == case_id_of(*message.envelope.key):
        envelope = replace(envelope, case_id=case_id_of(*envelope.key))
    return replace(message, envelope=envelope)


def disputed_in_part(log: Log, handler: str, matters: tuple[str, str]) -> list[Incoming]:
    """A lead with two violations, and its handler's objection to one, under the id."""
    history = History(count=100 if handler == WATER else 0)
    violations = [violation(number, matter=each) for number, each in enumerate(matters, start=1)]
    envelope = {"document_number": f"六岩案移〔2026〕{history.count + 1}号"}
    lead = sent(history, "lead_transfer", SENDER, violations=violations, envelope=envelope)
    objection = named(history.next("objection", handler, numbers=[2]))
    return [log.put(lead, MONDAY), log.put(objection, history.at)]


def test_two_that_object_under_one_id_each_split_their_case(casebook: Casebook) -> None:
    log = Log()
    run(casebook, disputed_in_part(log, HANDLER, ("CG-001", "CG-014")))
    run(casebook, disputed_in_part(log, WATER, ("SW-001", "SW-002")))
    children = written(casebook, Log())
    assert len({child.key for child in children}) == 2
    for child in children:
        run(casebook, [next_there(casebook, child)])
    states = sorted(row.state for row in rows(casebook, CASES))
    assert states == ["disputed", "disputed", "received", "received"]
    assert not dead_letters(casebook)


def test_two_that_tell_another_case_under_one_id_each_tell_it() -> None:
    into = (CaseId(derive("test", "a notice")), Flow.NOTIFICATIONS)
    causes = [named(History().next("lead_transfer", by)).envelope for by in (SENDER, HANDLER)]
    about = MessageId(derive("test", "the notice"))
    told = [linked(each, LinkedKind.NOTICE_HANDLED, about, into, MONDAY) for each in causes]
    assert told[0].envelope.message_id != told[1].envelope.message_id
    again = linked(causes[0], LinkedKind.NOTICE_HANDLED, about, into, MONDAY)
    assert again.envelope.message_id == told[0].envelope.message_id


def test_of_two_held_under_one_id_the_supervisor_hears_each(casebook: Casebook) -> None:
    log = Log()
    for number, sender in enumerate((SENDER, STRANGER), start=1):
        nobodys = [violation(matter=NOBODYS)]
        envelope = {"document_number": f"案移〔2026〕{number}号"}
        lead = History().next("lead_transfer", sender, violations=nobodys, envelope=envelope)
        run(casebook, [log.put(named(lead), MONDAY)])
    found = [said.message.envelope for said in inboxes(casebook) if said.to == SUPERVISOR]
    assert [envelope.in_reply_to for envelope in found] == [ID, ID]
    assert len({envelope.message_id for envelope in found}) == 2


def signed_by_both(log: Log, history: History) -> list[Incoming]:
    """A lead, its handler's signature, and the supervisor's letter to the handler under its id."""
    lead = sent(history, "lead_transfer", SENDER)
    letter = history.next(
        "supervision_letter", SUPERVISOR, envelope={"addressees": [organ(HANDLER)]}
    )
    one_id: Any = replace(letter.envelope, message_id=lead.envelope.message_id)
    renamed: Any = replace(letter, envelope=one_id)
    return [log.put(lead, MONDAY), log.put(renamed, history.at), log.put(letter, history.at)]


def test_in_one_case_an_id_names_one_message(casebook: Casebook) -> None:
    """Else a signature under it would be the first one's, and the second never signed for."""
    run(casebook, signed_by_both(Log(), History()))
    codes = [row.code for row in rows(casebook, DECISIONS)]
    assert codes == [None, "message.id_reused", None]
    got = [type(said.message).__name__ for said in inboxes(casebook) if said.to == HANDLER]
    assert got == ["LeadTransfer", "SupervisionLetter"]


def test_what_waits_keeps_its_id_from_others_too(casebook: Casebook) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    both = [named(history.next("case_progress", by)) for by in (SENDER, SUPERVISOR)]
    run(casebook, [log.put(held, MONDAY), *(log.put(each, history.at) for each in both)])
    found = [(row.outcome, row.code) for row in rows(casebook, DECISIONS)]
    assert found[1:] == [("waiting", "hold.waiting"), ("rejected", "message.id_reused")]


def test_who_uses_the_id_of_a_receipt_to_come_keeps_it_from_nobody(casebook: Casebook) -> None:
    history, log = History(), Log()
    lead = sent(history, "lead_transfer", SENDER)
    reply: Any = named(history.next("supervision_letter", SUPERVISOR))
    receipt: Any = named(history.next("delivered", HANDLER))
    records = [log.put(lead, MONDAY), *(log.put(each, history.at) for each in (reply, receipt))]
    run(casebook, records)
    assert [row.code for row in rows(casebook, DECISIONS)] == [None, None, None]


def test_an_id_of_the_bus_s_used_for_another_content_is_a_dead_letter(casebook: Casebook) -> None:
    """The bus has no inbox to be answered in: it would be gone without a word."""
    run(casebook, disputed_in_part(Log(), HANDLER, ("CG-001", "CG-014")))
    (child,) = written(casebook, Log())
    run(casebook, [next_there(casebook, child)])
    before = rows(casebook, CASES)
    other = replace(opened(child), hop=7)
    tally = run(casebook, [next_there(casebook, Log().put(other, MONDAY))])
    assert tally.dead == ["message.id_reused"]
    ((_, _, headers),) = dead_letters(casebook)
    assert headers["yichuan-code"] == "message.id_reused"
    assert rows(casebook, CASES) == before


def opened(incoming: Incoming) -> Any:
    """Return the message of a record."""
    schema_id, body = unframe(incoming.value or b"")
    return office().codecs[schema_id].decode(body)
