"""Ids follow from their cause: the same cause, the same id; another cause, another id."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import BUS, NAMESPACE, MessageId, OrganCode, case_id_of, derive, message_id_of

ORGAN = OrganCode("11520203MB0000000X")


def test_a_derived_id_never_changes() -> None:
    assert derive("case", "a") == "13ce480b-1127-5e0e-8a56-b5fade52d7d3"
    assert UUID(derive("case", "a")).version == 5


@given(st.lists(st.text()))
def test_a_derived_id_is_the_standard_s(parts: list[str]) -> None:
    assert derive(*parts) == str(uuid5(NAMESPACE, "\x1f".join(parts)))


@given(st.lists(st.text(min_size=1, alphabet="abc"), min_size=2, max_size=4))
def test_the_order_and_the_borders_of_the_parts_matter(parts: list[str]) -> None:
    assert derive(*parts) == derive(*parts)
    assert derive(*parts) != derive("".join(parts))
    assert (derive(*parts) == derive(*reversed(parts))) == (parts == parts[::-1])


def test_a_row_corrected_in_place_is_a_new_message_and_a_row_read_twice_is_the_same() -> None:
    first = message_id_of(ORGAN, "row 7", "digest one")
    assert message_id_of(ORGAN, "row 7", "digest one") == first
    assert message_id_of(ORGAN, "row 7", "digest two") != first
    assert message_id_of(ORGAN, "row 8", "digest one") != first
    assert message_id_of(OrganCode("11520203MB0000001X"), "row 7", "digest one") != first


def test_a_case_has_one_id_for_its_opening_message() -> None:
    opening = message_id_of(ORGAN, "row 7", "digest")
    assert case_id_of(ORGAN, opening) == case_id_of(ORGAN, MessageId(str(opening)))
    assert str(case_id_of(ORGAN, opening)) != str(opening)


def test_two_that_use_one_id_open_two_cases() -> None:
    opening = message_id_of(ORGAN, "row 7", "digest")
    assert len({case_id_of(each, opening) for each in (ORGAN, BUS)}) == 2
