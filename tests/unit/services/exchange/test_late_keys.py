"""Keys change while letters are held, wait or are handed on: whoever gets them later can verify."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.codec import unframe
from schemas.errors import Refusal
from schemas.ids import BUS, OrganCode
from schemas.jwk import jwk_of, signer_of
from schemas.seal import verify_copy
from services.casebook.store import Casebook
from services.exchange.office import Office
from services.rulebook.model import PublicKey
from tests.any_message import SteadySigner
from tests.history import (
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    SUPERVISOR,
    History,
    demo,
    organ,
    violation,
)
from tests.office import Log, Said, inboxes, office, run, sent

Listed = dict[str, PublicKey]
DAY: Final = timedelta(days=1)
NEW_BUS: Final = Ed25519PrivateKey.from_private_bytes(sha256(b"the bus's second key").digest())


def with_keys(change: Callable[[Mapping[str, PublicKey]], Listed]) -> Office:
    """An office in whose directory the keys are others."""
    base = office()
    directory = base.rulebook.directory
    changed = replace(directory, keys=change(directory.keys))
    return replace(base, rulebook=replace(base.rulebook, directory=changed))


def ended(
    keys: Mapping[str, PublicKey], whose: OrganCode, at: datetime, since: datetime | None = None
) -> Listed:
    return {
        kid: replace(key, valid_to=at, compromised_since=since) if key.organ == whose else key
        for kid, key in keys.items()
    }


def of_a_new_bus_key(since: datetime) -> Office:
    """An office that vouches by a second key; the first one has ended at that time."""
    jwk = jwk_of(NEW_BUS.public_key())
    second = PublicKey(jwk.kid, BUS, jwk.algorithm, jwk.x, jwk.y, since.astimezone(UTC))
    found = with_keys(lambda keys: {**ended(keys, BUS, since), jwk.kid: second})
    return replace(found, signer=SteadySigner(signer_of(NEW_BUS)))


def judged(said: Said, by: Office, written: datetime) -> str | None:
    """What a recipient's connector finds of a value that the broker took at that time."""
    schema_id, body = unframe(said.value)
    found = verify_copy(by.codecs[schema_id].open(body), by.key, written, demo().bus)
    return found.code if isinstance(found, Refusal) else None


def held_for_weeks(casebook: Casebook, by: Office) -> tuple[list[Said], datetime]:
    """Hold a lead; let the supervisor assign it after twenty days. Return what is sent then."""
    history, log = History(), Log()
    lead = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    run(casebook, [log.put(lead, history.at)])
    before = len(inboxes(casebook))
    history.at += 20 * DAY
    to = {"addressees": [organ(HANDLER)]}
    assignment = sent(history, "routing_assignment", SUPERVISOR, envelope=to)
    run(casebook, [log.put(assignment, history.at)], by=by)
    return inboxes(casebook)[before:], history.at


def test_a_letter_that_was_held_verifies_though_its_sender_s_key_has_ended_since(
    casebook: Casebook,
) -> None:
    by = with_keys(lambda keys: ended(keys, organ(SENDER), MONDAY + 2 * DAY))
    told, at = held_for_weeks(casebook, by)
    copy = next(said for said in told if said.message.envelope.record == "LeadTransfer")
    assert judged(copy, by, at) is None
    delivery = copy.message.envelope.delivery
    assert delivery is not None
    assert delivery.at == MONDAY + timedelta(minutes=1)  # when the bus had it
    assert [judged(said, by, at) for said in told] == [None] * len(told)


def test_a_held_letter_from_before_its_sender_s_key_was_stolen_verifies_and_a_later_one_does_not(
    casebook: Casebook,
) -> None:
    def stolen(since: datetime) -> Office:
        end = MONDAY + 3 * DAY
        return with_keys(lambda keys: ended(keys, organ(SENDER), end, since))

    told, at = held_for_weeks(casebook, stolen(MONDAY + 2 * DAY))
    copy = next(said for said in told if said.message.envelope.record == "LeadTransfer")
    assert judged(copy, stolen(MONDAY + 2 * DAY), at) is None
    assert judged(copy, stolen(MONDAY), at) == "seal.key_compromised"


def test_what_came_before_the_bus_had_its_present_key_is_vouched_for_by_that(
    casebook: Casebook,
) -> None:
    history = History()
    by = of_a_new_bus_key(MONDAY + DAY)  # the exchange was down, and its key was lost
    run(casebook, [Log().put(sent(history, "lead_transfer", SENDER), history.at)], by=by)
    written = MONDAY + DAY + timedelta(hours=1)
    assert [judged(said, by, written) for said in inboxes(casebook)] == [None, None]
    too_early = MONDAY + timedelta(hours=1)  # nobody had that key then
    assert {judged(said, by, too_early) for said in inboxes(casebook)} == {"seal.key_unknown"}


def test_a_repeat_is_answered_by_the_first_receipt_though_the_bus_s_key_has_ended_since(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    lead = sent(history, "lead_transfer", SENDER)
    run(casebook, [log.put(lead, history.at)])
    by, again = of_a_new_bus_key(MONDAY + DAY), MONDAY + 3 * DAY
    run(casebook, [log.put(lead, again)], by=by)
    receipt = inboxes(casebook)[-1]
    assert receipt.message.envelope.record == "Accepted"
    assert judged(receipt, by, again) is None
