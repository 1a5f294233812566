"""One copy: what is withheld, masked, generalised, and what is taken out of its texts."""

import copy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.classes import FieldClass
from schemas.codec import current
from schemas.inline import schema_of
from schemas.messages import LeadTransfer, OutcomeFeedback
from schemas.parts import Party, PartyKind, Relation, Source, SourceKind
from schemas.sharing import Complainant, ComplaintForward
from schemas.topics import RECORDS
from services.confidentiality.places import Places
from services.confidentiality.redact import Redacted, Redaction, Redactor
from services.rulebook.model import Clearance, Clearances, Treatment
from tests.any_message import default_lead, default_message, messages
from tests.history import demo
from tests.unit.services.confidentiality.canaries import contract, filled, leaves

LEAD = schema_of("LeadTransfer")
PLACES = Places(demo().divisions)
PERSON = Party(
    PartyKind.PERSON,
    name="欧阳小明",
    sex="男",
    birth_date=date(1990, 5, 20),
    id_number="520203199005201234",
    address="贵州省六盘水市六枝特区岩脚镇示例路1号",
    phone="13800138000",
)


def lead(**changes: Any) -> LeadTransfer:
    return replace(default_lead(), **changes)


def copy_for(relation: Relation, message: LeadTransfer) -> Redacted[LeadTransfer]:
    redactor: Redactor = Redactor(LEAD, relation, demo().clearances, PLACES)
    return redactor(message)


def table(treatment: Treatment, **by_path: Treatment) -> Clearances:
    """A table that treats all classes alike, but for paths (`__` stands for `[].`)."""
    general = [Clearance(Relation.SENDER, each, None, treatment, "依据") for each in FieldClass]
    special = [
        Clearance(Relation.SENDER, each, path.replace("__", "[]."), special, "依据")
        for path, special in by_path.items()
        for each in FieldClass
    ]
    return Clearances((*general, *special))


def test_who_keeps_everything_gets_the_same_object_back() -> None:
    message = lead(parties=(PERSON,))
    redacted = copy_for(Relation.HANDLER, message)
    assert redacted == Redacted(message)
    assert redacted.message is message


def test_who_keeps_all_of_a_message_but_is_not_cleared_for_complainants_gets_equal_content() -> (
    None
):
    message = lead(parties=(PERSON,))
    assert copy_for(Relation.SENDER, message) == Redacted(message)


def test_a_person_is_masked_as_officials_know_it_and_listed_by_path_and_position() -> None:
    redacted = copy_for(Relation.COPY_RECIPIENT, lead(parties=(PERSON, PERSON)))
    parties = redacted.message.parties
    assert parties is not None
    assert parties[1] == Party(
        PartyKind.PERSON,
        name="欧**",
        id_number="5****4",
        address="六枝特区岩脚镇",
        phone="138****8000",
    )
    assert {"parties[1].sex", "parties[1].birth_date", "reason"} <= set(redacted.withheld)
    assert {"parties[1].name", "parties[1].phone", "parties[1].address"} <= set(redacted.masked)
    assert "parties[1].uscc" not in redacted.withheld  # it was not given


def test_a_date_is_generalised_to_its_year_where_the_table_says_so() -> None:
    redacted = copy_for(Relation.OTHER_DEPARTMENT, lead(parties=(PERSON,)))
    assert redacted.message.parties is not None
    assert redacted.message.parties[0].birth_date == date(1990, 1, 1)
    assert "parties[0].birth_date" in redacted.masked


def test_the_words_for_a_place_become_the_division_of_the_code_beside_them() -> None:
    message = default_lead()
    assert message.violations is not None
    elsewhere = replace(message.violations[0], place_text="郎岱镇某家门口")
    redacted = copy_for(Relation.SUPERVISOR, replace(message, violations=(elsewhere,)))
    assert redacted.message.violations is not None
    assert redacted.message.violations[0].place_text == "六枝特区岩脚镇"


