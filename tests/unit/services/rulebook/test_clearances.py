import pytest

from schemas.classes import FieldClass
from schemas.errors import UserError
from schemas.parts import Relation
from services.rulebook.clearances import clearance, strictness, treatment
from services.rulebook.model import Clearance, Clearances, Treatment
from services.rulebook.parse import parse
from tests.unit.services.rulebook.tiny import CALENDAR, FILES, added, edited, files, rulebook

SENDER, PERSONAL = Relation.SENDER, FieldClass.PERSONAL
ROW = "sender,personal,parties[].address,generalise,意见二(一)1"


def row(treated: Treatment, path: str | None = None) -> Clearance:
    return Clearance(SENDER, PERSONAL, path, treated, "依据")


def test_a_row_of_the_path_goes_before_the_row_of_the_class() -> None:
    general, special = row(Treatment.KEEP), row(Treatment.MASK, "parties[].name")
    table = Clearances((general, special))
    assert clearance(table, SENDER, PERSONAL, "parties[].name") is special
    assert clearance(table, SENDER, PERSONAL, "parties[].phone") is general
    assert treatment(table, SENDER, PERSONAL, "parties[].name") is Treatment.MASK


def test_what_no_row_speaks_of_is_withheld() -> None:
    table = Clearances((row(Treatment.KEEP),))
    assert clearance(table, SENDER, FieldClass.BUSINESS, "x") is None
    assert treatment(table, SENDER, FieldClass.BUSINESS, "x") is Treatment.WITHHOLD
    assert treatment(table, Relation.UNKNOWN, PERSONAL, "x") is Treatment.WITHHOLD


def test_each_treatment_shows_less_than_the_one_before() -> None:
    assert sorted(Treatment, key=strictness) == [
        Treatment.KEEP,
        Treatment.MASK,
        Treatment.GENERALISE,
        Treatment.WITHHOLD,
    ]


def test_the_rows_of_the_file_become_the_table() -> None:
    table = rulebook(added("clearances.csv", ROW)).clearances
    assert len(table.rows) == 67
    found = clearance(table, SENDER, PERSONAL, "parties[].address")
    assert found == Clearance(
        SENDER, PERSONAL, "parties[].address", Treatment.GENERALISE, "意见二(一)1", 68
    )


def test_a_rulebook_without_the_file_shows_nothing() -> None:
    contents = files()
    del contents["clearances.csv"]
    assert parse(contents, CALENDAR).clearances == Clearances()


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("unknown,public,,keep,意见二(一)1", "relation"),
        ("stranger,public,,keep,意见二(一)1", "relation"),
        ("sender,cosmic,,keep,意见二(一)1", "class"),
        ("sender,personal,parties[0].name,mask,意见二(一)1", "path"),
        ("sender,personal,parties[].name,hide,意见二(一)1", "treatment"),
        ("sender,personal,parties[].name,mask,", "basis"),
    ],
)
def test_a_row_that_says_nothing_sensible_is_refused_with_its_column(
    line: str, column: str
) -> None:
    with pytest.raises(UserError) as refused:
        rulebook(added("clearances.csv", line))
    assert refused.value.where == "clearances.csv:68"
    assert (refused.value.detail or "").startswith(f"{column}：")


@pytest.mark.parametrize("again", ["handler,public,,keep,意见二(一)1", ROW + "\n" + ROW])
def test_two_rows_for_one_field_are_refused(again: str) -> None:
    with pytest.raises(UserError, match="appears twice"):
        rulebook(added("clearances.csv", *again.split("\n")))


def test_the_table_is_part_of_the_version() -> None:
    other = edited("clearances.csv", "sender,personal,,keep", "sender,personal,,mask")
    assert rulebook(other).hash != rulebook().hash
    assert "clearances.csv" in FILES
