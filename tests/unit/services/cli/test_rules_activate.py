"""What `rules activate` refuses and shows before it changes anything, and the records it writes."""

import json
from pathlib import Path

import pytest

from connectors.bus.home import Home
from schemas.codec import current, unframe
from schemas.errors import Unavailable
from schemas.ids import BUS, RulebookHash
from schemas.messages import RulebookActivated
from schemas.parts import Flow
from services.casebook.progress import begin_progress
from services.casebook.rows import Progress, from_ms
from services.casebook.store import open_sqlite
from services.cli import rules_activate
from services.cli.activation import _records, await_taken, not_yet_taken
from services.cli.main import main
from services.rulebook.load import keep, keep_first, load
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture
OTHER = RulebookHash("f" * 64)


@pytest.fixture(autouse=True)
def chosen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))
    monkeypatch.setenv("YICHUAN_LANG", "en")


def changed(home: Home, tmp_path: Path, name: str, old: str, new: str) -> Path:
    """Return a folder with the rulebook of the home and one text in it changed."""
    folder = tmp_path / "changed"
    folder.mkdir()
    for path in home.rulebook.iterdir():
        if path.name != "keys.csv":
            (folder / path.name).write_bytes(path.read_bytes())
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def progress(home: Home, in_force: RulebookHash | None) -> None:
    """Let every partition be decided by this rulebook."""
    casebook = open_sqlite(home.casebook)
    places = [(flow.value, number) for flow in Flow for number in range(4)]
    with casebook.engine.begin() as connection:
        begin_progress(connection, dict.fromkeys(places, Progress(1, from_ms(0), in_force)))
    casebook.close()


def test_it_shows_what_changes_and_changes_nothing(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = changed(home, tmp_path, "duties.toml", '"15 working days"', '"20 working days"')
    before = contents(home.path)
    assert main(["rules", "activate", str(folder)]) == 0
    printed = capsys.readouterr()
    assert "20 working days" in printed.out
    assert "--yes" in printed.err
    assert "key" not in printed.out.lower()  # the home's own keys are no difference
    assert contents(home.path) == before


def test_what_not_every_partition_has_taken_is_not_said_to_be_in_force(
    home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress(home, OTHER)
    folder = changed(home, tmp_path, "duties.toml", '"15 working days"', '"20 working days"')
    written: list[RulebookHash] = []
    monkeypatch.setattr(rules_activate, "_bring_in", lambda *_: load(folder))
    monkeypatch.setattr(
        rules_activate, "write_activation", lambda _home, _settings, new: written.append(new.hash)
    )
    assert main(["rules", "activate", str(folder), "--yes", "--wait", "0", "--json"]) != 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[-1]["error"]["code"] == "rules.not_taken"
    assert not any("activated" in line for line in told)
    assert written == [load(folder).hash]


def test_a_rulebook_with_errors_is_refused(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = changed(home, tmp_path, "jurisdiction.csv", ",CG-001,", ",CG-999,")
    before = contents(home.path)
    assert main(["rules", "activate", str(folder), "--yes", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "rules.lint_failed"
    assert error["where"].startswith("jurisdiction.csv")
    assert contents(home.path) == before


def test_a_rulebook_of_another_bus_is_refused(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = changed(home, tmp_path, "rulebook.toml", 'bus = "', 'bus = "other-')
    before = contents(home.path)
    assert main(["rules", "activate", str(folder), "--yes", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "rules.other_bus"
    assert contents(home.path) == before


def test_without_a_copy_there_is_nothing_to_replace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YICHUAN_HOME", str(tmp_path))
    assert main(["rules", "activate", "demo", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "connector.rulebook_missing"


def test_every_partition_gets_a_record_that_names_it_and_the_rulebook(home: Home) -> None:
    rulebook = load(home.rulebook)
    settings = home.settings()
    found = list(_records(home, settings, rulebook))
    assert len(found) == len(Flow) * settings.kafka.partitions
    for (topic, partition), key, value in found:
        message = current("RulebookActivated").open(unframe(value)[1]).message
        assert isinstance(message, RulebookActivated)
        assert (message.topic, message.partition) == (topic, partition)
        assert (message.rulebook, message.envelope.sender) == (rulebook.hash, BUS)
        assert key == message.envelope.case_id.encode()


def test_a_rulebook_that_comes_back_into_force_is_another_message(home: Home) -> None:
    rulebook, settings = load(home.rulebook), home.settings()
    first, second = (list(_records(home, settings, rulebook)) for _ in range(2))
    assert [value for *_, value in first] != [value for *_, value in second]
    opened = [current("RulebookActivated").open(unframe(v)[1]) for *_, v in (*first, *second)]
    ids = {one.message.envelope.message_id for one in opened}
    assert len(ids) == 2 * len(first)


def test_where_no_exchange_ever_ran_no_partition_has_taken_it(home: Home) -> None:
    assert len(not_yet_taken(home, home.settings(), OTHER)) == len(Flow) * 4


def test_a_partition_that_notes_none_is_decided_by_what_the_log_began_under(home: Home) -> None:
    ours = keep(home.rulebook, home.rulebooks).hash
    progress(home, None)
    assert len(not_yet_taken(home, home.settings(), ours)) == len(Flow) * 4
    keep_first(home.rulebooks, ours)
    assert not_yet_taken(home, home.settings(), ours) == ()
    assert len(not_yet_taken(home, home.settings(), OTHER)) == len(Flow) * 4


def test_what_has_not_been_taken_in_time_is_named(home: Home) -> None:
    progress(home, OTHER)
    await_taken(home, home.settings(), OTHER, 0)
    with pytest.raises(Unavailable) as raised:
        await_taken(home, home.settings(), RulebookHash("0" * 64), 0)
    assert raised.value.code == "rules.not_taken"
    assert str(raised.value.where).startswith("copies/0, copies/1")


def test_where_the_rulebook_in_force_lies_is_told_from_the_root(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A relative path, copied into yichuan.toml, is seen from where each process starts."""
    folder = changed(home, tmp_path, "rulebook.toml", "示例规则包", "规则包")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rules_activate, "_bring_in", lambda *_: load(home.rulebook))
    monkeypatch.setattr(rules_activate, "not_yet_taken", lambda *_: ())
    assert main(["rules", "activate", folder.name, "--yes"]) == 0
    assert f"set [bus] rulebook in yichuan.toml to {folder}\n" in capsys.readouterr().err
