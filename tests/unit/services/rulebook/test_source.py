"""What a spreadsheet makes of the files, and that every fault is told at once."""

import csv
import io
from datetime import date

import pytest

from schemas.errors import UserError
from services.rulebook.source import FAULTS_MAX, read
from services.rulebook.tables import Unreadable
from tests.unit.services.rulebook.test_lint import found
from tests.unit.services.rulebook.tiny import FILES, YANJIAO_PLACE, edited, files


def faults_of(contents: dict[str, bytes]) -> list[str]:
    with pytest.raises(Unreadable) as refused:
        read(contents)
    return [fault.where or "" for fault in refused.value.faults]


def saved(file: str) -> bytes:
    """Return the file as a spreadsheet saves it: its dates in slashes, each line as wide."""
    lines = list(csv.reader(io.StringIO(FILES[file])))
    width = max(map(len, lines)) + 1
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [*(_slashed(cell) for cell in line), *[""] * (width - len(line))] for line in lines
    )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _slashed(cell: str) -> str:
    try:
        day = date.fromisoformat(cell)
    except ValueError:
        return cell
    return f"{day.year}/{day.month}/{day.day}"


def test_what_a_spreadsheet_saved_says_the_same() -> None:
    again = {file: saved(file) for file in FILES if file.endswith(".csv")}
    assert again["officers.csv"] != FILES["officers.csv"].encode()
    assert read(files() | again) == read(files())


@pytest.mark.parametrize("day", ["2029/13/1", "2029/1/", "29/1/1", "2029/1/1/1", "1/1/2029"])
def test_slashes_alone_make_no_date(day: str) -> None:
    contents = edited("officers.csv", "Y1,2029-12-31", f"Y1,{day}")
    assert faults_of(contents) == ["officers.csv:2"]


@pytest.mark.parametrize("number", ["5.20203E+11", "5E+11"])
def test_a_number_that_a_spreadsheet_rounded_is_refused_with_what_to_do(number: str) -> None:
    for contents in (
        edited("officers.csv", "Y1,", f"{number},"),
        edited("divisions.csv", f"{YANJIAO_PLACE},岩脚镇", f"{number},岩脚镇"),
    ):
        with pytest.raises(UserError, match=r"rules\.invalid") as refused:
            read(contents)
        assert f"“{number}”" in (refused.value.detail or "")
        assert "该列请先设为“文本”" in (refused.value.detail or "")


def test_a_code_that_is_none_is_shown() -> None:
    with pytest.raises(UserError, match="“52020310200”应为12位行政区划代码"):
        read(edited("divisions.csv", f"{YANJIAO_PLACE},岩脚镇", "52020310200,岩脚镇"))


def test_every_fault_is_told_at_once_and_as_one_error_it_is_the_first() -> None:
    contents = files(
        officers_csv=FILES["officers.csv"].replace("2029-12-31", "2029.12.31"),
        matters_csv="code,name\n",
        duties_toml="[[duty",
        rulebook_toml="name = 1\n",
        disputes_toml="hops_max = 'x'\n",
    )
    officers = [f"officers.csv:{line}" for line in range(2, 10)]
    single = ["disputes.toml", "duties.toml", "matters.csv:1", "rulebook.toml"]
    wheres = faults_of(contents)
    assert sorted(wheres) == sorted([*officers, *single])
    listed = found(contents)
    assert [each.code for each in listed] == ["unreadable"] * len(wheres)
    assert [each.where for each in listed] == [*single[:3], *officers, single[3]]
    with pytest.raises(UserError, match=r"rules\.invalid") as refused:
        read(contents)
    assert refused.value.where == wheres[0]


def test_of_a_spoilt_column_so_many_are_told_and_no_more() -> None:
    rows = "".join(f"yanjiao,名,N{number},2029.12.31\n" for number in range(FAULTS_MAX + 9))
    contents = files(officers_csv=FILES["officers.csv"] + rows)
    assert len(faults_of(contents)) == FAULTS_MAX
