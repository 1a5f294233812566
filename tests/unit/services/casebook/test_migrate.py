"""From the first release to today's tables, with what was in them; never from a stranger's."""

import copy
import sqlite3
import sys
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, inspect, select, text

from schemas.codec import compiled, unframe
from schemas.errors import Broken
from schemas.ids import CaseId, derive
from schemas.inline import schema_of
from schemas.load import default_example
from services.casebook.migrate import check, is_current, is_empty, migrate
from services.casebook.store import Casebook, open_for_reading
from services.casebook.tables import CASES, METADATA, ORIGINALS, OUTBOX, SETTINGS
from services.cli.casebook_view import decisions_of
from services.exchange.office import Office
from tests.history import HANDLER, MONDAY, SENDER, History
from tests.office import FIRST_RELEASE as FIRST_RELEASE_RECORDS
from tests.office import Log, everything, office, open_at, opened, outbox, rows, run, sent

# A casebook that the first release made and wrote: a lead that was signed for and has a fired rung,
# one that nobody is competent for, a dead letter, an outbox. `sqlite3 casebook.sqlite .dump`.
FIRST_RELEASE = Path(__file__).with_name("first_release.sql")


def released() -> dict[str, list[dict[str, Any]]]:
    """What the first release's casebook holds, table by table."""
    database = sqlite3.connect(":memory:")
    database.executescript(FIRST_RELEASE.read_text(encoding="utf-8"))
    database.row_factory = sqlite3.Row
    found = {
        name: [_typed(row) for row in database.execute(f'SELECT * FROM "{name}"')]
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    database.close()
    return found


def _typed(row: sqlite3.Row) -> dict[str, Any]:
    """SQLite knows no booleans."""
    return {key: bool(row[key]) if key == "open" else row[key] for key in row.keys()}  # noqa: SIM118


def as_released(engine: Engine) -> None:
    """Make the first release's tables with what was in them."""
    if engine.dialect.name == "sqlite":
        database = sqlite3.connect(str(engine.url.database))
        database.executescript(FIRST_RELEASE.read_text(encoding="utf-8"))
        database.close()
        return
    with engine.begin() as connection:
        migrate(connection, "0001")
        tables = MetaData()
        tables.reflect(connection)
        for name, values in released().items():
            connection.execute(tables.tables[name].insert(), values)
        for name in ("decisions", "outbox"):
            connection.execute(
                text(f"SELECT setval('{name}_seq_seq', (SELECT max(seq) FROM {name}))")
            )


def head() -> str:
    """The last step, as Alembic's own look at the folder has it."""
    found = ScriptDirectory(str(files("services.casebook") / "migrations")).get_current_head()
    assert found is not None
    return found


def contents(casebook: Casebook) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: sorted((tuple(row) for row in rows(casebook, table)), key=str)
        for name, table in METADATA.tables.items()
        if table is not SETTINGS
    }


def test_the_first_release_s_casebook_keeps_all_it_held(nowhere: str, engine: Engine) -> None:
    as_released(engine)
    casebook = open_at(nowhere)
    before = {
        name: sorted(tuple(row.values()) for row in found) for name, found in released().items()
    }
    del before["settings"]
    came_later: dict[str, list[Any]] = {
        name: [] for name in METADATA.tables if name not in released()
    }
    before["progress"] = [(*row, None, None) for row in before["progress"]]  # noted later
    asked = {row["case_id"]: row["at_ms"] for row in released()["decisions"]}  # the last of each
    numbers = {row["case_id"]: n for n, row in enumerate(released()["cases"], start=1)}
    before["cases"] = [
        (numbers[row[0]], *row, asked[row[0]], asked[row[0]]) for row in before["cases"]
    ]
    before["duties"] = [_today(row, numbers) for row in released()["duties"]]
    before["decisions"] = [(*row, None) for row in before["decisions"]]  # found by their case's id
    before["outbox"] = [(*row, None) for row in before["outbox"]]  # open: no case is named
    before["said"] = [(0, *row) for row in before["said"]]  # on a day that nobody kept
    came_later["wakes"] = [
        (
            row["topic"],
            row["partition"],
            row["next_rung_ms"],
            row["case_id"],
            numbers[row["case_id"]],
        )
        for row in released()["duties"]
        if row["next_rung_ms"] is not None
    ]
    assert came_later["wakes"]
    came_later["case_numbers"] = sorted(numbers.items())
    found, names = contents(casebook), {row["case_id"] for row in released()["originals"]}
    assert {name for name, *_ in found.pop("case_keys")} == names
    assert found.pop("originals") != before["originals"]  # they are locked
    kept = sorted((tuple(row.values()) for row in opened(casebook, ORIGINALS)), key=str)
    assert kept == sorted(before.pop("originals"), key=str)
    assert len(kept) == 3
    del came_later["case_keys"]
    assert found == before | came_later
    casebook.close()


