"""openings.csv: the demo's said once more by hand, what it must not say, what holds without."""

from typing import Final

import pytest

from schemas.classes import FieldClass
from schemas.errors import UserError
from schemas.parts import Relation
from services.rulebook.layout import FILES
from services.rulebook.openings import How, OpeningRule, Openings, without_a_row
from services.rulebook.parse import parse
from tests.history import demo
from tests.unit.services.rulebook.test_lint_sharing import codes
from tests.unit.services.rulebook.tiny import CALENDAR, files, rulebook

F, R = FieldClass, Relation
HEAD: Final = "relation,class,path,how,basis\n"
NEVER: Final = {
    *((relation, F.COMPLAINANT) for relation in R if relation not in (R.HANDLER, R.UNKNOWN)),
    (R.COPY_RECIPIENT, F.BUSINESS),
    (R.OTHER_DEPARTMENT, F.INVESTIGATIVE),
    (R.OTHER_DEPARTMENT, F.BUSINESS),
    (R.SUPERVISOR, F.PERSONAL),
    (R.SUPERVISOR, F.BUSINESS),
}
AT_ONCE: Final = {
    (R.PARTICIPANT, "parties[].id_number"),
    (R.PARTICIPANT, "parties[].phone"),
}


def how_of(relation: Relation, field_class: FieldClass, path: str) -> How:
    """What becomes of a request to see a field that the clearances do not show."""
    if relation is R.UNKNOWN or (relation, field_class) in NEVER:
        return How.NEVER
    return How.AT_ONCE if (relation, path) in AT_ONCE else How.ASK


def with_openings(*rows: str) -> dict[str, bytes]:
    """The tiny rulebook with a table of these rows."""
    return files() | {"openings.csv": (HEAD + "\n".join(rows) + "\n").encode()}


@pytest.mark.parametrize("relation", [each for each in R if each is not R.UNKNOWN])
def test_the_demo_opens_what_is_said_here_and_no_more(relation: Relation) -> None:
    table = demo().openings
    for field_class in F:
        for path in ("parties[].id_number", "parties[].phone", "reason"):
            personal = field_class is F.PERSONAL or path == "reason"
            row = table.rule(relation, field_class, path)
            found = row.how if row else without_a_row(field_class)
            if personal and (relation, field_class) != (R.HANDLER, F.COMPLAINANT):
                assert found is how_of(relation, field_class, path), (field_class, path)


def test_each_row_of_the_demo_says_what_this_table_says() -> None:
    for row in demo().openings.rows:
        assert row.how is how_of(row.relation, row.field_class, row.path or ""), row
        assert row.basis


def test_without_a_row_the_owner_decides_but_never_on_who_complained() -> None:
    assert {each for each in F if without_a_row(each) is How.NEVER} == {F.COMPLAINANT}
    assert {without_a_row(each) for each in F} == {How.NEVER, How.ASK}


def test_the_row_of_a_path_goes_before_that_of_its_class() -> None:
    wide = OpeningRule(R.SENDER, F.PERSONAL, None, How.NEVER, "例")
    narrow = OpeningRule(R.SENDER, F.PERSONAL, "parties[].phone", How.ASK, "例")
    table = Openings((wide, narrow))
    assert table.rule(R.SENDER, F.PERSONAL, "parties[].phone") is narrow
    assert table.rule(R.SENDER, F.PERSONAL, "parties[].name") is wide
    assert table.rule(R.HANDLER, F.PERSONAL, "parties[].name") is None


def test_a_rulebook_without_the_file_leaves_each_request_to_its_owner() -> None:
    assert parse(files(), CALENDAR).openings == Openings()
    assert "openings.csv" in FILES


def test_the_table_is_part_of_the_version() -> None:
    row = "sender,personal,,ask,意见二(一)1"
    one, other = rulebook(with_openings(row)), rulebook(with_openings(row.replace("ask", "never")))
    assert one.hash != other.hash != rulebook().hash
    assert one.openings.rows == (
        OpeningRule(R.SENDER, F.PERSONAL, None, How.ASK, "意见二(一)1", line=2),
    )


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("unknown,public,,ask,意见二(一)1", "relation"),
        ("stranger,public,,ask,意见二(一)1", "relation"),
        ("sender,cosmic,,ask,意见二(一)1", "class"),
        ("sender,personal,parties[0].name,ask,意见二(一)1", "path"),
        ("sender,personal,parties[].name,perhaps,意见二(一)1", "how"),
        ("sender,personal,parties[].name,ask,", "basis"),
    ],
)
def test_a_row_that_says_nothing_sensible_is_refused_with_its_column(
    line: str, column: str
) -> None:
    with pytest.raises(UserError) as refused:
        rulebook(with_openings(line))
    assert refused.value.where == "openings.csv:2"
    assert (refused.value.detail or "").startswith(f"{column}：")


def test_two_rows_for_one_field_are_refused() -> None:
    row = "sender,personal,,ask,意见二(一)1"
    with pytest.raises(UserError, match="appears twice"):
        rulebook(with_openings(row, row))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("sender,complainant,,ask,意见二(一)1", "complainant_opened"),
        ("superior,complainant,,at_once,意见二(一)1", "complainant_opened"),
        ("sender,personal,parties[].nothing,ask,意见二(一)1", "dangling"),
        ("sender,business,parties[].phone,ask,意见二(一)1", "dangling"),
        ("sender,personal,,ask,领导同意", "basis_form"),
    ],
)
def test_lint_names_a_row_that_must_not_stand(row: str, code: str) -> None:
    assert codes(with_openings(row)) == [f"{code} openings.csv:2"]


def test_lint_finds_nothing_in_a_sound_table() -> None:
    rows = ("sender,complainant,,never,意见二(一)1", "handler,complainant,,at_once,意见二(一)1")
    assert codes(with_openings(*rows, "sender,personal,parties[].phone,ask,意见二(一)1")) == []
