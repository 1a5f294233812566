"""Lint of who may see what: each finding on what it must find."""

from datetime import date

import pytest

from services.rulebook.finding import Finding, Severity
from services.rulebook.lint import lint
from tests.unit.services.rulebook.tiny import (
    CALENDAR,
    COUNTY,
    LANGDAI_PLACE,
    YANJIAO_PLACE,
    added,
    edited,
    files,
)

TODAY = date(2026, 6, 1)
AUDIENCES = "id,category,matter,group,area,audience,basis,valid_from,valid_to\n"
NO_SHARING = """
[marks]
words = ["绝密", "机密", "秘密"]
suffixes = ["级"]
labels = ["密级"]
brackets = ["()"]
stars = "★"
harmless = []
variants = {}

[[barred]]
id = "NS-1"
what = "某事"
basis = "《法律》第一条"
keywords = ["某词"]
"""


def found(contents: dict[str, bytes]) -> tuple[Finding, ...]:
    return lint(contents, CALENDAR, TODAY)


def codes(contents: dict[str, bytes]) -> list[str]:
    return [f"{each.code} {each.where}" for each in found(contents)]


def audience(line: str) -> dict[str, bytes]:
    return files(audiences_csv=AUDIENCES + line + "\n")


def test_sound_tables_have_no_findings() -> None:
    contents = audience(
        f"A1,legal_texts,CG-1,,{COUNTY},organ:sfj,意见二(一)1；《某法》第三条,2024-01-01,"
    )
    assert found(contents | {"no_sharing.toml": NO_SHARING.encode()}) == ()


def test_a_rulebook_without_clearances_is_not_fit() -> None:
    contents = files()
    del contents["clearances.csv"]
    assert codes(contents) == ["clearance_missing clearances.csv"]
    assert found(contents)[0].severity is Severity.ERROR


@pytest.mark.parametrize("row", ["handler,public", "sender,personal", "supervisor,complainant"])
def test_every_relation_and_class_needs_a_row(row: str) -> None:
    treated = "withhold" if row.startswith("supervisor") else "keep"
    contents = edited("clearances.csv", f"{row},,{treated},意见二(一)1\n", "")
    assert codes(contents) == ["clearance_missing clearances.csv"]
    assert row.partition(",")[0] in found(contents)[0].zh


def test_a_row_of_a_path_does_not_stand_for_its_class() -> None:
    contents = edited(
        "clearances.csv", "sender,personal,,keep", "sender,personal,parties[].name,keep"
    )
    assert [each.code for each in found(contents)] == ["clearance_missing", "clearance_widens"]


@pytest.mark.parametrize("relation", ["sender", "designee", "forwarder", "supervisor"])
def test_only_the_handler_may_see_a_complainant(relation: str) -> None:
    contents = edited(
        "clearances.csv", f"{relation},complainant,,withhold", f"{relation},complainant,,keep"
    )
    (finding,) = found(contents)
    assert (finding.severity, finding.code) == (Severity.ERROR, "complainant_shown")


def test_not_even_one_field_of_a_complainant_may_be_shown() -> None:
    line = "sender,complainant,source.register_number,keep,意见二(一)1"
    assert "complainant_shown clearances.csv:68" in codes(added("clearances.csv", line))


def test_a_path_that_shows_more_than_its_class_is_reported() -> None:
    contents = edited("clearances.csv", "sender,personal,,keep", "sender,personal,,withhold")
    line = "sender,personal,parties[].name,mask,意见二(一)1\n"
    contents["clearances.csv"] += line.encode()
    (finding,) = found(contents)
    assert (finding.severity, finding.code) == (Severity.NOTE, "clearance_widens")


def test_a_path_that_shows_less_is_not() -> None:
    line = "sender,personal,parties[].name,mask,意见二(一)1"
    assert found(added("clearances.csv", line)) == ()


@pytest.mark.parametrize("path", ["parties[].nickname", "parties.name", "reason"])
def test_a_path_is_that_of_a_field_of_the_class(path: str) -> None:
    line = f"sender,personal,{path},mask,意见二(一)1"
    assert codes(added("clearances.csv", line)) == ["dangling clearances.csv:68"]