def test_what_was_decided_before_cases_had_numbers_is_found_by_their_ids(
    nowhere: str, engine: Engine
) -> None:
    as_released(engine)
    casebook = open_at(nowhere)
    decided = Counter(row["case_id"] for row in released()["decisions"])
    with casebook.engine.connect() as connection:
        found = {each: len(decisions_of(connection, CaseId(each))) for each in decided}
    assert found == decided
    casebook.close()


def _today(duty: dict[str, Any], numbers: dict[str, int]) -> tuple[Any, ...]:
    kept = ("position", "duty_id", "case_id", "kind", "owner", "due_ms", "open", "body")
    return (numbers[duty["case_id"]], *(duty[name] for name in kept), None)


def evidence_of_the_first_release() -> list[dict[str, Any]]:
    """The default lead's evidence as it was then: the first piece went along as an original."""
    evidence: list[dict[str, Any]] = default_example("lead_transfer")["evidence"]
    first = {key: value for key, value in evidence[0].items() if key != "copy_reason"}
    return [{**first, "original": True}, *evidence[1:]]


def with_the_first_release_s_schemas() -> Office:
    """The office with the schemas that the first release's originals were written with."""
    found = dict(office().codecs)
    ids = dict(office().ids)
    for number, record in enumerate(FIRST_RELEASE_RECORDS, start=900):
        schema = copy.deepcopy(schema_of(record))
        seal = schema["fields"][-1]["type"]["fields"][-1]["type"][1]
        seal["doc"] = (
            "封签：分离式 JWS（RFC 7515 附录F） | Seal: a detached JWS (RFC 7515, appendix F)"
        )
        del seal["fields"][1:]
        seal["fields"][0]["doc"] = (
            "JWS 紧凑序列化，载荷分离 | JWS compact serialisation with its payload detached"
        )
        _without_files(schema["fields"][-1]["type"]["fields"])
        codec = compiled(schema)
        found[number], ids[codec.fingerprint] = codec, number
    return replace(office(), codecs=found, ids=ids)


def _without_files(envelope: list[dict[str, Any]]) -> None:
    """Take out what came with attachments that are stored."""
    by_name = {field["name"]: field for field in envelope}
    attachment = by_name["attachments"]["type"][1]["items"]
    attachment["doc"] = (
        "附件清单项：正文不随消息传输 | Manifest of a file; the file itself does not travel here"
    )
    del attachment["fields"][4:]
    delivery = by_name["delivery"]["type"][1]["fields"]
    assert delivery.pop()["name"] == "keys"


def test_the_first_release_s_cases_go_on(nowhere: str, engine: Engine) -> None:
    as_released(engine)
    history = History()
    opening = history.next("lead_transfer", SENDER, evidence=evidence_of_the_first_release())
    then = CaseId(derive("case", opening.envelope.message_id))  # without its sender
    opening = replace(opening, envelope=replace(opening.envelope, case_id=then))
    history.decide(opening)
    signed = sent(history, "signed_for", HANDLER)
    reply = history.next("filing_reply", HANDLER)
    casebook = open_at(nowhere)
    log = Log({("leads", 2): 4})
    written_before = max(row.seq for row in rows(casebook, OUTBOX))
    records = [log.put(opening, MONDAY), log.put(signed, MONDAY), log.put(reply, MONDAY)]
    tally = run(casebook, records, by=with_the_first_release_s_schemas())
    assert [outcome for _, _, outcome in tally.messages] == ["repeated", "repeated", "accepted"]
    written = [row for row in outbox(casebook) if row.seq > written_before]
    replies = office().own("FilingReply")  # the receipts of before are of another schema's version
    inbox = [row.value for row in written if row.topic == f"inbox.{SENDER}"]
    assert [unframe(value)[0] for value in inbox].count(replies) == 1
    states = {row.case_id: row.state for row in rows(casebook, CASES)}
    assert states[opening.envelope.case_id] == "filed"
    casebook.close()


