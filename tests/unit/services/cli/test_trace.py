"""`yichuan trace` on a casebook."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.bus.home import Home
from schemas.ids import MessageId, derive
from services.casebook.store import open_sqlite
from services.casebook.work import Work
from services.cli import casebook_view
from services.cli.casebook_view import case_of, cases_named, decisions_of, open_duties, reading
from services.cli.demo_transfers import transfer
from services.cli.main import main
from services.rulebook.load import bundled
from tests.history import MONDAY
from tests.unit.services.cli.one_case import SETTING, Bus, filed_case, scenario


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    """A home with a rulebook and one filed case in its casebook."""
    made = filed_case()
    made.write(tmp_path / "casebook.sqlite")
    shutil.copytree(bundled("demo"), tmp_path / "rulebook")
    return made


def trace(tmp_path: Path, named: str, *options: str) -> int:
    return main(["trace", named, "--home", str(tmp_path), *options])


def test_a_case_is_found_by_its_id_a_message_and_any_writing_of_its_number(
    bus: Bus, tmp_path: Path
) -> None:
    assert bus.case is not None
    number = bus.case.document_number or ""
    named = (bus.case.id, bus.messages[1].message_id, number, number.replace("〔", "["))
    with reading(Home(tmp_path)) as connection:
        for text in named:
            assert cases_named(connection, text) == (bus.case.id,)
        assert cases_named(connection, "六岩案移〔2026〕9999号") == ()
        assert cases_named(connection, "' OR 1=1 --") == ()
        assert case_of(connection, bus.case.id) == bus.case
        assert decisions_of(connection, bus.case.id) == tuple(bus.rows)
        assert [duty.kind for _, duty in open_duties(connection)] == [
            "handover",
            "decide_case",
        ]


def test_of_too_many_decisions_the_first_and_the_last_are_told_and_how_many_are_not(
    bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bus.case is not None
    assert len(bus.rows) > 2
    monkeypatch.setattr(casebook_view, "DECISIONS_MAX", 2)
    assert trace(tmp_path, bus.case.id, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    ends = [str(bus.rows[0].message_id), str(bus.rows[-1].message_id)]
    assert [step["message"] for step in told["steps"]] == ends
    assert told["left_out"] == len(bus.rows) - 2
    assert trace(tmp_path, bus.case.id) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"  ……其间 {len(bus.rows) - 2} 项未列出……" in lines
    assert any(line.lstrip().startswith(f"{len(bus.rows)}. ") for line in lines)


def test_a_case_is_found_by_what_the_bus_said_of_it(bus: Bus, tmp_path: Path) -> None:
    assert bus.case is not None
    receipt = MessageId(derive("receipt"))
    casebook = open_sqlite(tmp_path / "casebook.sqlite")
    with casebook.engine.begin() as connection:
        work = Work(connection)
        work.add_said(receipt, bus.case.id, MONDAY)
        work.add_said(receipt, bus.case.id, MONDAY)  # what is said again, under the same id
        work.add_said(receipt, bus.case.id, MONDAY + timedelta(days=3))
        work.add_said(MessageId(derive("card")), bus.case.id, MONDAY + timedelta(days=5))
        work.flush()
    casebook.close()
    with reading(Home(tmp_path)) as connection:
        assert cases_named(connection, receipt) == (bus.case.id,)


def test_trace_prints_the_journey(
    bus: Bus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bus.case is not None
    assert trace(tmp_path, bus.case.document_number or "") == 0
    assert "依据《" in capsys.readouterr().out


def test_trace_in_json_has_every_key_and_instants_with_an_offset(
    bus: Bus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bus.case is not None
    assert trace(tmp_path, bus.case.id, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "filed"
    assert told["opened_at"] == "2026-09-28T09:31:00.000+08:00"
    assert told["clock"][0]["due"].endswith("+08:00")


def test_a_number_that_two_organs_bear_lists_both_cases(
    bus: Bus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bus.case is not None
    other = Bus()
    one = scenario("insists")
    document = transfer(one, SETTING)
    document["envelope"]["document_number"] = bus.case.document_number
    other.send(document, one.sender)
    other.write(tmp_path / "casebook.sqlite")
    assert trace(tmp_path, bus.case.document_number or "", "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == 2
    assert {case["document_number"] for case in found} == {bus.case.document_number}
    assert trace(tmp_path, bus.case.document_number or "") == 0
    assert bus.case.id in capsys.readouterr().out


@pytest.mark.usefixtures("bus")
def test_what_is_not_there_is_a_no(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace(tmp_path, "nothing", "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "trace.unknown"


def test_without_a_casebook_it_could_not_be_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(bundled("demo"), tmp_path / "rulebook")
    assert trace(tmp_path, "x", "--json") == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "casebook.missing"
