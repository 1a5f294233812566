"""Copies of messages whose writer has another version of the schema than we."""

import copy
from typing import Any

import pytest

from schemas.classes import FieldClass
from schemas.codec import compiled
from schemas.errors import Broken
from schemas.parts import Party, PartyKind, Relation
from services.confidentiality.redact import Redactor
from services.rulebook.model import Clearance, Clearances, Treatment
from tests.any_message import default_lead
from tests.history import demo
from tests.unit.services.confidentiality.test_redact import LEAD, PERSON, PLACES, lead, table


def newer(change: str, **field: Any) -> dict[str, Any]:
    """The lead's schema as another version has it: a field added, or changed (`Type.field`)."""
    schema = copy.deepcopy(LEAD)
    owner, _, name = change.partition(".")
    of_type = schema["fields"] if owner == "LeadTransfer" else _party(schema)["fields"]
    known = next((each for each in of_type if each["name"] == name), None)
    if known is None:
        of_type.insert(0, {"name": name, "type": ["null", "string"], "default": None, **field})
    else:
        known.update(field)
        for key in [key for key, value in field.items() if value is None]:
            del known[key]
    return schema


def _party(schema: dict[str, Any]) -> dict[str, Any]:
    party: dict[str, Any] = schema["fields"][0]["type"][1]["items"]
    assert party["name"] == "Party"
    return party


def test_a_field_that_only_the_writer_knows_follows_its_class() -> None:
    schema = newer("LeadTransfer.hint", confidentiality="investigative", doc="新 | new")
    keeps = Redactor(schema, Relation.HANDLER, demo().clearances, PLACES)
    assert keeps.keeps_all
    hides = Redactor(schema, Relation.SUPERVISOR, demo().clearances, PLACES)
    redacted = hides(default_lead())
    assert "hint" in redacted.withheld
    codec = compiled(schema)
    again = codec.decode(codec.encode(redacted.message))
    assert again == redacted.message


def test_a_field_that_only_the_writer_knows_and_that_cannot_be_shown_stops_the_bytes() -> None:
    clearances = table(Treatment.KEEP)
    schema = newer("LeadTransfer.hint", confidentiality="cosmic", doc="新 | new")
    redactor = Redactor(schema, Relation.SENDER, clearances, PLACES)
    assert not redactor.keeps_all
    redacted = redactor(default_lead())
    assert redacted.message is default_lead() or redacted.message == default_lead()
    assert redacted.withheld == ("hint",)


@pytest.mark.parametrize("named", [None, "cosmic", "investigative"])
def test_a_class_that_the_writer_lacks_or_has_higher_than_ours_withholds(named: str | None) -> None:
    schema = newer("LeadTransfer.legal_basis", confidentiality=named)
    redacted = Redactor(schema, Relation.SUPERVISOR, demo().clearances, PLACES)(default_lead())
    assert redacted.message.legal_basis is None


def test_a_class_that_was_raised_since_holds_for_old_messages_too() -> None:
    schema = newer("LeadTransfer.reason", confidentiality="public")
    redacted = Redactor(schema, Relation.SUPERVISOR, demo().clearances, PLACES)(default_lead())
    assert redacted.message.reason is None


def test_a_symbol_that_only_the_writer_knows_is_vouched_for_where_a_copy_is_written_anew() -> None:
    """Such a copy says `unknown` in its place, which its sender has not sealed."""
    schema = newer("Party.kind")
    kind = next(each for each in _party(schema)["fields"] if each["name"] == "kind")
    kind["type"] = {**kind["type"], "symbols": ["village_committee", *kind["type"]["symbols"]]}
    strangers = (Party(PartyKind.UNKNOWN, name="某甲"), PERSON)
    masks = table(Treatment.KEEP, parties__name=Treatment.MASK)
    redacted = Redactor(schema, Relation.SENDER, masks)(lead(parties=strangers))
    assert redacted.masked[-1] == "parties[0].kind"
    assert "parties[1].kind" not in redacted.masked
    known = Redactor(LEAD, Relation.SENDER, masks)(lead(parties=strangers))
    assert "parties[0].kind" not in known.masked
    # Where nothing is hidden the copy has its sender's bytes, and the symbol with them.
    hidden = Clearance(Relation.SENDER, FieldClass.COMPLAINANT, None, Treatment.WITHHOLD, "依据")
    keeps = Clearances((*table(Treatment.KEEP).rows, hidden))
    whole = Redactor(schema, Relation.SENDER, keeps)(lead(parties=strangers[:1]))
    assert (whole.withheld, whole.masked) == ((), ())


def test_around_a_field_that_cannot_be_null_everything_is_withheld() -> None:
    schema = newer("Party.kind", confidentiality="cosmic")
    message = lead(parties=(PERSON,), reason="欧阳小明")
    redacted = Redactor(schema, Relation.SENDER, table(Treatment.KEEP), PLACES)(message)
    assert redacted.withheld == ("parties",)
    assert redacted.message.reason == "欧**"


def test_a_record_of_which_no_copy_can_be_made_stops_the_process() -> None:
    schema = newer("LeadTransfer.envelope", confidentiality="cosmic")
    with pytest.raises(Broken, match=r"clearance\.unredactable"):
        Redactor(schema, Relation.HANDLER, demo().clearances)
