"""What an agency of the next version sends goes through an exchange of this one, seal and all."""

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.bus.key_rows import KEYS_CSV, as_csv, row_of
from connectors.bus.keyring import Keyring
from connectors.bus.known_schemas import KnownSchemas
from connectors.bus.registry import SchemaIds
from schemas.codec import Opened, frame
from schemas.errors import Refusal
from schemas.inline import canonical_json, fingerprint
from schemas.jwk import Jwk
from schemas.messages import LeadTransfer, SettleAction
from services.casebook.store import Casebook
from services.casebook.tables import CASES
from services.exchange.office import Office
from tests.batches import LATER, lead
from tests.history import HANDLER, MONDAY, SENDER, History
from tests.office import (
    Log,
    dead_letters,
    office,
    outbox,
    rows,
    run,
    sent,
    settlement,
    signers,
)
from tests.other_version import newer, value_by

NUMBER = 901


def ids_with(path: Path, confidentiality: str, *, is_never_null: bool = False) -> Path:
    codec = newer("LeadTransfer", confidentiality, is_never_null=is_never_null)
    by_id = {number: each.fingerprint for number, each in office().codecs.items()}
    file = path / "schema_ids.json"
    texts = {codec.fingerprint: canonical_json(codec.schema)}
    SchemaIds(by_id | {NUMBER: codec.fingerprint}, {}, texts).save(file)
    return file


def keyring(path: Path, ids: Path) -> Keyring:
    listed = office().rulebook.directory.keys.values()
    rows = [
        row_of(key.organ, Jwk(key.kid, key.algorithm, key.x, key.y), key.valid_from)
        for key in listed
    ]
    (path / KEYS_CSV).write_text(as_csv(rows), encoding="utf-8")
    return Keyring(path, ids, office().rulebook.bus)


def exchange(ids: Path) -> Office:
    known = KnownSchemas(ids)
    return replace(office(), codecs=known, ids=known.ids)


def copy_for_the_handler(casebook: Casebook) -> bytes:
    (value,) = (row.value for row in outbox(casebook) if row.topic == f"inbox.{HANDLER}")
    assert isinstance(value, bytes)
    return value


@pytest.mark.parametrize("confidentiality", ["public", "unheard_of"])
def test_a_field_that_only_the_sender_knows_is_kept_or_withheld_and_the_seal_holds(
    casebook: Casebook, tmp_path: Path, confidentiality: str
) -> None:
    ids = ids_with(tmp_path, confidentiality)
    lead = History().next("lead_transfer", SENDER)
    signer = signers()[lead.envelope.sender]
    value = value_by(newer("LeadTransfer", confidentiality), NUMBER, lead, "雨", signer)
    at = lead.envelope.sent_at
    run(casebook, [Log().raw(value, lead.envelope, at)], exchange(ids))

    reader = keyring(tmp_path, ids)
    opened = reader.open(copy_for_the_handler(casebook), at)
    assert isinstance(opened, Opened), opened
    assert isinstance(opened.message, LeadTransfer)
    assert opened.message.violations == lead.violations  # type: ignore[union-attr] # it is one
    assert ("雨".encode() in opened.body) is (confidentiality == "public")
    assert opened.message.envelope.delivery is not None
    withheld = opened.message.envelope.delivery.withheld
    assert ("weather" in withheld) is (confidentiality != "public")


def test_a_copy_that_cannot_be_written_freezes_its_case_and_no_other(
    casebook: Casebook, tmp_path: Path
) -> None:
    """Such a field passes no plan any more; of a registry of before it may be there."""
    ids = ids_with(tmp_path, "unheard_of", is_never_null=True)
    codec = newer("LeadTransfer", "unheard_of", is_never_null=True)
    history, log = History(), Log()
    bad = sent(history, "lead_transfer", SENDER)
    value = value_by(codec, NUMBER, bad, "雨", signers()[bad.envelope.sender])
    incoming = [log.put(lead(2), MONDAY), log.raw(value, bad.envelope, MONDAY)]
    incoming += [log.put(lead(number), MONDAY) for number in (3, 4)]
    tally = run(casebook, incoming, exchange(ids))
    assert tally.dead == ["case.defect"]
    cases = {row.case_id: (row.state, row.stopped) for row in rows(casebook, CASES)}
    assert cases.pop(bad.envelope.case_id) == ("new", "frozen")
    assert set(cases.values()) == {("issued", None)}
    ((_, dead, headers),) = dead_letters(casebook)
    assert dead == value
    assert headers["yichuan-code"] == "case.defect"
    retry = settlement(history, SettleAction.RETRY, bad)
    tally = run(casebook, [log.put(retry, LATER)], exchange(ids))
    assert tally.dead == ["case.defect"]  # the letter once more; the settlement itself is taken
    assert ("leads", "CaseSettled", "accepted") in tally.messages


def test_a_value_of_a_schema_that_cannot_be_compiled_is_a_dead_letter(
    casebook: Casebook, tmp_path: Path
) -> None:
    odd = {**newer("LeadTransfer").schema}
    odd["fields"] = [{**odd["fields"][0], "type": ["null", "yichuan.LeadTransfer"]}]
    ids, name = tmp_path / "schema_ids.json", fingerprint(odd)
    SchemaIds({NUMBER: name}, {}, {name: canonical_json(odd)}).save(ids)
    value = frame(NUMBER, b"\x00")
    tally = run(casebook, [Log().raw(value, lead(1).envelope, MONDAY)], exchange(ids))
    assert tally.dead == ["message.unknown_schema"]


def test_an_agency_that_has_not_yet_the_new_ids_refuses_and_keeps(
    casebook: Casebook, tmp_path: Path
) -> None:
    ids = ids_with(tmp_path, "public")
    lead = History().next("lead_transfer", SENDER)
    signer = signers()[lead.envelope.sender]
    value = value_by(newer("LeadTransfer"), NUMBER, lead, "雨", signer)
    at = lead.envelope.sent_at
    run(casebook, [Log().raw(value, lead.envelope, at)], exchange(ids))
    copy = copy_for_the_handler(casebook)
    SchemaIds({n: codec.fingerprint for n, codec in office().codecs.items()}, {}).save(ids)
    refused = keyring(tmp_path, ids).open(copy, at)
    assert isinstance(refused, Refusal)
    assert refused.code == "message.unknown_schema"
