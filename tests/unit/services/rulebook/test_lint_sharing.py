"""Lint of who may see what: each finding on what it must find."""

from datetime import date

import pytest

from services.rulebook.finding import Finding, Severity
from services.rulebook.lint import lint
from tests.unit.services.rulebook.tiny import CALENDAR, COUNTY, added, edited, files

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


def test_a_no_sharing_list_that_cannot_be_read_is_a_finding() -> None:
    assert codes(files(no_sharing_toml="[marks]\n")) == ["unreadable no_sharing.toml"]
