"""`yichuan replay`, on a log, a journal and a casebook as a broker and an exchange leave them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from connectors.bus.home import Home
from connectors.bus.registry import SchemaIds
from schemas.errors import Broken
from schemas.ids import RulebookHash
from schemas.topics import JOURNAL, ORIGINALS
from services.casebook.case_keys import CaseKeys
from services.casebook.letters import LOCKED
from services.casebook.progress import Place
from services.casebook.rows import Position
from services.casebook.store import Casebook, open_sqlite
from services.casebook.tables import DEAD, OUTBOX
from services.cli import replay as command
from services.cli.exit_codes import NO, NOT_TRIED
from services.cli.log_reader import Logged
from services.cli.main import main
from services.exchange import opening
from services.exchange.gap import Found, Gap, Passed, in_its_place
from services.exchange.incoming import Incoming
from services.exchange.kept_keys import locked
from services.exchange.log_order import in_log_order, whole
from services.exchange.originals import Kept, original
from services.rulebook.load import keep_first
from services.rulebook.model import Rulebook
from tests.batches import LATER, of_one_partition
from tests.empty_casebook import empty_casebook
from tests.history import MONDAY
from tests.office import Log, office, rows, run

stamped = partial(Logged, is_stamped=True)


@dataclass
class Broker:
    """Records by place; a place's first offset is that of its first record."""

    records: dict[Place, list[Logged]] = field(default_factory=dict)
    partitions: int = 4

    def put(self, record: Logged) -> None:
        """Append a record."""
        self.records.setdefault(record.place, []).append(record)

    def spans(self, topic: str) -> dict[Place, tuple[int, int]]:
        """Where each partition begins and ends."""
        count = 1 if topic == JOURNAL else self.partitions
        found = {}
        for place in ((topic, number) for number in range(count)):
            there = self.records.get(place, [])
            found[place] = (there[0].offset, there[-1].offset + 1) if there else (0, 0)
        return found

    def read(
        self, begins: Mapping[Place, int], ends: Mapping[Place, int], _seconds_max: float
    ) -> Iterator[Logged]:
        """Yield what lies between."""
        for place, begin in begins.items():
            for record in self.records.get(place, []):
                if begin <= record.offset < ends[place]:
                    yield record


