"""A withheld field opened later: from the request to the asker's inbox, and nowhere else."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from schemas.codec import current, unframe
from schemas.errors import Refusal
from schemas.jwk import b64url
from schemas.messages import Message, Rejected
from schemas.oversight import FieldsOpened
from schemas.parts import Relation
from schemas.seal import VerifiedKey, verify_copy
from schemas.seal_list import leaves
from schemas.seal_open import verify_opened
from schemas.sharing import ComplaintForward
from services.casebook.case_keys import CaseKeys
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS, OUTBOX
from services.exchange.incoming import Incoming
from services.exchange.shelf import Shelf
from tests.history import (
    FAILED,
    MONDAY,
    PARTICIPANT,
    SENDER,
    SUPERIOR,
    History,
    demo,
    organ,
)
from tests.office import Log, inboxes, office, rows, run, run_on, sent
from tests.unit.services.exchange.test_audit import journal_of, replayed
from tests.unit.services.exchange.test_split_cases import next_there, three, written

MARKET, THIRD = "liuzhi-scjg", "liuzhi-jtj"
CONTENT = "联合检查沿街餐饮单位，先查台账，后查现场"


@dataclass
class County:
    """One case on a casebook: what is sent is decided at once."""

    casebook: Casebook
    history: History = field(default_factory=History)
    log: Log = field(default_factory=Log)
    records: list[Incoming] = field(default_factory=list)

    def send(self, record: str, sender: str, **changes: Any) -> Message:
        """Send a message of the case."""
        message = self.history.next(record, sender, **changes)
        self.history.decide(message)
        self.records.append(self.log.put(message, self.history.at))
        run_on(self.casebook, Shelf(office()), self.records[-1:])
        return message

    def ask(self, about: Message, by: str, *paths: str, **changes: Any) -> Message:
        """Ask for fields of a message."""
        envelope = {"in_reply_to": about.envelope.message_id}
        return self.send("opening_request", by, paths=list(paths), envelope=envelope, **changes)

    def answer(self, request: Message, by: str, *opened: str, **changes: Any) -> Message:
        """Answer a request."""
        envelope = {"in_reply_to": request.envelope.message_id}
        return self.send("opening_answer", by, opened=list(opened), envelope=envelope, **changes)

    def refusal(self) -> tuple[str, str | None]:
        """The code and place of the last Rejected."""
        said = [each.message for each in inboxes(self.casebook)]
        last = [each for each in said if isinstance(each, Rejected)][-1]
        return last.code, last.where

    def opened(self) -> list[tuple[str, FieldsOpened, bytes]]:
        """Every FieldsOpened in an inbox."""
        return [
            (each.to, each.message, each.value)
            for each in inboxes(self.casebook)
            if isinstance(each.message, FieldsOpened)
        ]


def values(message: FieldsOpened) -> dict[str, Any]:
    """Path → value."""
    return {each.path: json.loads(each.value or "") for each in message.fields or ()}


@pytest.fixture
def county(casebook: Casebook) -> County:
    return County(casebook)


def plan(county: County, content: str = CONTENT) -> Message:
    """A joint plan whose content its participant does not see."""
    return county.send("joint_plan", SENDER, content=content)


def test_what_the_owner_opens_reaches_who_asked_and_proves_itself_by_the_old_seal(
    county: County,
) -> None:
    asked = plan(county)
    copy = next(each for each in inboxes(county.casebook) if each.to == PARTICIPANT)
    on_the_copy = leaves(current("JointPlan").open(unframe(copy.value)[1]))
    request = county.ask(asked, PARTICIPANT, "content", reason="须安排人员", basis="意见二(三)2")
    assert county.opened() == []
    answer = county.answer(request, SENDER, "content")
    ((to, message, value),) = county.opened()
    assert to == PARTICIPANT
    assert values(message) == {"content": CONTENT}
    schema_id, body = unframe(value)
    opened = office().codecs[schema_id].open(body)
    assert isinstance(verify_copy(opened, office().key, MONDAY, demo().bus), VerifiedKey)
    theirs = verify_opened(message, office().key)
    assert isinstance(theirs, VerifiedKey)
    assert theirs.organ == organ(SENDER)
    digests = {part.path: part.digest for part in message.parts or ()}
    assert on_the_copy is not None
    assert b64url(on_the_copy["content"]) == digests["content"]
    assert (message.opened_by, message.answer) == (organ(SENDER), answer.envelope.message_id)
    assert (message.reason, message.basis) == ("须安排人员", "意见二(三)2")
    assert (message.message, message.author) == (asked.envelope.message_id, organ(SENDER))
    assert message.relation is Relation.PARTICIPANT
    (told,) = message.fields or ()
    row = next(r for r in demo().clearances.rows if f"clearances.csv:{r.line}" == told.withheld_by)
    assert (row.relation, row.field_class.value) == (Relation.PARTICIPANT, "investigative")
    assert told.withheld_basis == row.basis


def test_nothing_of_it_is_kept_open_or_written_into_the_journal(county: County) -> None:
    request = county.ask(plan(county), PARTICIPANT, "content", reason="须安排人员")
    county.answer(request, SENDER, "content")
    for row in rows(county.casebook, OUTBOX):
        assert CONTENT.encode() not in (row.value or b"")
    entries = [row.entry for row in rows(county.casebook, DECISIONS)]
    assert not any(CONTENT in entry or "须安排人员" in entry for entry in entries)
    (opened,) = [
        effect
        for entry in entries
        for effect in json.loads(entry)["effects"]
        if effect["effect"] == "opened"
    ]
    assert [each["path"] for each in opened["fields"]] == ["content"]
    assert (opened["to"], opened["by"]) == (organ(PARTICIPANT), organ(SENDER))


def test_a_replay_decides_the_same_openings(county: County) -> None:
    asked = plan(county)
    request = county.ask(asked, PARTICIPANT, "content", reason="须安排人员")
    county.answer(request, SENDER, "content")
    county.ask(asked, PARTICIPANT, "content")
    assert county.refusal() == ("opening.already_open", "paths[0]")
    assert replayed(journal_of(county.casebook), county.records) is None


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("time_text", "opening.not_withheld"),
        ("nothing.here", "opening.not_withheld"),
        ("participants[7].task", "opening.not_withheld"),
        ("envelope.seal", "opening.not_withheld"),
    ],
)
def test_what_the_copy_does_not_hide_is_refused(county: County, path: str, code: str) -> None:
    county.ask(plan(county), PARTICIPANT, path)
    assert county.refusal() == (code, "paths[0]")
    assert path not in "".join(row.entry for row in rows(county.casebook, DECISIONS))


def disputed(county: County) -> ComplaintForward:
    """A complaint that its receiver objected to, designated to a third organ."""
    forward = county.send("complaint_forward", SENDER)
    county.send("signed_for", MARKET)
    county.send("objection", MARKET)
    county.send("negotiation_result", MARKET, **FAILED)
    county.send("designation_request", MARKET)
    county.send("designation", SUPERIOR, designee=organ(THIRD))
    assert isinstance(forward, ComplaintForward)
    assert forward.complainant is not None
    return forward


def test_a_designee_sees_who_complained_once_it_has_filed_and_then_at_once(county: County) -> None:
    """Domain, section 9, scenario 8: nobody but the handler sees name and number."""
    forward = disputed(county)
    county.ask(forward, THIRD, "complainant")
    assert county.refusal() == ("opening.never", "paths[0]")
    county.send("filing_reply", THIRD)
    county.ask(forward, THIRD, "complainant")
    ((to, message, _),) = county.opened()
    assert to == THIRD
    known = forward.complainant
    assert known is not None
    assert values(message) == {
        "complainant.name": known.name,
        "complainant.phone": known.phone,
    } | ({"complainant.address": known.address} if known.address else {})
    assert message.opened_by is None
    assert all(
        (each.opened_rule or "").startswith("clearances.csv:") for each in message.fields or ()
    )


def test_who_complained_is_opened_to_no_superior_nor_a_text_that_tells_it(county: County) -> None:
    forward = disputed(county)
    county.ask(forward, SUPERIOR, "complainant.phone")
    assert county.refusal() == ("opening.never", "paths[0]")
    name = forward.complainant.name if forward.complainant else ""
    reply = county.send("filing_reply", THIRD, **_reasons(f"经向{name}核实，不成立"))
    county.ask(reply, SENDER, "answers[0].reasons")
    assert county.refusal() == ("opening.never", "paths[0]")
    assert county.opened() == []


def _reasons(text: str) -> dict[str, Any]:
    return {"answers": [{"number": 1, "filed": False, "ground": "no_facts", "reasons": text}]}


def test_a_withheld_text_that_tells_who_complained_or_a_number_is_never_opened(
    county: County,
) -> None:
    """No row of the table can open it: the sealed value cannot be opened in part."""
    county.ask(plan(county, f"{CONTENT}，联系 1 3 8-0000-1234"), PARTICIPANT, "content")
    assert county.refusal() == ("opening.never", "paths[0]")


def test_what_was_erased_at_its_term_is_said_to_be_gone(casebook: Casebook) -> None:
    """A child's designee has the letter of the parent, whose content is kept no longer."""
    history = History()
    run(casebook, three(history))
    (split,) = written(casebook, Log())
    run(casebook, [next_there(casebook, split)])
    schema_id, body = unframe(split.value or b"")
    child = County(casebook, History(at=history.at, count=50))
    child.history.decide(office().codecs[schema_id].decode(body))
    designation = sent(child.history, "designation", SUPERIOR, designee=organ(THIRD))
    run(casebook, [next_there(casebook, Log().put(designation, child.history.at))])
    letter = {"in_reply_to": history.opened.opening}
    asked = child.history.next("opening_request", THIRD, envelope=letter)
    with casebook.engine.begin() as connection:
        connection.execute(OUTBOX.delete())
        CaseKeys(connection, casebook.key).erase(history.opened.id, MONDAY)
    run(casebook, [next_there(casebook, Log().put(asked, child.history.at))])
    assert child.refusal() == ("opening.original_erased", "envelope.in_reply_to")


def test_more_than_a_message_can_carry_is_refused(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.exchange.asking.OPENED_MAX_BYTES", 100)
    county.ask(plan(county), PARTICIPANT, "content")
    assert county.refusal() == ("opening.too_large", "paths")


def test_opened_fields_that_were_changed_on_the_way_are_refused_by_the_connector(
    county: County,
) -> None:
    county.answer(county.ask(plan(county), PARTICIPANT, "content"), SENDER, "content")
    ((_, _, value),) = county.opened()
    schema_id, body = unframe(value)
    position = body.index(CONTENT.encode()[:6])
    changed = body[:position] + "合".encode() + body[position + 3 :]
    opened = office().codecs[schema_id].open(changed)
    found = verify_copy(opened, office().key, MONDAY, demo().bus)
    assert isinstance(found, Refusal)
    assert found.code == "seal.invalid"