def test_an_empty_database_and_one_brought_forward_are_alike_and_as_the_tables_say(
    nowhere: str, engine: Engine
) -> None:
    as_released(engine)
    open_at(nowhere).close()
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert is_current(connection)


def test_the_migrations_make_what_the_tables_say(casebook: Casebook) -> None:
    with casebook.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        kept = {
            name: {index["name"] for index in inspect(connection).get_indexes(name)}
            for name in METADATA.tables
        }
    assert kept == {n: {i.name for i in t.indexes} for n, t in METADATA.tables.items()}


def test_what_a_migration_locks_is_told_as_its_steps_are(
    nowhere: str, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes as long as all of them; who waits for the last step's end would begin too soon."""
    as_released(engine)
    open_at(nowhere).close()
    told = [record.getMessage() for record in caplog.records if record.name == "yichuan.casebook"]
    number = len(released()["originals"])
    assert told[-2] == "casebook: locking what a release before kept open"
    assert told[-1].startswith(f"casebook: {number} originals locked in ")
    caplog.clear()
    open_at(nowhere).close()
    assert "yichuan.casebook" not in {record.name for record in caplog.records}


def test_opening_again_changes_nothing(nowhere: str) -> None:
    first = open_at(nowhere)
    before = everything(first)
    first.close()
    second = open_at(nowhere)
    assert everything(second) == before
    second.close()


def test_a_newer_program_s_casebook_is_refused_untouched(nowhere: str, engine: Engine) -> None:
    open_at(nowhere).close()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for opening in (open_at, open_for_reading):
        with pytest.raises(Broken) as raised:
            opening(nowhere)
        told = f"9999, not {head()}"
        assert (raised.value.code, raised.value.detail) == ("casebook.version", told)


def test_tables_of_nobody_we_know_are_refused_untouched(nowhere: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE messages (subject TEXT)"))
    for opening in (open_at, open_for_reading):
        with pytest.raises(Broken) as raised:
            opening(nowhere)
        assert (raised.value.code, raised.value.detail) == ("casebook.version", "None, not 1")
    assert inspect(engine).get_table_names() == ["messages"]


def test_reading_migrates_nothing_and_reads_no_other_form(nowhere: str, engine: Engine) -> None:
    as_released(engine)
    with engine.connect() as connection:
        assert not is_current(connection)
        assert not is_empty(connection)
        with pytest.raises(Broken, match=f"0001, not {head()}"):
            check(connection)
    with pytest.raises(Broken, match=r"casebook\.version"):
        open_for_reading(nowhere)


def test_the_first_release_s_program_stays_away_from_today_s_casebook(casebook: Casebook) -> None:
    with casebook.engine.connect() as connection:
        query = select(SETTINGS.c.value).where(SETTINGS.c.key == "version")
        version = connection.execute(query).scalar_one()
    assert version != "1"  # it refuses whatever is not that


def test_a_migration_that_fails_leaves_the_old_form(
    nowhere: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_released(engine)
    tables = sorted(inspect(engine).get_table_names())

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.execute", fail)
        with pytest.raises(ZeroDivisionError):
            open_at(nowhere)
    names = {index["name"] for index in inspect(engine).get_indexes("duties")}
    assert "duties_by_due" not in names
    with engine.connect() as connection:
        assert not is_current(connection)
    assert sorted(set(inspect(engine).get_table_names()) - {"alembic_version"}) == [
        name for name in tables if name != "alembic_version"
    ]
    open_at(nowhere).close()


def test_a_current_casebook_is_opened_without_alembic(
    nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To import it takes a tenth of the time until it is open."""
    open_at(nowhere).close()
    monkeypatch.setitem(sys.modules, "services.casebook.alembic_steps", None)
    open_at(nowhere).close()