@pytest.mark.parametrize("basis", ["示例", "《某法》", "意见", "意见二(一)1、《某法》第三条"])
def test_a_basis_names_a_law_and_article_or_a_paragraph_of_the_guidance(basis: str) -> None:
    line = f"sender,personal,parties[].name,mask,{basis}"
    assert codes(added("clearances.csv", line)) == ["basis_form clearances.csv:68"]
    contents = audience(f"A1,legal_texts,,,{COUNTY},township,{basis},2024-01-01,")
    assert codes(contents) == ["basis_form audiences.csv:2"]
    text = NO_SHARING.replace("《法律》第一条", basis)
    assert codes(files(no_sharing_toml=text)) == ["basis_form no_sharing.toml:11"]


@pytest.mark.parametrize(
    "row",
    [
        f"XX-9,,{COUNTY},township",
        f",gossip,{COUNTY},township",
        ",,990000000000,township",
        f",,{COUNTY},organ:nobody",
        f",,{COUNTY},kind:astronomy",
    ],
)
def test_what_an_audience_names_exists(row: str) -> None:
    contents = audience(f"A1,legal_texts,{row},意见二(一)1,2024-01-01,")
    assert codes(contents) == ["dangling audiences.csv:2"]


def test_an_audience_rule_ends_after_it_starts() -> None:
    contents = audience(f"A1,legal_texts,,,{COUNTY},township,意见二(一)1,2024-01-01,2023-01-01")
    assert codes(contents) == ["dates_reversed audiences.csv:2"]


REACHES_NOBODY = [
    f",city,{YANJIAO_PLACE},township",  # the only sender there is the township itself
    f",,{YANJIAO_PLACE},type:township",
    f"CG-2,,{COUNTY},township",  # the county's everywhere
    f",market,{COUNTY},township",
    f",,{LANGDAI_PLACE},type:department",
]


@pytest.mark.parametrize("row", REACHES_NOBODY)
def test_an_audience_row_that_reaches_nobody_whoever_sends_is_reported(row: str) -> None:
    contents = audience(f"A1,inspections,{row},意见二(一)1,2024-01-01,")
    (finding,) = found(contents)
    assert (finding.severity, finding.code) == (Severity.WARNING, "audience_empty")
    assert finding.where == "audiences.csv:2"
    assert row.rpartition(",")[2] in finding.zh


@pytest.mark.parametrize(
    "row",
    [
        f",,{COUNTY},township",
        f",city,{COUNTY},township",
        f"CG-1,,{COUNTY},township",
        f",,{COUNTY},type:township",
        f",,{YANJIAO_PLACE},organ:sfj",
        f",,{YANJIAO_PLACE},kind:urban_management",
        f",,{COUNTY},organ:sfj",
    ],
)
def test_one_that_reaches_somebody_is_not(row: str) -> None:
    assert found(audience(f"A1,inspections,{row},意见二(一)1,2024-01-01,")) == ()


def test_a_row_is_judged_by_its_first_day_or_by_today_and_not_when_it_has_ended() -> None:
    of_one = f"A1,inspections,CG-1,,{COUNTY},township,意见二(一)1"  # 岩脚's until 30 June
    assert codes(audience(f"{of_one},2026-06-30,")) == []
    assert codes(audience(f"{of_one},2026-07-01,")) == ["audience_empty audiences.csv:2"]
    of_none = f"A1,inspections,CG-2,,{COUNTY},township,意见二(一)1,2024-01-01"
    assert codes(audience(f"{of_none},2026-05-31")) == []
    assert codes(audience(f"{of_none},2026-06-01")) == ["audience_empty audiences.csv:2"]


def test_a_row_for_the_only_organ_of_its_area_in_office_reaches_nobody() -> None:
    ended = edited("organs.csv", ",2019-01-01,,\n", ",2019-01-01,2026-05-31,\n")
    text = ended["organs.csv"].decode()
    ended["organs.csv"] = "".join(
        line.replace(",2026-05-31,", ",,") if ",sfj," in line else line
        for line in text.splitlines(keepends=True)
    ).encode()
    ended["audiences.csv"] = (
        f"{AUDIENCES}A1,inspections,,,{COUNTY},organ:sfj,意见二(一)1,2024-01-01,\n".encode()
    )
    assert "audience_empty audiences.csv:2" in codes(ended)


def test_a_no_sharing_list_that_cannot_be_read_is_a_finding() -> None:
    assert codes(files(no_sharing_toml="[marks]\n")) == ["unreadable no_sharing.toml"]
