"""`yichuan retention` on a casebook: kept until when, held by whom, erased when."""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from schemas.ids import CaseId
from services.casebook.case_keys import CaseKeys
from services.casebook.progress import begin_progress
from services.casebook.rows import Progress, to_ms
from services.casebook.store import Casebook
from services.casebook.tables import CASE_NUMBERS, CASES
from services.casework.case import Life, State
from services.cli import retention
from services.cli.main import main
from services.cli.words import LIVES, STATES
from services.rulebook.calendar import local_date, start_of
from services.rulebook.load import bundled
from tests.empty_casebook import empty_casebook
from tests.history import MONDAY, SENDER, History
from tests.office import Log, run, sent

HOLD = '[[order]]\ncase = "{}"\nwhat = "{}"\nby = "县法院"\nbasis = "初1号"\nsince = 2020-01-01\n'


@pytest.fixture
def casebook(tmp_path: Path) -> Iterator[Casebook]:
    shutil.copytree(bundled("demo"), tmp_path / "rulebook")
    opened = empty_casebook(tmp_path / "casebook.sqlite")
    yield opened
    opened.close()


def withdrawn(casebook: Casebook) -> CaseId:
    """A case in which nothing is owed any more."""
    history, log = History(), Log()
    lead = sent(history, "lead_transfer", SENDER)
    withdrawal = sent(history, "withdrawal", SENDER)
    run(casebook, [log.put(each, MONDAY) for each in (lead, withdrawal)])
    return lead.envelope.case_id


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    assert main(["retention", "--home", str(tmp_path), "--json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_case_that_is_over_is_listed_with_its_term_and_one_that_is_not_is_not(
    casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history, log = History(), Log()
    run(casebook, [log.put(sent(history, "lead_transfer", SENDER), MONDAY)])
    assert told(tmp_path, capsys) == []
    assert main(["retention", "--home", str(tmp_path)]) == 0
    assert "没有这样的案件" in capsys.readouterr().out


def test_its_term_its_basis_and_a_hold_are_shown(
    casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = withdrawn(casebook)
    (found,) = told(tmp_path, capsys)
    assert (found["case"], found["life"], found["state"]) == (case, "transfer", "withdrawn")
    assert found["until"][:4] == str(MONDAY.year + 30)
    assert (found["held_by"], found["erased_at"]) == (None, None)
    assert "保管期限规定" in found["basis"]
    rules = tmp_path / "rulebook" / "retention.toml"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text + HOLD.format(case, "hold"), encoding="utf-8")
    (held,) = told(tmp_path, capsys)
    assert (held["held_by"], held["basis"]) == ("县法院", "初1号")
    rules.write_text(text + HOLD.format(case, "erase"), encoding="utf-8")
    (early,) = told(tmp_path, capsys)
    assert (early["until"], early["basis"]) == (early["rests_since"], "初1号")
    assert main(["retention", "--home", str(tmp_path)]) == 0
    assert "初1号" in capsys.readouterr().out


def test_of_all_partitions_those_that_end_first_are_shown_and_last_those_without_an_end(
    casebook: Casebook,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    of_today = to_ms(MONDAY)
    ends = {0: (None, 50, 20), 1: (10, 30, 30, 40, None), 2: (None,), 3: ()}
    withdrawn(casebook)
    with casebook.engine.begin() as connection:
        row = connection.execute(CASES.select()).one()._asdict()
        connection.execute(CASES.delete())
        begin_progress(connection, {("leads", each): Progress(1, MONDAY) for each in ends})
        rows = [
            row | {"partition": place, "look_ms": None if end is None else of_today + end}
            for place, those in ends.items()
            for end in those
        ]
        numbered = [each | {"seq": seq, "case_id": f"{seq}"} for seq, each in enumerate(rows)]
        connection.execute(
            CASES.insert(), [*numbered, row | {"seq": 99, "look_ms": None, "rests_ms": None}]
        )
        numbers = [{"case_id": each["case_id"], "seq": each["seq"]} for each in numbered]
        connection.execute(CASE_NUMBERS.insert(), numbers)
    ending = [3, 2, 4, 5, 6, 1]
    shown = [each["case"] for each in told(tmp_path, capsys)]
    assert len(shown) == 9
    with casebook.engine.connect() as connection:
        assert [int(case) for case, _ in retention._resting(connection)] == [*ending, 0, 7, 8]
        monkeypatch.setattr(retention, "CASES_MAX", 5)
        assert [int(case) for case, _ in retention._resting(connection)][:5] == ending[:5]


def test_cases_that_are_over_are_found_by_their_index_not_sorted(casebook: Casebook) -> None:
    with casebook.engine.connect() as connection:
        for such in (CASES.c.look_ms.is_(None), CASES.c.look_ms.is_not(None)):
            asked = retention._resting_in(("leads", 1), such)
            written = asked.compile(connection.engine, compile_kwargs={"literal_binds": True})
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {written}")).all()
            assert [row.detail.split(" (")[0] for row in plan] == [
                "SEARCH cases USING INDEX cases_by_look"
            ]


def test_what_was_erased_is_listed_apart(
    casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = withdrawn(casebook)
    assert told(tmp_path, capsys, "--erased") == []
    with casebook.engine.begin() as connection:
        CaseKeys(connection, casebook.key).erase(case, MONDAY)
    (found,) = told(tmp_path, capsys, "--erased")
    assert (found["case"], found["erased_at"][:10]) == (case, f"{MONDAY:%Y-%m-%d}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_people_read_days_in_china_and_words(
    casebook: Casebook,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    """Before 08:00 in China the day in UTC is the one before."""
    monkeypatch.setenv("YICHUAN_LANG", language)
    morning = start_of(local_date(MONDAY)) + timedelta(hours=1)
    case = withdrawn(casebook)
    with casebook.engine.begin() as connection:
        connection.execute(CASES.update().values(rests_ms=int(morning.timestamp() * 1000)))
    assert main(["retention", "--home", str(tmp_path)]) == 0
    cells = re.split(r"\s{2,}", next(line for line in _lines(capsys) if case in line).strip())
    expected = {"zh": ("移送", "已撤回"), "en": ("transfer", "withdrawn")}[language]
    assert cells[1:5] == [*expected, f"{local_date(MONDAY)}", f"{MONDAY.year + 30}{morning:-%m-%d}"]


def test_every_kind_of_life_and_every_state_has_its_words() -> None:
    assert set(LIVES) == set(Life)
    assert set(STATES) >= set(State)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()
