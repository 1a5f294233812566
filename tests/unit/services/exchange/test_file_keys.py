"""The exchange opens the keys of attachments, and wraps each to whom may see it: nobody else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.errors import Refusal
from schemas.file_key import jwk_of_opener, new_opener
from schemas.messages import LeadTransfer, Message, Rejected
from schemas.parts import Attachment
from services.casebook.store import Casebook
from services.casebook.tables import BLOBS
from services.exchange.file_keys import keys_for
from services.exchange.intake import Refused, Sound, take_in
from services.exchange.office import Office
from services.rulebook.model import PublicKey
from tests.files_office import (
    attached,
    files_office,
    opened_by,
    sender_and_handler,
    without_key,
)
from tests.history import HANDLER, MONDAY, SENDER, message, organ
from tests.office import Log, inboxes, rows, run

FILE_KEY = bytes(range(32))


def lead(label: str = "one", **changes: Any) -> Message:
    return message("lead_transfer", SENDER, label, **changes)


def judged(sent: Message, by: Office | None = None) -> Refusal | None:
    found = take_in(Log().put(sent, MONDAY), by or files_office())
    if isinstance(found, Sound):
        return None
    assert isinstance(found, Refused)
    return found.refusal


def copy_of(casebook: Casebook, sent: Message, to: str = HANDLER) -> Message:
    (found,) = (
        said.message
        for said in inboxes(casebook)
        if said.to == to and said.message.envelope.message_id == sent.envelope.message_id
    )
    return found


def test_the_handler_gets_the_key_wrapped_to_itself(casebook: Casebook) -> None:
    sender, handler = sender_and_handler()
    sent = attached(attached(lead(), file_key=FILE_KEY), "笔录.pdf", FILE_KEY[::-1])
    run(casebook, [Log().put(sent, MONDAY)], files_office())
    copy = copy_of(casebook, sent)
    assert opened_by(copy, handler) == [FILE_KEY, FILE_KEY[::-1]]
    assert opened_by(copy, sender) == [None, None]
    assert copy.envelope.attachments == sent.envelope.attachments


def test_what_waited_is_wrapped_to_the_key_that_followed_a_stolen_one() -> None:
    sent, handler = attached(lead(), file_key=FILE_KEY), organ(HANDLER)
    base = files_office()
    keys = dict(base.rulebook.directory.keys)
    (old,) = (key for key in keys.values() if (key.organ, key.algorithm) == (handler, "X25519"))
    later, new = MONDAY + timedelta(days=2), new_opener()
    keys[old.kid] = replace(old, valid_to=later, compromised_since=later)
    jwk = jwk_of_opener(new)
    keys[jwk.kid] = PublicKey(jwk.kid, handler, jwk.algorithm, jwk.x, jwk.y, later)
    directory = replace(base.rulebook.directory, keys=keys)
    by = replace(base, rulebook=replace(base.rulebook, directory=directory))
    (wrapped,) = keys_for(sent.envelope, by, handler, MONDAY)
    assert wrapped.key.startswith(f"{jwk.kid}.")


def test_a_key_of_another_message_is_refused_though_its_sender_saw_it() -> None:
    sent = attached(lead())
    (seen,) = sent.envelope.attachments or ()
    for other in (lead("two"), message("lead_transfer", HANDLER, "one")):
        stolen = replace(other, envelope=replace(other.envelope, attachments=(seen,)))
        found = judged(stolen)
        assert found == Refusal("attachment.key_wrong", where="envelope.attachments[0].key")
    assert judged(sent) is None


@pytest.mark.parametrize("part", ["blob", "sha256", "size_bytes"])
def test_a_key_beside_another_file_is_refused(part: str) -> None:
    sent = attached(lead())
    (seen,) = sent.envelope.attachments or ()
    other: dict[str, Any] = {"blob": "9" * 64, "sha256": "9" * 64, "size_bytes": 6}
    swapped = replace(seen, **{part: other[part]})
    found = judged(replace(sent, envelope=replace(sent.envelope, attachments=(swapped,))))
    assert found == Refusal("attachment.key_wrong", where="envelope.attachments[0].key")


def test_an_addressee_without_an_encryption_key_gets_no_message_with_files() -> None:
    _, handler = sender_and_handler()
    named = lead(envelope={"addressees": [handler]})
    by = without_key(handler)
    found = judged(attached(named), by)
    where = "envelope.addressees"
    assert found == Refusal("attachment.recipient_key_unknown", where=where, detail=handler)
    assert judged(named, by) is None
    assert judged(attached(named)) is None


def test_whom_nobody_named_gets_the_message_without_a_key_it_has_none_for(
    casebook: Casebook,
) -> None:
    _, handler = sender_and_handler()
    sent = attached(lead())
    run(casebook, [Log().put(sent, MONDAY)], without_key(handler))
    copy = copy_of(casebook, sent)
    assert copy.envelope.delivery is not None
    assert copy.envelope.delivery.keys == ()
    assert copy.envelope.attachments == sent.envelope.attachments


@pytest.mark.parametrize("name", ["name", "blob", "key", "sha256", "size_bytes"])
def test_of_what_is_withheld_in_part_no_key_is_wrapped(name: str) -> None:
    _, handler = sender_and_handler()
    envelope = attached(lead()).envelope
    (seen,) = envelope.attachments or ()
    assert len(keys_for(envelope, files_office(), handler, MONDAY)) == 1
    shown = replace(envelope, attachments=(replace(seen, **{name: None}),))
    assert keys_for(shown, files_office(), handler, MONDAY) == ()


def test_a_manifest_alone_needs_no_key() -> None:
    manifest = Attachment("在途.zip", "application/zip", 9, "3" * 64)
    sent = lead()
    assert judged(replace(sent, envelope=replace(sent.envelope, attachments=(manifest,)))) is None


def test_a_replay_without_the_bus_s_keys_does_not_ask_again() -> None:
    sent = attached(lead())
    (seen,) = sent.envelope.attachments or ()
    other = lead("two")
    stolen = replace(other, envelope=replace(other.envelope, attachments=(seen,)))
    assert judged(stolen, replace(files_office(), openers={})) is None


def test_a_key_that_no_longer_opens_is_left_out_and_the_bus_goes_on(casebook: Casebook) -> None:
    sent = attached(lead())
    run(casebook, [Log().put(sent, MONDAY)], replace(files_office(), openers={}))
    copy = copy_of(casebook, sent)
    assert copy.envelope.delivery is not None
    assert copy.envelope.delivery.keys == ()


def test_files_of_an_accepted_message_are_on_the_books_and_those_of_a_refused_one_to_be_lost(
    casebook: Casebook,
) -> None:
    log = Log()
    good = attached(lead())
    (seen,) = good.envelope.attachments or ()
    other = lead("two")
    bad = replace(other, envelope=replace(other.envelope, attachments=(seen,)))
    assert isinstance(good, LeadTransfer)
    reused = replace(good, volumes=77)
    used = lead("three", envelope={"document_number": good.envelope.document_number})
    records = [log.put(each, MONDAY) for each in (good, bad, reused, attached(used, "b.jpg"))]
    run(casebook, records, files_office())
    told = [said.message.code for said in inboxes(casebook) if isinstance(said.message, Rejected)]
    assert sorted(told) == ["attachment.key_wrong", "document_number.used", "message.id_reused"]
    found = {(row.message_id, row.lost) for row in rows(casebook, BLOBS)}
    assert found == {
        (good.envelope.message_id, False),
        (bad.envelope.message_id, True),
        (used.envelope.message_id, True),
    }


def test_what_is_no_address_is_never_a_place_in_the_store(casebook: Casebook) -> None:
    sent = attached(lead())
    (seen,) = sent.envelope.attachments or ()
    odd = (replace(seen, blob="../../机密/000000"), replace(seen, name="机密_名单.xlsx"))
    for number, attachments in enumerate((odd[:1], odd)):
        plain = lead(str(number))
        bad = replace(plain, envelope=replace(plain.envelope, attachments=attachments))
        run(casebook, [Log().put(bad, MONDAY, partition=None)], files_office())
    assert {row.blob for row in rows(casebook, BLOBS)} <= {seen.blob}


def test_what_the_gate_refuses_loses_its_files_too(casebook: Casebook) -> None:
    sent = attached(attached(lead()), "机密_名单.xlsx")
    run(casebook, [Log().put(sent, MONDAY)], files_office())
    assert [(row.lost, row.sender) for row in rows(casebook, BLOBS)] == [(True, organ(SENDER))] * 2
    name = "机密_名单"
    assert all(name not in repr(row) for row in rows(casebook, BLOBS))
