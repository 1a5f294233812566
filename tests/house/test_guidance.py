"""The table of the guidance: whole, current, without an empty cell; and how a gap is found."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.law.carriers import carrier
from tests.law.edits import NothingToTake
from tests.law.page import PAGE, printed
from tests.law.rows import Row, collected, faults
from tests.law.sentences import TEXT, Sentence, left_out, sentences
from tests.law.taken_away import copied, failing, missed

CELLS = 5
TWO = (Sentence("二·1", "一句。"), Sentence("二·2", "又一句。"))
REFUSING = "tests/unit/schemas/test_transfer_form.py"
ROW = Row(
    "二(二)2·1",
    "refusal transfer.officers_too_few",
    f"{REFUSING}::test_fewer_than_two_officers_are_too_few_however_they_are_written",
)


def test_the_sentences_are_the_whole_text() -> None:
    assert left_out(sentences(), TEXT.read_text(encoding="utf-8")) == ""
    assert len({each.id for each in sentences()}) == len(sentences())


def test_a_sentence_that_is_left_out_is_told_from_where_it_stood() -> None:
    assert left_out(TWO[:1], "一句。\n又一句。\n") == "又一句。"
    assert left_out(TWO[1:], "一句。\n又一句。\n").startswith("一句。")
    assert left_out(TWO, "一句。\n") == "又一句。"


def test_every_sentence_is_carried_and_every_row_is_about_one() -> None:
    assert faults(collected(), sentences()) == []


def test_what_no_row_carries_or_no_sentence_says_is_found() -> None:
    carried = Row("二·1", "duty negotiate", "test_a")
    astray = (replace(carried, sentence="二·3"), replace(carried, words="两句"))
    assert faults((carried, *astray), TWO) == [
        "二·2: carried by nothing",
        "test_a: there is no 二·3",
        "test_a: 二·1 does not say 两句",
    ]


def test_the_page_is_what_the_tests_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == printed(collected(), sentences()), (
        "run: make guidance"
    )


def test_no_cell_of_the_page_is_empty() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| 编号")
    ]
    assert len(rows) == len(collected())
    assert {len(cells) for cells in rows} == {CELLS}
    assert [cells for cells in rows if not all(cells)] == []


@pytest.mark.parametrize(
    "name",
    [
        "wish fulfilled",
        "refusal transfer.no_such_code",
        "refusal advice.designation_draft",  # a code that nothing is refused with
        "record NoSuchRecord",
        "record Accepted",  # the bus's own: nothing is decided by it
        "step transfer closed object",
        "duty dance",
        "closing negotiate sign",
        "field CaseTransfer.from_notice",  # there, but not required
        "field CaseTransfer.dance",
        "symbol ContentCategory.dance",
        "audience AU-99",
        "length dance",
        "setting decide_case waived_if_contact_unknown",
        "rung pink",
        "function schemas.checks:dance",
    ],
)
def test_a_carrier_that_the_code_does_not_have_carries_nothing(name: str) -> None:
    with pytest.raises(NothingToTake):
        carrier(name)


def test_a_test_that_misses_nothing_or_cannot_even_run_is_told(tmp_path: Path) -> None:
    other = f"{REFUSING}::test_a_transfer_names_one_addressee_or_none"
    with copied(tmp_path) as copy:
        assert failing(copy, [ROW]) is None
        assert missed(copy, ROW) is None
        passes = missed(copy, replace(ROW, test=other))
        assert passes == f"二(二)2·1: {other} passes without refusal transfer.officers_too_few"
        absent = missed(copy, replace(ROW, test=f"{REFUSING}::test_that_there_is_not"))
        assert absent is not None
        assert "ends with 4" in absent
        assert failing(copy, [ROW]) is None  # what was taken is back
