"""Cells as the CSV of Python's library has them, with and without quotes."""

import csv
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import UserError
from services.rulebook.tables import Row, rows

# What may stand in a line: no line ends, and nothing that makes it a remark or an empty one.
CELLS = st.lists(st.text(st.sampled_from("甲a ,\"\t'　;|"), max_size=6), min_size=2, max_size=2)


@given(CELLS)
def test_a_line_has_the_cells_that_the_csv_library_reads(cells: list[str]) -> None:
    line = "x" + ",".join(cells)
    try:
        (expected,) = csv.reader([line], strict=True)
    except csv.Error:
        expected = []
    while len(expected) > 2 and not expected[-1].strip():  # beyond the header: read over
        expected.pop()
    if len(expected) != 2:
        with pytest.raises(UserError):
            rows("t.csv", f"a,b\n{line}\n".encode(), ("a", "b"))
        return
    (row,) = rows("t.csv", f"a,b\n{line}\n".encode(), ("a", "b"))
    assert list(row.cells.values()) == [cell.strip() for cell in expected]


def test_a_quotation_that_never_ends_is_refused_at_its_line_as_no_csv() -> None:
    with pytest.raises(UserError) as refused:
        rows("t.csv", b'a,b\n1,2\n1,"2\n', ("a", "b"))
    assert refused.value.where == "t.csv:3"
    assert (refused.value.detail or "").startswith("CSV：格式错误")


def test_a_quoted_comma_parts_no_cells_and_only_a_hash_begins_a_remark() -> None:
    lines = ["a,b", "# a remark", '"# another, quoted",', '"x, y",z', "~#,w"]
    found = rows("t.csv", "\n".join(lines).encode(), ("a", "b"))
    assert [row.cells for row in found] == [{"a": "x, y", "b": "z"}, {"a": "~#", "b": "w"}]


@pytest.mark.parametrize(
    "code", ["52020300000", "5202030000000", "52020300000a", "\N{FULLWIDTH DIGIT FIVE}" * 12]
)
def test_a_division_code_has_twelve_plain_digits(code: str) -> None:
    with pytest.raises(UserError, match=r"rules\.invalid"):
        Row("t.csv", 2, {"area": code}).division("area")
    assert Row("t.csv", 2, {"area": "520203000000"}).division("area") == "520203000000"


@pytest.mark.parametrize(
    "saved", ["2026-07-01", "2026/7/1", "2026年7月1日", "2026年07月01日", "2026/7/1 0:00"]
)
def test_a_date_is_read_as_a_spreadsheet_saves_it(saved: str) -> None:
    assert Row("t.csv", 2, {"from": saved}).day("from") == date(2026, 7, 1)


def test_of_the_number_that_a_spreadsheet_made_of_a_date_it_is_said_what_it_is() -> None:
    with pytest.raises(UserError) as refused:
        Row("t.csv", 2, {"from": "46204"}).day("from")
    assert "日期序号" in (refused.value.detail or "")
    for other in ("1/7/2026", "2026/7/1 9:30", "12345678", "2026年7月"):
        with pytest.raises(UserError, match=r"rules\.invalid"):
            Row("t.csv", 2, {"from": other}).day("from")
