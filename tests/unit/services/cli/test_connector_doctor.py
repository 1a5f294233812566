"""`yichuan connector doctor`: the faults of an agency's home are named, the county's are not."""

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.agency import Agency
from connectors.bus.clock import now
from connectors.bus.home import Home
from connectors.bus.keys import ensure_keys
from connectors.bus.private import write_private
from connectors.bus.registry import SchemaIds
from schemas.errors import Unavailable
from schemas.ids import Alias
from schemas.inline import records_by_fingerprint
from schemas.parts import Flow
from schemas.topics import inbox_of
from services.cli import doctor_ends
from services.cli.doctor_agency import look_at_surplus
from services.cli.doctor_ends import Seen
from services.cli.doctor_host import Part
from services.cli.main import main
from tests.agency_home import THEM, US

ALIAS = "yanjiao"
TOPICS = frozenset({*(flow.value for flow in Flow), inbox_of(ALIAS)})
FOLDER = 'organ = "yanjiao"\nkind = "folder"\nhome = "."\n[source]\nfolder = "exchange"\n'
DATABASE = 'organ = "yanjiao"\nkind = "database"\nhome = "."\n[source]\nurl = "sqlite:///x.db"\n'
SETTINGS = '[kafka]\nbootstrap = "127.0.0.1:1"\nsecurity = "SASL_PLAINTEXT"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An agency's home in which nothing is wrong."""
    home = Home(tmp_path / "agency")
    write_private(home.config, f'{SETTINGS}[attachments]\nstore = "files"\n')
    (home.path / "files").mkdir()
    write_private(home.rulebook / "rulebook.toml", 'bus = "liuzhi-demo"\n')
    since = now() - timedelta(days=30)
    ensure_keys(home, [(US, Alias(ALIAS)), (THEM, Alias("liuzhi-cgj"))], since)
    for path in home.key(ALIAS).parent.iterdir():
        if not path.name.startswith(ALIAS):  # is the county's to keep
            path.rename(tmp_path / path.name)
    text = f'username = "{ALIAS}"\npassword = "not-a-secret"\n'
    write_private(home.credentials_file(ALIAS), text)
    SchemaIds(dict(enumerate(sorted(records_by_fingerprint()), start=1)), {}).save(home.schema_ids)
    write_private(home.path / "connector.toml", FOLDER)
    return home.path


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> dict[str, Seen]:
    """A broker that answers, takes the login and shows what it holds."""
    answer = {"": Seen(TOPICS, None)}

    async def seen(_agency: Agency) -> Seen:
        return answer[""]

    monkeypatch.setattr(doctor_ends, "seen_by", seen)
    return answer


@pytest.fixture
def told(place: Path, bus: dict[str, Seen], capsys: pytest.CaptureFixture[str]) -> Any:
    del bus

    def look(code: int = 1) -> list[tuple[str, str, str]]:
        capsys.readouterr()
        assert main(["connector", "doctor", str(place / "connector.toml"), "--json"]) == code
        lines = map(json.loads, capsys.readouterr().out.splitlines())
        return [(each["severity"], each["code"], each["where"]) for each in lines]

    return look


def test_nothing_is_found_where_nothing_is_wrong(told: Any, place: Path) -> None:
    before = set(place.rglob("*"))
    assert told(0) == []
    assert set(place.rglob("*")) == before  # it looks, and makes nothing


def test_a_configuration_that_cannot_be_read_leaves_nothing_to_look_at(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("organ = ", FOLDER.replace('"folder"', '"ftp"'), FOLDER + "typo = 1\n"):
        (place / "connector.toml").write_text(text, encoding="utf-8")
        assert main(["connector", "doctor", str(place / "connector.toml"), "--json"]) == 3
        found = json.loads(capsys.readouterr().out)["error"]
        assert found["code"] == "connector.config_invalid"
    assert main(["connector", "doctor", str(place / "none.toml")]) == 3


def test_what_others_can_read_is_a_warning(told: Any, place: Path) -> None:
    home = Home(place)
    open_to_all = [home.key(ALIAS), home.credentials_file(ALIAS), home.opener(ALIAS)]
    for path in open_to_all:
        path.chmod(0o644)
    assert told(0) == [
        ("warning", "file.readable_by_others", where) for where in sorted(map(str, open_to_all))
    ]


def test_secrets_of_others_are_a_warning_and_those_of_a_connector_beside_it_are_not(
    told: Any, place: Path
) -> None:
    home = Home(place)
    (place / "connectors" / "liuzhi-cgj").mkdir(parents=True)
    for path in (home.credentials_file("attachments"), home.key("liuzhi-cgj")):
        write_private(path, "")
    assert told(0) == []
    others = [
        home.key("bus"),
        home.casebook_key,
        home.opener("mugang"),
        home.credentials_file("admin"),
        home.tls.ca_key,
        home.tls.server_store,
        home.casebook,
    ]
    for path in others:
        write_private(path, "")
        assert told(0) == [("warning", "home.secrets_of_others", str(place))], path
        path.unlink()


def test_many_secrets_of_others_are_one_finding_that_names_the_first(
    place: Path,
) -> None:
    for number in range(7):
        write_private(Home(place).key(f"organ-{number}"), "")
    (found,) = look_at_surplus(Home(place), ALIAS)
    assert found.detail.startswith("7: keys/organ-0.pem, ")
    assert found.detail.endswith("keys/organ-4.pem +2")


def test_a_file_that_is_missing_is_named(told: Any, place: Path) -> None:
    home = Home(place)
    for path, code in (
        (home.schema_ids, "registry.ids_missing"),
        (home.rulebook / "keys.csv", "keys.none"),
        (home.credentials_file(ALIAS), "home.login_missing"),
        (home.key(ALIAS), "keys.none"),
    ):
        aside = path.with_name(f"{path.name}.aside")
        path.rename(aside)
        assert [each[:2] for each in told()] == [("error", code)]
        aside.rename(path)


def test_another_s_login_or_key_is_named(told: Any, place: Path) -> None:
    home = Home(place)
    write_private(home.credentials_file(ALIAS), 'username = "admin"\npassword = "x"\n')
    assert told() == [("error", "login.of_another", f"credentials/{ALIAS}.toml")]
    home.opener(ALIAS).write_bytes((place.parent / "liuzhi-cgj.encryption.pem").read_bytes())
    assert [each[1] for each in told()] == ["key.of_another_organ"]


def test_keys_that_ended_or_are_not_here_are_named(told: Any, place: Path) -> None:
    home = Home(place)
    path = home.rulebook / "keys.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    ended = [f"{row.rstrip(',')},2026-01-02T00:00:00+00:00," if US in row else row for row in rows]
    home.opener(ALIAS).unlink()
    assert told(0) == [("warning", "key.missing", f"keys/{ALIAS}.encryption.pem")]
    path.write_text("\n".join(ended) + "\n", encoding="utf-8")
    assert ("error", "key.not_in_force", f"keys/{ALIAS}.pem") in told()


def test_a_bus_that_does_not_answer_is_named(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(_agency: Agency) -> Seen:
        raise Unavailable("kafka.unreachable", where="127.0.0.1:1")

    monkeypatch.setattr(doctor_ends, "seen_by", nobody)
    assert told() == [("error", "kafka.unreachable", "127.0.0.1:1")]


def test_topics_that_the_login_does_not_see_and_a_clock_that_is_behind_are_named(
    told: Any, bus: dict[str, Seen]
) -> None:
    bus[""] = Seen(TOPICS - {inbox_of(ALIAS)}, now() + timedelta(hours=1))
    inbox = inbox_of(ALIAS)
    assert told() == [
        ("error", "clock.ahead", f"{inbox}/0"),
        ("error", "connector.topic_hidden", inbox),
    ]
    bus[""] = replace(bus[""], topics=TOPICS, stamped_at=now() - timedelta(hours=1))
    assert told(0) == []  # an inbox may be quiet for an hour


def test_a_store_that_is_not_there_or_not_named_is_an_error(told: Any, place: Path) -> None:
    (place / "files").rmdir()
    assert [each[1] for each in told()] == ["attachment.store_unavailable"]
    write_private(place / "yichuan.toml", SETTINGS)
    assert [each[1] for each in told()] == ["attachment.store_unset"]


def test_a_folder_of_another_or_that_is_none_is_named(told: Any, place: Path) -> None:
    write_private(place / "exchange" / ".connector", "mugang\n")
    assert [each[1] for each in told()] == ["folder.of_another"]
    (place / "exchange" / ".connector").unlink()
    (place / "exchange" / "outbox").touch()
    where = str(place / "exchange" / "outbox")
    assert told() == [("error", "folder.unusable", where)]


def test_a_database_that_cannot_be_opened_is_named_and_none_is_made(told: Any, place: Path) -> None:
    write_private(place / "connector.toml", DATABASE)
    assert told(0) == []
    assert not (place / "x.db").exists()
    (place / "x.db").write_text("no database, whatever it is called\n" * 99, encoding="utf-8")
    assert [each[1] for each in told()] == ["system.unavailable"]
    write_private(place / "connector.toml", DATABASE.replace("sqlite:", "nothing:"))
    assert [each[1] for each in told()] == ["database.unusable"]


def test_tables_of_another_organ_are_named_and_none_is_made(told: Any, place: Path) -> None:
    write_private(place / "connector.toml", DATABASE)
    connection = sqlite3.connect(place / "x.db")
    assert told(0) == []
    assert connection.execute("SELECT * FROM sqlite_master").fetchall() == []
    connection.execute("CREATE TABLE EX_OWNER (table_name, organ, turn, since)")
    connection.execute("INSERT INTO EX_OWNER VALUES ('main.ex_out', 'mugang', 1, '')")
    connection.commit()
    connection.close()
    assert told() == [("error", "database.of_another", "main.ex_out")]


def test_a_connector_says_what_it_suffers_from_and_one_that_does_not_run_is_a_remark(
    told: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = FOLDER.replace("[source]", "metrics_port = 22099\n[source]")
    write_private(place / "connector.toml", text)
    monkeypatch.setattr(doctor_ends, "is_free", lambda _port: True)
    name = f"connector-{ALIAS}"
    assert told(0) == [("note", "connector.not_running", name)]
    monkeypatch.setattr(doctor_ends, "is_free", lambda _port: False)
    for reasons, found in (
        ((), []),
        (("spool: 9",), [("error", "part.unhealthy", name)]),
        (None, [("error", "part.unhealthy", name)]),
    ):
        part = Part(name, "127.0.0.1:22099", runs=True, reasons=reasons)
        monkeypatch.setattr(doctor_ends, "part_at", lambda *_, part=part, **__: part)
        assert told(1 if found else 0) == found


def test_people_are_told_the_cure(
    place: Path, bus: dict[str, Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    bus[""] = Seen(frozenset(), None)
    assert main(["connector", "doctor", str(place / "connector.toml")]) == 1
    said = capsys.readouterr().out
    assert "connector.topic_hidden" in said
    assert "错误 6，警告 0，提示 0" in said
    assert "not-a-secret" not in said
