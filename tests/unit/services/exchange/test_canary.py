"""A canary in every classified field of every record, sent to every relation through the exchange.

The law is replaced: each message goes to an organ of each relation. What the casebook and the
outbox hold then is held against tests/canary_places.csv and the clearances as said by hand.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Final
from urllib.parse import quote

import pytest

from schemas.classes import FieldClass
from schemas.codec import current, unframe
from schemas.describe import describe
from schemas.errors import Refusal
from schemas.ids import Alias, CaseId, MessageId, derive
from schemas.messages import FilingReply, Message
from schemas.parts import Flow, Relation, Secrecy
from schemas.seal import copied, verify_copy
from schemas.sharing import ComplaintForward
from schemas.topics import RECORDS, Author
from services.casebook.headers import headers_from_text
from services.casebook.store import Casebook
from services.casebook.tables import METADATA
from services.casework.case import Case, Handed
from services.casework.effects import Accept, Decision, Deliver
from services.exchange import copies
from services.exchange.batch import run_batch
from services.exchange.intake import Sound
from services.exchange.shelf import Shelf
from services.rulebook.model import Treatment
from tests.canary_search import ENCODINGS, Canary, Seeker, allowance, misplaced, table
from tests.history import HANDLER, MONDAY, SENDER, History, demo, not_filed, organ
from tests.office import Log, inboxes, office, outbox, rows, run, sealed, sent
from tests.unit.services.confidentiality.canaries import contract, filled, leaves
from tests.unit.services.confidentiality.test_clearances_hold import expected_of, is_judged

BY_ORGANS = [record.name for record in RECORDS.values() if record.author is Author.ORGAN]
# One organ for each relation; any will do.
TO = dict(
    zip(Relation, [each for each in demo().directory.organs if each != organ(SENDER)], strict=False)
)
ALIASES: dict[str, Relation] = {
    demo().directory.organs[code].alias: relation for relation, code in TO.items()
}
MARKET = "liuzhi-scjg"
_A_TOWNSHIP = "520203102000"  # a division's code: public, and everywhere


def planted(_case: Case | None, message: Message, *_: Any) -> Decision:
    """Deliver it to every relation."""
    envelope = message.envelope
    name, sender, at = type(message).__name__, envelope.sender, MONDAY
    handed = tuple(
        Handed(envelope.message_id, name, sender, to, relation, at) for relation, to in TO.items()
    )
    opened = Case(envelope.case_id, envelope.flow, sender, envelope.message_id, at, handed=handed)
    delivered = tuple(
        Deliver(envelope.message_id, name, sender, to, relation, None)
        for relation, to in TO.items()
    )
    recipients = tuple((to, relation) for relation, to in TO.items())
    told = Accept(envelope.message_id, name, sender, recipients)
    return Decision(opened, (*delivered, told))


def full(record: str, numbers: Iterator[int] | None = None) -> Message:
    """Return a message of the record with a canary in every field, made so that it can travel."""
    message = filled(record, numbers)
    message_id = MessageId(derive("canary", record))
    envelope = replace(
        message.envelope,
        bus=demo().bus,
        message_id=message_id,
        case_id=CaseId(derive("canary", "case", record)),
        flow=Flow.LEADS,
        record=record,
        sender=organ(SENDER),
        addressees=(),
        in_reply_to=None,
        document_number=None,
        secrecy=Secrecy.NONE,
        delivery=None,
        seal=None,
    )
    return replace(message, envelope=envelope)


def canaries_of(message: Message) -> Iterator[Canary]:
    """Yield each string that stands in a classified field and in no other."""
    record = type(message).__name__
    paths = {path.path: path for path in describe(record).paths}
    for place, value in leaves(message).items():
        path = paths[contract(place)]
        is_canary = isinstance(value, str) and any(sign.isdecimal() for sign in value)
        if is_canary and is_judged(path) and value != _A_TOWNSHIP:
            yield Canary(value, record, path.path, FieldClass(path.confidentiality))


@pytest.fixture
def everywhere(casebook: Casebook, monkeypatch: pytest.MonkeyPatch) -> dict[str, Message]:
    """Every record, full, decided and in the outbox for every relation."""
    monkeypatch.setattr("services.exchange.clerk.decide", planted)
    numbers = count(1)  # of all canaries: each stands in one field of one message
    log, messages = Log(), {record: full(record, numbers) for record in BY_ORGANS}
    sounds = []
    for record, message in messages.items():
        schema_id, body = unframe(sealed(message))
        opened = current(record).open(body)
        sounds.append(
            Sound(log.put(message, MONDAY), opened, schema_id, body, office().rulebook.hash)
        )
    run_batch(casebook, Shelf(office()), sounds)
    return messages


def test_no_field_is_left_without_a_canary(everywhere: dict[str, Message]) -> None:
    for record, message in everywhere.items():
        empty = [path for path, value in leaves(message).items() if value is None]
        assert {contract(path) for path in empty} <= {
            "envelope.in_reply_to",
            "envelope.document_number",
        }, record
    assert sum(1 for message in everywhere.values() for _ in canaries_of(message)) > 500


def test_every_relation_gets_every_record_and_of_it_what_the_clearances_say(
    casebook: Casebook, everywhere: dict[str, Message]
) -> None:
    seen, wrong = set(), []
    for copy in (each for each in inboxes(casebook) if each.to in ALIASES):
        record, delivery = type(copy.message).__name__, copy.message.envelope.delivery
        if record == "Accepted":
            continue
        assert delivery is not None
        relation = ALIASES[Alias(copy.to)]
        assert (delivery.relation, delivery.to) == (relation, TO[relation])
        seen.add((record, delivery.relation))
        wrong += list(_wrong(everywhere[record], copy.message, delivery.relation))
    assert wrong == []
    assert seen == {(record, relation) for record in BY_ORGANS for relation in Relation}


def test_every_copy_proves_its_sender_s_word_redacted_or_not(
    casebook: Casebook, everywhere: dict[str, Message]
) -> None:
    kinds = set()
    for copy in (each for each in inboxes(casebook) if type(each.message).__name__ in everywhere):
        schema_id, body = unframe(copy.value)
        opened = office().codecs[schema_id].open(body)
        delivery = copy.message.envelope.delivery
        key = verify_copy(opened, office().key, MONDAY, demo().bus)
        assert not isinstance(key, Refusal), key
        assert delivery is not None
        is_whole = not (delivery.withheld or delivery.masked)
        assert key.organ == organ(SENDER)
        kinds.add((delivery.relation is Relation.HANDLER, is_whole))
    assert kinds >= {(True, True), (False, False)}


def test_no_row_of_the_casebook_holds_what_its_place_may_not(
    casebook: Casebook, everywhere: dict[str, Message]
) -> None:
    canaries = [canary for message in everywhere.values() for canary in canaries_of(message)]
    seeker = Seeker(canaries)
    wrong: list[str] = []
    for place, content, relation in _contents(casebook):

        def is_cleared(canary: Canary, relation: Relation | None = relation) -> bool:
            paths = {path.path: path for path in describe(canary.record).paths}
            return relation is not None and _keeps(relation, paths[canary.path])

        wrong += seeker.misplaced(place, content, is_cleared)
    assert wrong == []


def test_the_search_finds_what_is_where_it_may_not_be() -> None:
    lead = full("LeadTransfer")
    canaries = list(canaries_of(lead))
    body = sealed(lead)
    assert misplaced("topic:leads", body, canaries) == []
    for place in ("topic:journal", "table:decisions.entry", "log:exchange.log", "nowhere"):
        found = misplaced(place, body, canaries)
        assert any("parties[].id_number (personal)" in each for each in found), place


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", ["慕容5001", "13900135001"])
def test_the_search_finds_it_in_every_form_wherever_that_begins(
    text: str, encoding: str, before: int
) -> None:
    canary = Canary(text, "LeadTransfer", "parties[].name", FieldClass.PERSONAL)
    raw = bytes(range(before)) + text.encode(encoding) + b"\xff\xfe"
    seeker = Seeker([canary])
    forms = (raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw))
    for form in (*forms, json.dumps(text).encode(), quote(text).encode()):
        assert seeker.found(form), form
        assert seeker.misplaced("log:exchange.log", form)
        assert not seeker.misplaced("topic:leads", form)
    assert not seeker.found(text[:-1].encode(encoding))


def test_a_place_without_a_row_may_hold_nothing() -> None:
    assert allowance("elsewhere:x", table()) == {"none"}
    assert allowance("table:originals.body", table()) == {"public"}
    assert allowance("topic:inbox.yanjiao", table()) == {"cleared"}


def test_a_reply_does_not_tell_the_forwarder_what_the_opening_hides(casebook: Casebook) -> None:
    history, log = History(), Log()
    forward = sent(history, "complaint_forward", SENDER)
    run(casebook, [log.put(forward, MONDAY)])  # the reply is of another batch: it is looked up
    assert isinstance(forward, ComplaintForward)
    assert forward.complainant is not None
    name, phone = forward.complainant.name, forward.complainant.phone
    assert name is not None
    reasons = f"经向{name}（{phone}）核实，不成立"
    reply = sent(history, "filing_reply", MARKET, answers=[{**not_filed(), "reasons": reasons}])
    run(casebook, [log.put(reply, history.at)])
    (copy,) = (each for each in inboxes(casebook) if isinstance(each.message, FilingReply))
    assert copy.to == SENDER
    assert isinstance(copy.message, FilingReply)
    told = copy.message.answers
    assert told is not None
    assert told[0].reasons == "经向示**（138****0000）核实，不成立"
    delivery = copy.message.envelope.delivery
    assert delivery is not None
    assert delivery.masked == ("answers[0].reasons",)
    assert name.encode() not in copy.value
    handler = next(each for each in inboxes(casebook) if each.to == MARKET)
    assert name.encode() in handler.value  # who handles it must know whom to ask


def test_a_copy_that_would_be_too_large_withholds_its_lists_as_a_whole(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.exchange.copies.COPY_MAX_BYTES", 100)
    history, log = History(), Log()
    forward = sent(history, "complaint_forward", SENDER)
    assert isinstance(forward, ComplaintForward)
    assert forward.complainant is not None
    reasons = f"经向{forward.complainant.name}核实，不成立"
    reply = sent(history, "filing_reply", MARKET, answers=[{**not_filed(), "reasons": reasons}])
    run(casebook, [log.put(forward, MONDAY), log.put(reply, history.at)])
    (copy,) = (each for each in inboxes(casebook) if isinstance(each.message, FilingReply))
    delivery = copy.message.envelope.delivery
    assert delivery is not None
    assert (delivery.withheld, delivery.masked) == (("answers",), ())
    opened = current("FilingReply").open(unframe(copy.value)[1])
    assert not isinstance(verify_copy(opened, office().key, MONDAY, demo().bus), Refusal)


@pytest.mark.parametrize(("over", "hidden"), [(0, "answers[0].reasons"), (1, "answers")])
def test_a_copy_that_just_fits_shows_what_may_be_seen_and_one_byte_more_is_too_large(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, over: int, hidden: str
) -> None:
    made = copied

    def fits(*what: Any) -> Any:
        copy = made(*what)
        monkeypatch.setattr(copies, "COPY_MAX_BYTES", len(copy.body) - over)
        monkeypatch.setattr(copies, "copied", made)  # the one that is made next may be any
        return copy

    history, log = History(), Log()
    forward = sent(history, "complaint_forward", SENDER)
    assert isinstance(forward, ComplaintForward)
    assert forward.complainant is not None
    reasons = f"经向{forward.complainant.name}核实，不成立"
    reply = sent(history, "filing_reply", MARKET, answers=[{**not_filed(), "reasons": reasons}])
    run(casebook, [log.put(forward, MONDAY)])
    monkeypatch.setattr(copies, "copied", fits)
    run(casebook, [log.put(reply, history.at)])
    (copy,) = (each for each in inboxes(casebook) if isinstance(each.message, FilingReply))
    delivery = copy.message.envelope.delivery
    assert delivery is not None
    assert (*delivery.withheld, *delivery.masked) == (hidden,)


def test_what_is_not_hidden_is_the_sender_s_own_bytes(casebook: Casebook) -> None:
    history, log = History(), Log()
    lead = log.put(sent(history, "lead_transfer", SENDER), MONDAY)
    reply = log.put(sent(history, "filing_reply", HANDLER), history.at)
    run(casebook, [lead, reply])
    for incoming, alias in ((lead, HANDLER), (reply, SENDER)):
        copies = [each for each in inboxes(casebook) if each.message.envelope.delivery is not None]
        copy = next(each for each in copies if each.to == alias)
        delivery = copy.message.envelope.delivery
        assert delivery is not None
        assert (delivery.withheld, delivery.masked) == ((), ())
        assert incoming.value is not None
        sealed_part = current(type(copy.message).__name__).open(unframe(incoming.value)[1])
        assert unframe(copy.value)[1].startswith(sealed_part.signed_bytes[:-2])


# Where a name, number or address is hidden, files go whole: they cannot be searched for it.
_FILES: Final = "envelope.attachments["


def _wrong(before: Message, after: Message, relation: Relation) -> Iterator[str]:
    """Every leaf of a copy that is shown and may not be, or the reverse."""
    record, shown = type(before).__name__, leaves(after)
    paths = {path.path: path for path in describe(record).paths}
    for place, value in leaves(before).items():
        path = paths[contract(place)]
        keeps = relation is not Relation.UNKNOWN and (
            not is_judged(path) or expected_of(relation, path) is Treatment.KEEP
        )
        goes_along = place.startswith(_FILES) and relation is not Relation.HANDLER
        if keeps and shown.get(place) != value and not goes_along:
            yield f"{record} {place} for {relation}: gone"
        if is_judged(path) and not keeps and value is not None and shown.get(place) == value:
            yield f"{record} {place} for {relation}: shown"


def _keeps(relation: Relation, path: Any) -> bool:
    return relation is not Relation.UNKNOWN and expected_of(relation, path) is Treatment.KEEP


def _contents(casebook: Casebook) -> Iterator[tuple[str, bytes, Relation | None]]:
    """Every cell of every table as bytes; and opened, what waits in the outbox."""
    for name, each in METADATA.tables.items():
        for row in rows(casebook, each):
            for column, value in row._mapping.items():
                if value is None:
                    continue
                content = value if isinstance(value, bytes) else str(value).encode()
                if name == "outbox" and column == "headers":
                    content = repr(headers_from_text(value)).encode()
                yield f"table:{name}.{column}", content, None
    for waiting in (each for each in outbox(casebook) if each.topic != "dead-letters"):
        alias = waiting.topic.removeprefix("inbox.")
        yield f"topic:{waiting.topic}", waiting.value or b"", ALIASES.get(alias)