def test_a_value_that_has_no_part_to_show_is_withheld_instead_of_masked() -> None:
    redactor = Redactor(LEAD, Relation.SENDER, table(Treatment.MASK), PLACES)
    redacted = redactor(lead(parties=(replace(PERSON, address="某处"),)))
    assert {"reason", "volumes", "parties[0].sex", "parties[0].address"} <= set(redacted.withheld)
    assert redacted.message.reason is None
    assert redacted.message.volumes is None
    kept = redactor(lead(parties=(PERSON,))).message.parties
    assert kept is not None
    assert kept[0].address == "六枝特区岩脚镇****"


def test_a_container_that_is_withheld_is_listed_once_and_its_names_leave_the_texts() -> None:
    clearances = table(Treatment.KEEP, parties=Treatment.WITHHOLD)
    redactor = Redactor(LEAD, Relation.SENDER, clearances, PLACES)
    redacted = redactor(lead(parties=(PERSON,), reason="当事人欧阳小明（13800138000）拒绝改正"))
    assert redacted.withheld == ("parties",)
    assert redacted.message.parties is None
    assert redacted.message.reason == "当事人欧**（138****8000）拒绝改正"
    assert redacted.masked == ("reason",)


TEXTS = {
    "举报人欧阳小明称": "举报人欧**称",
    "欧阳 小明、欧　阳小明": "欧**、欧**",
    "欧阳小\u200b明": "欧**",
    "电话138 0013 8000联系": "电话138****8000联系",
    "身份证520203199005201234。": "身份证5****4。",
    "住贵州省六盘水市六枝特区岩脚镇示例路1号": "住****",
    "另一部手机13911112222、+86 139-1111-2222": "另一部手机139****2222、****22",
    "座机0858-1234567": "座机****67",
    "他人身份证11010119900307123X": "他人身份证1****X",
    "第1390013900012号、2026年9月28日": "第1390013900012号、2026年9月28日",
    "全文没有可遮蔽的内容": "全文没有可遮蔽的内容",
}


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_masked_in_its_own_field_is_masked_in_every_text_that_is_shown(text: str) -> None:
    hidden = {"parties__name", "parties__phone", "parties__id_number", "parties__address"}
    masks = dict.fromkeys(hidden, Treatment.MASK)
    rows = table(Treatment.KEEP, **masks, source__x=Treatment.KEEP).rows
    complainant = Clearance(
        Relation.SENDER, FieldClass.COMPLAINANT, None, Treatment.WITHHOLD, "依据"
    )
    redactor = Redactor(LEAD, Relation.SENDER, Clearances((*rows, complainant)), PLACES)
    redacted = redactor(lead(parties=(PERSON,), reason=text, source=None))
    assert redacted.message.reason == TEXTS[text]
    assert ("reason" in redacted.masked) == (TEXTS[text] != text)


def test_a_complainants_register_number_leaves_the_reason_with_its_field() -> None:
    source = Source(SourceKind.COMPLAINT, register_number="TS-2026-0031")
    message = lead(source=source, reason="据TS-2026-0031号举报，经查")
    redacted = copy_for(Relation.SENDER, message)
    assert redacted.withheld == ("source.register_number",)
    assert redacted.message.reason == "据TS****31号举报，经查"


def test_a_complainant_of_another_message_of_the_case_leaves_a_reply() -> None:
    forward = filled("ComplaintForward")
    assert isinstance(forward, ComplaintForward)
    named = Complainant("欧阳小明", "13800138000", "六枝特区岩脚镇示例路1号")
    forward = replace(forward, complainant=named)
    redaction = Redaction(demo().clearances, PLACES)
    opening = redaction.redactor(schema_of("ComplaintForward"), Relation.FORWARDER)
    reply = redaction.redactor(schema_of("OutcomeFeedback"), Relation.FORWARDER)
    feedback = default_message("outcome_feedback")
    assert isinstance(feedback, OutcomeFeedback)
    message = replace(feedback, summary="已答复欧阳小明（13800138000）")
    shown = reply(message, opening.hidden(forward)).message
    assert shown.summary == "已答复欧**（138****8000）"
    handler = redaction.redactor(schema_of("ComplaintForward"), Relation.HANDLER)
    assert handler.hidden(forward) == ()


