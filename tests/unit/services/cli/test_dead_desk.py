"""The dead letters may be a hundred thousand: few questions for many, few bytes at one time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event, insert

from connectors.bus.home import Home, home_at
from schemas.errors import Refusal, UserError
from schemas.topics import DEAD_LETTERS
from services.casebook.rows import Position, to_ms
from services.casebook.store import Casebook
from services.casebook.tables import DEAD
from services.cli import dead_desk as module
from services.cli import dead_retry as retrying
from services.cli.dead_letter import Retry, mark_headers
from services.cli.log_reader import Logged
from services.cli.main import main
from services.exchange.journal import dead_letter
from tests.empty_casebook import empty_casebook
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture

AT: Final = datetime(2026, 9, 21, 2, 0, tzinfo=UTC)
PLACE: Final = (DEAD_LETTERS, 0)
CODE: Final = "message.unstamped"


@dataclass
class Topics:
    """The dead letters as a reader sees them, and the leads."""

    casebook: Casebook
    letters: list[Logged] = field(default_factory=list)
    reads: list[tuple[int, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def put(self, value: bytes = b"x") -> None:
        """A letter from the leads, of a message and a case of its own."""
        offset = len(self.letters)
        ids = {"message_id": f"message {offset}", "case_id": f"case {offset}"}
        lay = {"topic": "leads", "partition": 0, "offset": offset}
        with self.casebook.engine.begin() as connection:
            connection.execute(insert(DEAD), [lay | ids | {"at_ms": to_ms(AT), "code": CODE}])
        headers = dict(dead_letter(Position("leads", 0, offset), Refusal(CODE)).headers)
        self.letters.append(Logged(PLACE, offset, AT, b"key", value, headers, is_stamped=True))

    def mark(self, of: int) -> None:
        """A mark on a letter."""
        headers = dict(mark_headers(of, Retry.RESENT))
        self.letters.append(
            Logged(PLACE, len(self.letters), AT, b"k", None, headers, is_stamped=True)
        )

    def spans(self, topic: str) -> dict[Any, Any]:
        """Where they begin and end."""
        self.asked.append(topic)
        return {PLACE: (0, len(self.letters))} if topic == DEAD_LETTERS else {("leads", 0): (0, 1)}

    def read(self, begins: Any, ends: Any, _seconds_max: float) -> Iterator[Logged]:
        """Those of one span."""
        self.reads.append((begins[PLACE], ends[PLACE]))
        yield from self.letters[begins[PLACE] : ends[PLACE]]


@dataclass
class Producer:
    """Takes all; how often one was opened is counted."""

    sent: list[tuple[str, Any]] = field(default_factory=list)
    opened: int = 0

    async def open(self, *_: object, **__: object) -> "Producer":
        """As start_producer."""
        self.opened += 1
        return self

    async def send_and_wait(self, topic: str, value: bytes | None = None, **_: object) -> None:
        """Take it."""
        self.sent.append((topic, value))

    async def stop(self) -> None:
        """Nothing to do."""


@pytest.fixture
def topics(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topics]:
    found = Topics(empty_casebook(home.casebook))

    @contextmanager
    def opened(*_: object) -> Iterator[Topics]:
        yield found

    monkeypatch.setenv("YICHUAN_HOME", str(home.path))
    monkeypatch.setattr(module, "open_log", opened)
    yield found
    found.casebook.close()


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["dead", "list", "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_of_many_letters_the_casebook_is_asked_as_often_as_of_one(
    topics: Topics, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def note(*told: Any) -> None:
        asked.append(told[2])

    topics.put()
    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert len(listed(capsys)) == 1
        for_one = len(asked)
        for _ in range(50):
            topics.put()
            topics.mark(len(topics.letters) - 1)
        asked.clear()
        assert len(listed(capsys)) == 51
        assert len(asked) == for_one
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_a_letter_that_is_older_than_those_looked_at_is_found_by_its_number_and_the_list_says_so(
    topics: Topics, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        topics.put(b"%d" % number)
    assert main(["dead", "list"]) == 0
    assert "dead show" not in capsys.readouterr().err
    monkeypatch.setattr(module, "LETTERS_MAX", 2)
    assert main(["dead", "list"]) == 0
    assert "dead show" in capsys.readouterr().err
    assert [each["id"] for each in listed(capsys)] == ["3", "4"]
    with module.open_desk(home_at()) as desk:
        assert (desk.find("1").value, desk.find("message 4").value) == (b"1", b"4")
        for unknown in ("5", "9" * 30, "a message"):
            with pytest.raises(UserError, match=r"dead\.unknown"):
                desk.find(unknown)


def test_as_many_are_read_at_once_as_memory_is_for(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 1, 1, 3, 9, 1):
        topics.put(b"x" * size)
    monkeypatch.setattr(module, "PORTION_BYTES_MAX", 4)
    monkeypatch.setattr(module, "PORTION_OFFSETS_MAX", 3)
    with module.open_desk(home_at()) as desk:
        topics.reads.clear()
        few = [each for each in desk.letters if each.offset != 1]
        portions = list(desk.whole(few))
    offsets = [[each.offset for each in portion] for portion in portions]
    assert offsets == [[0, 2], [3], [4], [5]]
    assert topics.reads == [(0, 3), (3, 4), (4, 5), (5, 6)]
    sizes = [len(each.value or b"") for portion in portions for each in portion]
    assert sizes == [1, 1, 3, 9, 1]


def test_all_of_a_code_are_written_with_one_login_and_a_topic_is_asked_about_once(
    topics: Topics, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        topics.put(b"%d" % number)
    topics.mark(2)
    producer = Producer()
    monkeypatch.setattr(retrying, "start_producer", producer.open)
    monkeypatch.setattr(Home, "credentials", lambda *_: None)
    assert main(["dead", "retry", CODE, "--dry-run"]) == 0
    assert (producer.opened, producer.sent) == (0, [])
    topics.asked.clear()
    assert main(["dead", "retry", CODE]) == 0
    assert "5" in capsys.readouterr().out
    written = [value for topic, value in producer.sent if topic == "leads"]
    assert written == [b"0", b"1", b"3", b"4", b"5"]
    assert [topic for topic, _ in producer.sent] == ["leads", DEAD_LETTERS] * 5
    assert (producer.opened, topics.asked.count("leads")) == (1, 1)
    assert len(topics.reads) == 4  # twice the whole topic, and once the bytes
