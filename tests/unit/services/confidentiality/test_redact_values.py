"""Names and numbers that are shown in fields of their own, though they are hidden elsewhere."""

from dataclasses import replace

from schemas.inline import schema_of
from schemas.messages import SignedFor
from schemas.parts import Relation
from services.confidentiality.kinds import Kind
from services.confidentiality.redact import Redactor
from tests.any_message import default_lead, default_message
from tests.history import demo
from tests.unit.services.confidentiality.test_redact import LEAD, PERSON, PLACES, lead


def test_who_is_hidden_in_one_field_is_not_shown_in_another_that_is() -> None:
    """A complainant who is a witness, or whose number stands as somebody's contact."""
    evidence = replace((default_lead().evidence or ())[0], obtained_from="欧阳小明")
    message = lead(parties=(replace(PERSON, name="王某"),), evidence=(evidence,))
    redactor = Redactor(LEAD, Relation.SUPERIOR, demo().clearances, PLACES)
    hidden = [(Kind.NAME, "欧阳小明"), (Kind.PHONE, PERSON.phone or "")]
    shown = redactor(message, hidden)
    assert shown.message.evidence
    assert shown.message.parties
    assert shown.message.evidence[0].obtained_from == "欧**"
    assert shown.message.parties[0].phone == "138****8000"
    assert set(shown.masked) >= {"evidence[0].obtained_from", "parties[0].phone"}
    plain = redactor(message, [(Kind.NAME, "另一人")])
    assert plain.message is message  # a number that is shown in its own field is not told by form


def test_a_message_that_names_nobody_is_looked_through_for_nothing() -> None:
    signed = default_message("signed_for")
    assert isinstance(signed, SignedFor)
    signed = replace(signed, signed_by=None)
    redactor = Redactor(schema_of("SignedFor"), Relation.SENDER, demo().clearances, PLACES)
    for also in ((), None, [(Kind.NAME, "欧阳小明")]):
        assert redactor(signed, also).message is signed
