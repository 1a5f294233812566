"""`yichuan exchange gap`: shown, and passed by nobody but who answers for it by its name."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from confluent_kafka import ConsumerGroupState
from pydantic import SecretStr

from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.logins import ADMIN
from connectors.bus.sections import CasebookSection
from schemas.errors import UserError
from schemas.parts import Flow
from services.casebook.progress import Place, begin_progress, progress_now
from services.casebook.rows import Progress
from services.casebook.store import open_sqlite
from services.casebook.tables import DEAD, DECISIONS
from services.cli import gap as command
from services.cli.exit_codes import NO, NOT_TRIED, WRONG_USE
from services.cli.main import main
from services.exchange import all_stopped, members
from services.exchange.gap import Found, Gap, name_of, passed_of
from services.exchange.shelf import Shelf
from services.exchange.workers import only_worker
from services.rulebook.load import bundled
from tests.batches import LATER
from tests.history import MONDAY
from tests.office import office, rows
from tests.unit.services.exchange.test_all_stopped import Group

FOUND = (
    Found(Gap("copies", 1, 0, 3), MONDAY, LATER),
    Found(Gap("leads", 0, 7, 7), None, None),
)
NAME = name_of(each.gap for each in FOUND)
WORDS = ("--by", "王某", "--reason", "停机三十一天")


@dataclass
class Installation:
    """A home whose flows are at these gaps, and what the broker tells of them."""

    home: Home
    found: list[Found] = field(default_factory=lambda: list(FOUND))

    async def find(self, _settings: Settings, _login: Credentials, progress: Any) -> Any:
        """Return what is left of them."""
        return tuple(
            each for each in self.found if progress[each.gap.place].next_offset <= each.gap.first
        )

    def run(self, *words: str) -> int:
        """Run the command."""
        return main(["exchange", "gap", *words, "--home", str(self.home.path)])

    def progress(self) -> Mapping[Place, Progress]:
        """How far the casebook is."""
        casebook = open_sqlite(self.home.casebook)
        try:
            with casebook.engine.connect() as connection:
                return progress_now(connection)
        finally:
            casebook.close()


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = Installation(Home(tmp_path))
    shutil.copytree(bundled("demo"), made.home.rulebook)
    casebook = open_sqlite(made.home.casebook)
    places = {(flow.value, number): 0 for flow in Flow for number in range(2)}
    begins = {place: Progress(at, MONDAY) for place, at in (places | {("leads", 0): 7}).items()}
    with casebook.engine.begin() as connection:
        begin_progress(connection, begins)
    casebook.close()
    shelf = Shelf(office())
    monkeypatch.setattr(Home, "credentials", lambda *_: Credentials("x", SecretStr("")))
    monkeypatch.setattr(command, "find_gaps", made.find)
    monkeypatch.setattr(command, "open_office", lambda *_: office())
    monkeypatch.setattr(command, "open_shelf", lambda *_, **__: shelf)
    monkeypatch.setattr(command, "not_yet_taken", lambda *_: ())
    monkeypatch.setenv("YICHUAN_LANG", "en")
    return made


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_without_a_name_it_is_only_shown_with_what_lies_on_both_sides(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    before = installation.progress()
    assert installation.run("--json") == NO
    copies, leads, named = told(capsys)
    assert (copies["flow"], copies["partition"], copies["offsets"]) == ("copies", 1, 4)
    assert (copies["first"], copies["last"]) == (0, 3)
    assert copies["last_decided"].startswith("2026-")
    assert copies["goes_on_at"].startswith("2026-")
    assert (leads["last_decided"], leads["goes_on_at"]) == (None, None)
    assert named == {"accept": NAME}
    assert installation.run() == NO
    shown = capsys.readouterr().out
    assert "copies/1" in shown
    assert f"--accept {NAME} --by NAME --reason WHY" in shown
    assert installation.progress() == before


def test_where_there_is_no_gap_it_says_so(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.found.clear()
    assert installation.run() == 0
    assert "there is no gap" in capsys.readouterr().out
    assert installation.run("--json") == 0
    assert told(capsys) == []


def test_by_its_name_it_is_passed_and_who_and_why_are_written_down(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installation.run("--accept", NAME, *WORDS, "--json") == 0
    (done,) = told(capsys)
    assert (done["offsets"], len(done["passed"]), done["other_rulebook"]) == (5, 2, [])
    assert done["written_again"] == 0
    after = installation.progress()
    assert (after["copies", 1].next_offset, after["leads", 0].next_offset) == (4, 8)
    assert (after["copies", 0].next_offset, after["leads", 1].next_offset) == (0, 0)
    casebook = open_sqlite(installation.home.casebook)
    lines = [passed_of(row.entry) for row in rows(casebook, DECISIONS)]
    assert [(each.found, each.by, each.reason) for each in lines if each] == [
        (each, "王某", "停机三十一天") for each in FOUND
    ]
    assert [row.code for row in rows(casebook, DEAD)] == ["log.gap"] * 2
    casebook.close()
    assert installation.run("--accept", NAME, *WORDS, "--json") == NO
    assert told(capsys)[0]["error"]["code"] == "log.no_gap"


def test_people_are_told_what_comes_next(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "not_yet_taken", lambda *_: (("leads", 0),))
    monkeypatch.setattr(command, "pass_gaps", AsyncMock(return_value=3))
    assert installation.run("--accept", NAME, *WORDS) == 0
    found = capsys.readouterr()
    assert "5 offsets of 2 partitions are passed" in found.out
    assert "come again from the senders' connectors" in found.err
    assert "3 records that the bus itself wrote" in found.err
    assert "1 partitions are under another rulebook" in found.err


def test_another_name_than_that_of_the_gaps_of_now_passes_nothing(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    before = installation.progress()
    grown = replace(FOUND[0], gap=replace(FOUND[0].gap, last=9))
    installation.found[0] = grown
    assert installation.run("--accept", NAME, *WORDS, "--json") == NO
    error = told(capsys)[0]["error"]
    assert error["code"] == "log.gap_other"
    assert error["detail"] == name_of(each.gap for each in installation.found)
    assert installation.progress() == before


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--by", "王某"),
        ("--reason", "停机"),
        ("--by", " ", "--reason", "停机"),
        ("--by", "王某", "--reason", ""),
        ("--by", "王" * 101, "--reason", "停机"),
        ("--by", "王某", "--reason", "停" * 501),
        ("--by", "王\x07某", "--reason", "停机"),
    ],
)
def test_without_a_person_and_a_reason_nothing_is_passed(
    installation: Installation, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    before = installation.progress()
    assert installation.run("--accept", NAME, *words, "--json") == WRONG_USE
    assert told(capsys)[0]["error"]["code"] == "command.usage"
    assert installation.progress() == before


def test_while_an_exchange_has_the_casebook_nothing_is_passed(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    running = open_sqlite(installation.home.casebook)
    assert installation.run("--accept", NAME, *WORDS, "--json") == NOT_TRIED
    assert told(capsys)[0]["error"]["code"] == "casebook.in_use"
    running.close()
    assert installation.progress()["copies", 1].next_offset == 0


def test_while_a_worker_of_this_host_runs_nothing_is_passed(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    with only_worker(installation.home, 0):  # on another casebook
        assert installation.run("--accept", NAME, *WORDS, "--json") == NOT_TRIED
    assert told(capsys)[0]["error"]["code"] == "casebook.in_use"
    assert installation.progress()["copies", 1].next_offset == 0


@pytest.mark.parametrize("is_refused", [True, False])
def test_on_postgresql_it_is_also_the_group_that_says_whether_an_exchange_runs(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    is_refused: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    opened: list[Settings] = []
    url = SecretStr("postgresql://127.0.0.1/yichuan")
    settings = Settings(casebook=CasebookSection(url=url))
    state = ConsumerGroupState.STABLE if is_refused else ConsumerGroupState.EMPTY
    installation.home.credentials_file(ADMIN).parent.mkdir()
    installation.home.credentials_file(ADMIN).touch()
    monkeypatch.setattr(Home, "settings", lambda _: settings)
    monkeypatch.setattr(all_stopped, "connect", lambda *_: Group(state))
    monkeypatch.setattr(all_stopped, "refuse_writers", lambda _: None)
    monkeypatch.setattr(members, "_LEAVING_SECONDS_MAX", 0.0)

    def away(_home: Home, given: Settings) -> None:
        opened.append(given)
        raise UserError("casebook.unavailable", exit_code=NOT_TRIED)

    monkeypatch.setattr(command, "open_casebook", away)
    assert installation.run("--accept", NAME, *WORDS) == NOT_TRIED
    assert opened == ([] if is_refused else [settings])