class Flows:
    """The same records, as the reader of flows gives them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def read(self, place: Place, begin: int, end: int) -> Iterator[Incoming]:
        """Yield what lies between."""
        for each in self._broker.read({place: begin}, {place: end}, 0.0):
            yield Incoming(Position(*place, each.offset), each.key, each.value, each.at)


@dataclass
class Installation:
    """A home in which an exchange has decided two leads and a Tick, and a broker with all of it."""

    home: Home
    broker: Broker = field(default_factory=Broker)
    log: Log = field(default_factory=Log)
    incoming: list[Incoming] = field(default_factory=list)

    def decide(self, casebook: Casebook) -> None:
        """Let an exchange decide; the broker has what it read and what it told."""
        self.incoming = [self.log.put(lead, MONDAY) for lead in of_one_partition(2)]
        partition = self.incoming[0].position.partition
        self.incoming.append(self.log.tick(LATER, partition))
        self.decide_these(casebook, self.incoming)

    def decide_these(self, casebook: Casebook, incoming: list[Incoming]) -> None:
        """Let an exchange decide these, and the outbox be empty."""
        run(casebook, incoming)
        for each in incoming:
            place = (each.position.topic, each.position.partition)
            self.broker.put(
                stamped(place, each.position.offset, each.stamped_at, each.key, each.value, {})
            )
        for row in [row for row in rows(casebook, OUTBOX) if row.topic == JOURNAL]:
            self.tell(row.value)
        with casebook.engine.begin() as connection:
            connection.execute(OUTBOX.delete())

    def tell(self, line: bytes) -> None:
        """Write a line into the journal."""
        offset = self.broker.spans(JOURNAL)[JOURNAL, 0][1]
        self.broker.put(stamped((JOURNAL, 0), offset, LATER, b"", line, {}))

    def cut(self, count: int) -> None:
        """Lose the beginning of the flow; what is lost lies in the originals, locked."""
        casebook = open_sqlite(self.home.casebook)
        lost = [(each, original(each, None)) for each in self.incoming[:count]]
        copies, _ = locked(casebook, lost)
        casebook.close()
        position = self.incoming[0].position
        place = (position.topic, position.partition)
        for copied in copies:
            there = (ORIGINALS, position.partition)
            offset = self.broker.spans(ORIGINALS)[there][1]
            headers = dict(copied.headers)
            self.broker.put(stamped(there, offset, LATER, copied.key, copied.value, headers))
        self.broker.records[place] = self.broker.records[place][count:]

    def erase(self, number: int) -> None:
        """Let the term of a record's case be over."""
        casebook = open_sqlite(self.home.casebook)
        name = (self.incoming[number].key or b"").decode()
        with casebook.engine.begin() as connection:
            CaseKeys(connection, casebook.key).erase(name, LATER)
        casebook.close()

    def replay(self, *flags: str) -> int:
        """Run the command; return its exit code."""
        return main(["replay", "--home", str(self.home.path), *flags])


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = Installation(Home(tmp_path / "home"))
    made.home.rulebooks.mkdir(parents=True)
    first = office().rulebook
    keep_first(made.home.rulebooks, first.hash)

    def kept(_shelf: Path, rulebook: RulebookHash) -> Rulebook | None:
        return first if rulebook == first.hash else None

    @contextmanager
    def log(*_asked: object) -> Iterator[Broker]:
        yield made.broker

    monkeypatch.setattr(opening, "kept", kept)
    monkeypatch.setattr(command, "open_log", log)
    monkeypatch.setattr(command, "FlowReader", lambda *_: Flows(made.broker))
    by_id = {number: codec.fingerprint for number, codec in office().codecs.items()}
    SchemaIds(by_id, {}).save(made.home.schema_ids)
    casebook = empty_casebook(made.home.casebook)
    made.decide(casebook)
    casebook.close()
    return made


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_log_and_its_journal_agree_and_are_counted(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installation.replay("--json") == 0
    counted = told(capsys)
    assert (counted["same"], counted["decisions"], counted["defects"]) == (True, 2, 0)
    assert counted["flows"]["leads"] == {
        "records": 3,
        "ticks": 1,
        "dead": 0,
        "refused_by_gate": 0,
        "erased": 0,
        "decisions": 2,
    }
    assert counted["rulebooks"] == [office().rulebook.hash]
    assert list(installation.home.run.iterdir()) == []  # the scratch casebook is gone


def test_people_get_a_table(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("YICHUAN_LANG", "en")
    assert installation.replay() == 0
    assert "the same: 2 decisions to the byte, under 1 rulebooks" in capsys.readouterr().out


def test_what_the_log_has_lost_is_read_from_the_originals(installation: Installation) -> None:
    installation.cut(2)
    assert installation.replay("--json") == 0


@pytest.mark.parametrize("page", [1, 500])
def test_what_the_originals_keep_is_locked_and_opened_by_the_home_s_key(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    page: int,
) -> None:
    monkeypatch.setattr(command, "ORIGINALS_PAGE_MAX", page)
    installation.cut(2)
    (values,) = installation.broker.records[ORIGINALS, installation.incoming[0].position.partition][
        :1
    ]
    assert (installation.incoming[0].value or b"")[5:40] not in (values.value or b"")
    assert installation.replay("--json") == 0
    capsys.readouterr()
    installation.home.casebook_key.unlink()
    assert installation.replay("--json") == NOT_TRIED
    assert told(capsys)["error"]["code"] == "casebook.key_missing"


def test_what_another_flow_s_records_hold_is_not_opened(installation: Installation) -> None:
    installation.cut(2)
    position = installation.incoming[0].position
    there = (ORIGINALS, position.partition)
    stray = original(
        replace(installation.incoming[0], position=replace(position, topic="copies")), None
    )
    headers = dict(stray.headers) | {LOCKED: b"nobody"}
    end = installation.broker.spans(ORIGINALS)[there][1]
    installation.broker.put(stamped(there, end, LATER, b"", b"", headers))
    assert installation.replay("--json") == 0


def test_a_case_whose_content_was_erased_is_left_out_and_counted(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.cut(2)
    installation.erase(0)
    assert installation.replay("--json") == 0
    counted = told(capsys)
    leads = counted["flows"]["leads"]
    assert (counted["decisions"], leads["records"], leads["erased"], leads["dead"]) == (1, 3, 1, 0)


def test_a_record_that_is_nowhere_cannot_be_replayed(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.cut(2)
    installation.broker.records.pop((ORIGINALS, installation.incoming[0].position.partition))
    assert installation.replay("--json") == NOT_TRIED
    assert told(capsys)["error"]["code"] == "replay.too_old"


def test_what_came_after_a_backup_is_replayed_on_it(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The flows keep thirty days, and whoever is older could replay nothing any more."""
    archive, home = tmp_path / "backup.tar", installation.home
    assert main(["backup", str(archive), "--home", str(home.path)]) == 0
    casebook = open_sqlite(home.casebook)
    third = installation.log.put(of_one_partition(3)[2], LATER)
    tick = installation.log.tick(LATER + timedelta(days=30), third.position.partition)
    installation.decide_these(casebook, [third, tick])
    casebook.close()
    place = (third.position.topic, third.position.partition)
    installation.broker.records[place] = installation.broker.records[place][3:]
    capsys.readouterr()
    assert installation.replay("--json") == NOT_TRIED
    assert told(capsys)["error"]["code"] == "replay.too_old"
    assert installation.replay("--json", "--from", str(archive)) == 0
    counted = told(capsys)
    assert (counted["flows"]["leads"]["records"], counted["flows"]["leads"]["ticks"]) == (2, 1)
    assert counted["decisions"] > 3  # the third, and what has fallen due of all three
    assert list(home.run.iterdir()) == []
    lines = installation.broker.records[JOURNAL, 0]
    entry = json.loads(lines[-1].value or b"")
    forged = json.dumps({**entry, "at": "2026"}, ensure_ascii=False, sort_keys=True)
    lines[-1] = replace(lines[-1], value=forged.encode())
    assert installation.replay("--json", "--from", str(archive)) == NO
    assert told(capsys)["error"]["code"] == "replay.differs"


@pytest.mark.parametrize("knows", [True, False])
def test_a_gap_that_somebody_answered_for_is_gone_over_where_the_casebook_says_so_too(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, knows: bool
) -> None:
    archive, home = tmp_path / "backup.tar", installation.home
    assert main(["backup", str(archive), "--home", str(home.path)]) == 0
    casebook, place = open_sqlite(home.casebook), installation.incoming[0].position.place
    installation.log.next_offset[place] += 4
    gap = Gap(*place, 3, 6)
    run(casebook, [in_its_place(Passed(Found(gap, LATER, None), "王某", "停机", LATER))])
    installation.decide_these(casebook, [installation.log.put(of_one_partition(3)[2], LATER)])
    if not knows:
        with casebook.engine.begin() as connection:
            connection.execute(DEAD.delete())
    casebook.close()
    installation.broker.records[place] = installation.broker.records[place][3:]
    capsys.readouterr()
    replayed = installation.replay("--json", "--from", str(archive))
    if not knows:
        assert (replayed, told(capsys)["error"]["code"]) == (NOT_TRIED, "replay.too_old")
        return
    counted = told(capsys)
    assert (replayed, counted["lost"], counted["flows"]["leads"]["dead"]) == (0, 4, 0)
    assert installation.replay("--from", str(archive)) == 0
    assert "另有 4 条" in capsys.readouterr().out


def test_what_is_no_backup_begins_no_replay(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").write_text("x")
    assert installation.replay("--json", "--from", str(tmp_path / "other")) == NOT_TRIED
    assert told(capsys)["error"]["code"] == "backup.unreadable"


def test_a_journal_that_was_written_over_is_told_by_place_and_field(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = installation.broker.records[JOURNAL, 0]
    entry = json.loads(lines[1].value or b"")
    entry["effects"][0]["state"] = "金丝雀"
    forged = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    lines[1] = replace(lines[1], value=forged.encode())
    assert installation.replay("--json") == NO
    printed = capsys.readouterr()
    error = json.loads(printed.out)["error"]
    position = installation.incoming[1].position
    assert error["code"] == "replay.differs"
    assert error["where"] == f"leads/{position.partition}/{position.offset}"
    assert error["detail"] == f"{entry['message']} effects[0].state"
    assert "金丝雀" not in printed.out + printed.err


def test_an_entry_that_still_waits_in_the_outbox_is_an_entry(installation: Installation) -> None:
    last = installation.broker.records[JOURNAL, 0].pop()
    assert installation.replay("--json") == NO
    casebook = open_sqlite(installation.home.casebook)
    with casebook.engine.begin() as connection:
        waiting = {"source_topic": "leads", "source_partition": 0, "topic": JOURNAL}
        connection.execute(OUTBOX.insert().values(**waiting, value=last.value))
    casebook.close()
    assert installation.replay("--json") == 0


def test_a_journal_that_is_too_long_to_hold_is_not_tried(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "ENTRIES_MAX", 1)
    assert installation.replay("--json") == NOT_TRIED
    assert told(capsys)["error"]["code"] == "replay.too_long"


def test_without_the_rulebook_that_the_log_began_under_nothing_is_tried(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_first(installation.home.rulebooks, RulebookHash("c" * 64))
    assert installation.replay("--json") == NOT_TRIED
    assert told(capsys)["error"]["code"] == "rulebook.unknown"


# --------------------------------------------------------------------------------- the order


def test_partitions_are_read_side_by_side_by_the_broker_s_stamp() -> None:
    log = Log()
    early, late = (log.tick(at, 1) for at in (MONDAY, LATER))
    between = log.tick(MONDAY.replace(minute=30), 2)
    streams = [iter([Kept(early, None), Kept(late, None)]), iter([Kept(between, None)])]
    assert [each.incoming for each in in_log_order(streams)] == [early, between, late]


def test_a_hole_stops_the_replay_where_it_is() -> None:
    log = Log()
    first, _, third = (Kept(log.tick(MONDAY, 1), None) for _ in range(3))
    reading = whole([first, third], ("leads", 1), 0, 3)
    assert next(reading) is first
    with pytest.raises(Broken, match=r"log\.gap") as raised:
        next(reading)
    assert raised.value.detail == "leads/1: 1 < 3"
