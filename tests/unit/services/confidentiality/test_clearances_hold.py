"""The demo's clearances, said once more by hand: a canary in every field, for every relation.

`judged` tells where the redaction differs from this table, or rests on no row. Taking any one row
of clearances.csv away is found by it.
"""

from collections.abc import Iterable
from typing import Final

import pytest

from schemas.classes import FieldClass
from schemas.codec import current
from schemas.describe import Path, describe
from schemas.inline import schema_of
from schemas.parts import Relation
from schemas.topics import RECORDS
from services.confidentiality.places import Places
from services.confidentiality.redact import Redactor
from services.rulebook.model import Clearance, Clearances, Treatment
from tests.history import demo
from tests.unit.services.confidentiality.canaries import contract, filled, leaves

K, M, G, W = Treatment.KEEP, Treatment.MASK, Treatment.GENERALISE, Treatment.WITHHOLD
R = Relation
# public, internal, personal, business, complainant, investigative
ALLOWED: Final = {
    R.HANDLER: (K, K, K, K, K, K),
    R.DESIGNEE: (K, K, K, K, W, K),
    R.SENDER: (K, K, K, K, W, K),
    R.FORWARDER: (K, K, M, W, W, W),
    R.COUNTERPART: (K, K, K, W, W, K),
    R.FORMER_HOLDER: (K, K, M, W, W, W),
    R.PARTICIPANT: (K, K, K, W, W, W),
    R.COPY_RECIPIENT: (K, K, M, W, W, W),
    R.OTHER_DEPARTMENT: (K, K, M, W, W, W),
    R.SUPERIOR: (K, K, K, K, W, K),
    R.SUPERVISOR: (K, K, M, W, W, W),
}
BY_PATH: Final = {
    (R.FORWARDER, "answers[].reasons"): K,
    (R.FORWARDER, "summary"): K,
    (R.PARTICIPANT, "parties[].id_number"): M,
    (R.PARTICIPANT, "parties[].phone"): M,
    (R.COPY_RECIPIENT, "parties[].address"): G,
    (R.COPY_RECIPIENT, "violations[].place_text"): G,
    (R.OTHER_DEPARTMENT, "parties[].address"): G,
    (R.OTHER_DEPARTMENT, "violations[].place_text"): G,
    (R.OTHER_DEPARTMENT, "parties[].birth_date"): G,
    (R.SUPERVISOR, "parties[].address"): G,
    (R.SUPERVISOR, "violations[].place_text"): G,
}
CLASSES: Final = tuple(FieldClass)
PLACES: Final = Places(demo().divisions)
# Together these have a field of every class, and of every path that has a row of its own.
TELLING: Final = ("LeadTransfer", "FilingReply", "OutcomeFeedback")


def judged(clearances: Clearances, relation: Relation, records: Iterable[str]) -> list[str]:
    """Return each path where the copy is not what the table above allows, by a row that says so."""
    wrong: list[str] = []
    for record in records:
        redactor = Redactor(schema_of(record), relation, clearances, PLACES)
        original = filled(record)
        redacted = redactor(original)
        current(record).encode(redacted.message)
        before, after = leaves(original), leaves(redacted.message)
        for path in describe(record).paths:
            if not is_judged(path):
                continue
            row, expected = redactor.rules[path.path], expected_of(relation, path)
            if row is None or row.treatment is not expected:
                wrong.append(f"{record} {path.path}: {row and row.treatment}, not {expected}")
        for place, value in before.items():
            path = next(each for each in describe(record).paths if each.path == contract(place))
            expected = expected_of(relation, path) if is_judged(path) else K
            if place.startswith("envelope.attachments[") and redactor.hidden(original):
                expected = W  # a file cannot be searched for what is hidden: it goes whole
            shown = after.get(place)
            if expected is K and shown != value:
                wrong.append(f"{record} {place}: not as it was")
            if expected is not K and shown == value:
                wrong.append(f"{record} {place}: shown")
            if shown is None and not _is_listed(place, redacted.withheld):
                wrong.append(f"{record} {place}: gone and not listed")
            if shown not in (None, value) and place not in redacted.masked:
                wrong.append(f"{record} {place}: changed and not listed")
        text = repr(redacted.message)
        wrong += [
            f"{record} {place}: stands elsewhere"
            for place, value in before.items()
            if isinstance(value, str) and after.get(place) != value and value in text
        ]
    return wrong


def _is_listed(place: str, withheld: tuple[str, ...]) -> bool:
    """A container that is withheld stands for all that is in it."""
    return any(place == path or place.startswith((f"{path}.", f"{path}[")) for path in withheld)


def is_judged(path: Path) -> bool:
    """What cannot be null is public and part of how a message is made; the copy fills the rest."""
    filled_later = path.path.startswith(("envelope.delivery", "envelope.seal"))
    return path.nullable and not filled_later


def expected_of(relation: Relation, path: Path) -> Treatment:
    by_class = ALLOWED[relation][CLASSES.index(FieldClass(path.confidentiality))]
    return BY_PATH.get((relation, path.path), by_class)


@pytest.mark.parametrize("relation", ALLOWED)
def test_every_relation_sees_of_every_record_what_the_table_allows_and_no_more(
    relation: Relation,
) -> None:
    assert judged(demo().clearances, relation, RECORDS) == []


def row_id(row: Clearance) -> str:
    return f"{row.relation}-{row.field_class}-{row.path or 'all'}"


@pytest.mark.parametrize("row", demo().clearances.rows, ids=row_id)
def test_taking_a_row_away_is_found(row: Clearance) -> None:
    rest = tuple(each for each in demo().clearances.rows if each is not row)
    assert judged(Clearances(rest), row.relation, TELLING) != []


def test_whose_relation_is_unknown_sees_only_how_the_message_is_made() -> None:
    original = filled("LeadTransfer")
    redacted = Redactor(schema_of("LeadTransfer"), R.UNKNOWN, demo().clearances, PLACES)(original)
    shown = {path for path, value in leaves(redacted.message).items() if value is not None}
    assert {contract(path) for path in shown} == {
        "envelope.bus",
        "envelope.message_id",
        "envelope.case_id",
        "envelope.flow",
        "envelope.record",
        "envelope.sender",
        "envelope.addressees",
        "envelope.secrecy",
        "envelope.sent_at",
    }
    assert "parties" in redacted.withheld  # a container is listed once, by its own path
    assert not [path for path in redacted.withheld if path.startswith("parties[")]
    assert redacted.masked == ()