def test_more_names_than_can_be_sought_close_the_texts() -> None:
    many = tuple(Party(PartyKind.PERSON, name=f"某甲{number}") for number in range(600))
    clearances = table(Treatment.KEEP, parties__name=Treatment.MASK)
    redacted = Redactor(LEAD, Relation.SENDER, clearances)(lead(parties=many))
    assert redacted.message.reason == "****"
    assert "reason" in redacted.masked


def test_a_list_of_plain_values_is_shown_whole_or_not_at_all() -> None:
    schema = copy.deepcopy(LEAD)
    names = {"type": ["null", {"type": "array", "items": "string"}], "default": None}
    schema["fields"].insert(0, {"name": "reason", **names, "confidentiality": "investigative"})
    del schema["fields"][next(i for i in range(1, 20) if schema["fields"][i]["name"] == "reason")]
    texts: Any = ("某甲", "电话13800138000")  # a list where our own version has one text
    message = lead(reason=texts)
    masked = Redactor(schema, Relation.SENDER, table(Treatment.MASK))(message)
    assert masked.message.reason is None
    rows = table(Treatment.KEEP).rows
    hidden = Clearance(Relation.SENDER, FieldClass.COMPLAINANT, None, Treatment.WITHHOLD, "依据")
    kept = Redactor(schema, Relation.SENDER, Clearances((*rows, hidden)))
    shown: Any = kept(message).message.reason
    assert shown == ("某甲", "电话138****8000")
    assert kept(message).masked == ("reason[1]",)


def test_a_copy_that_shows_names_only_has_no_texts_to_search() -> None:
    officers = ("", "__name", "__organ", "__certificate")
    shown = {f"envelope.officers{part}": Treatment.KEEP for part in officers}
    redactor = Redactor(
        schema_of("Withdrawal"), Relation.SENDER, table(Treatment.WITHHOLD, **shown)
    )
    redacted = redactor(filled("Withdrawal"))
    assert "reason" in redacted.withheld
    assert redacted.message.envelope.officers == filled("Withdrawal").envelope.officers
    assert redacted.masked == ()


def test_redactors_are_compiled_once_for_a_schema_and_a_relation() -> None:
    redaction = Redaction(demo().clearances, PLACES)
    first = redaction.redactor(LEAD, Relation.SENDER)
    assert redaction.redactor(copy.deepcopy(LEAD), Relation.SENDER) is first
    assert redaction.redactor(LEAD, Relation.SUPERIOR) is not first
    named = redaction.redactor(LEAD, Relation.SENDER, "fingerprint")
    assert redaction.redactor({}, Relation.SENDER, "fingerprint") is named


ROWS = st.lists(
    st.builds(
        Clearance,
        relation=st.just(Relation.SENDER),
        field_class=st.sampled_from(FieldClass),
        path=st.none() | st.sampled_from(["reason", "parties", "parties[].name", "source"]),
        treatment=st.sampled_from(Treatment),
        basis=st.just("依据"),
    )
).map(lambda rows: Clearances(tuple(rows)))


@pytest.mark.parametrize("record", RECORDS)
@settings(deadline=None, max_examples=15)
@given(data=st.data(), clearances=ROWS)
def test_under_any_table_any_message_shows_only_what_a_row_allows(
    record: str, data: st.DataObject, clearances: Clearances
) -> None:
    message = data.draw(messages(record))
    redactor = Redactor(schema_of(record), Relation.SENDER, clearances, PLACES)
    redacted = redactor(message)
    codec = current(record)
    assert codec.decode(codec.encode(redacted.message)) == redacted.message
    before, after = leaves(message), leaves(redacted.message)
    for path, value in before.items():
        row = redactor.rules.get(contract(path))
        is_free = contract(path) not in redactor.rules  # cannot be null: how a message is made
        if after.get(path) == value and value is not None and not is_free:
            assert row is not None
            assert row.treatment is Treatment.KEEP or path in redacted.masked
    for path in redacted.withheld:
        assert [each for each in after if each == path and after[each] is not None] == []
        assert not any(each.startswith((f"{path}.", f"{path}[")) for each in after)


@pytest.mark.parametrize("record", RECORDS)
def test_without_any_table_nothing_that_can_be_withheld_is_shown(record: str) -> None:
    redacted = Redactor(schema_of(record), Relation.HANDLER, Clearances())(filled(record))
    shown = {
        contract(path) for path, value in leaves(redacted.message).items() if value is not None
    }
    rules = Redactor(schema_of(record), Relation.HANDLER, Clearances()).rules
    assert shown & set(rules) == set()


def test_more_paths_than_a_copy_can_list_withhold_whole_lists() -> None:
    many = tuple(replace(PERSON, name=f"某甲{number}") for number in range(400))
    redacted = copy_for(Relation.COPY_RECIPIENT, lead(parties=many))
    assert redacted.message.parties is None
    assert "parties" in redacted.withheld
    assert len(redacted.withheld) + len(redacted.masked) < 50
    assert not [path for path in redacted.masked if path.startswith("parties")]


def test_where_lists_are_withheld_whole_what_lies_outside_them_stays_as_it_was() -> None:
    parts = {"parties__name": Treatment.MASK, "parties__phone": Treatment.WITHHOLD}
    clearances = table(Treatment.KEEP, **parts, legal_basis=Treatment.WITHHOLD)
    message = lead(parties=(PERSON,) * 600, reason="查获欧阳小明", legal_basis="《甲法》第一条")
    redacted = Redactor(LEAD, Relation.SENDER, clearances, PLACES)(message)
    assert (redacted.withheld, redacted.masked) == (("parties", "legal_basis"), ("reason",))
    shown = redacted.message
    assert (shown.parties, shown.legal_basis, shown.reason) == (None, None, "查获欧**")
    assert shown.envelope == message.envelope


def test_a_list_of_the_envelope_is_withheld_whole_likewise() -> None:
    message = default_lead()
    officer = (message.envelope.officers or ())[0]
    many = tuple(replace(officer, certificate=f"C{number}") for number in range(1_001))
    envelope = replace(message.envelope, officers=many)
    message = replace(message, envelope=envelope, evidence=None, contact=None)
    kept = Clearances(
        tuple(
            replace(row, path="envelope.officers[].name", treatment=Treatment.MASK)
            if row.path is not None
            else row
            for row in table(Treatment.KEEP, officers=Treatment.MASK).rows
        )
    )
    redacted = Redactor(LEAD, Relation.SENDER, kept, PLACES)(message)
    assert redacted.message.envelope.officers is None
    assert redacted.withheld == ("envelope.officers",)
    assert redacted.masked == ()


def test_too_much_hidden_in_a_case_closes_the_texts() -> None:
    redactor = Redactor(LEAD, Relation.SENDER, demo().clearances, PLACES)
    redacted = redactor(lead(reason="事实清楚"), also=None)
    assert redacted.message.reason == "****"
    assert "reason" in redacted.masked
    assert redactor(lead(reason=None, legal_basis=None), also=None).message.reason is None


def test_a_redactor_knows_whether_it_hides_and_whether_it_reads() -> None:
    def of(record: str, relation: Relation) -> Redactor:
        return Redactor(schema_of(record), relation, demo().clearances, PLACES)

    assert not of("ComplaintForward", Relation.HANDLER).hides
    assert not of("ComplaintForward", Relation.HANDLER).reads
    assert of("ComplaintForward", Relation.SENDER).hides
    assert of("FilingReply", Relation.SENDER).reads
    assert not of("Copy", Relation.SENDER).hides
    assert not of("Delivered", Relation.UNKNOWN).reads
