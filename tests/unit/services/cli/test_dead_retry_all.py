"""`yichuan dead retry CODE`: all letters of a code that nobody retried, in their order."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

import pytest

from connectors.bus.home import Home
from schemas.errors import Unavailable
from services.casebook.rows import Position
from services.casebook.store import Casebook
from services.cli import dead_retry as module
from services.cli.dead_desk import Desk
from services.cli.dead_letter import DeadLetter, Mark, Retry
from services.cli.main import main
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture

AT: Final = datetime(2026, 9, 21, 2, 0, tzinfo=UTC)
CODE: Final = "message.unstamped"


class Leads:
    """A log that has the leads."""

    def spans(self, topic: str) -> dict[Any, Any]:
        """Where they begin and end."""
        return {(topic, number): (0, 1) for number in range(4)}


@dataclass(frozen=True, slots=True)
class Whole(Desk):
    """A desk whose letters are found with their bytes."""

    def whole(self, letters: Iterable[DeadLetter]) -> Iterator[tuple[DeadLetter, ...]]:
        """As Desk says, each by itself."""
        for light in letters:
            value = str(light.offset).encode()
            yield (DeadLetter(light.offset, AT, b"k", value, {}, light.source, light.code),)


@dataclass
class Bench:
    """What lies in the dead letters, and what was written."""

    home: Home
    casebook: Casebook
    letters: list[DeadLetter] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    written: list[tuple[bytes, str, int | None]] = field(default_factory=list)
    fails_at: int | None = None

    def put(self, code: str, *, size: int | None = 1, topic: str = "leads") -> None:
        """Put a letter there, without its bytes, as it lies on a desk."""
        place = Position(topic, len(self.letters) % 4, 7)
        self.letters.append(
            DeadLetter(len(self.letters), AT, None, None, {}, place, code, size=size)
        )

    @contextmanager
    def desk(self, _: Home) -> Iterator[Desk]:
        """Open it."""
        with self.casebook.engine.connect() as connection:
            log, settings = cast("Any", Leads()), self.home.settings()
            lie = tuple(self.letters), tuple(self.marks)
            yield Whole(self.home, settings, log, connection, *lie)

    async def write(self, _: Desk, steps: Iterable[tuple[DeadLetter, module.Step]]) -> None:
        """Note what is written, and mark it."""
        for letter, step in steps:
            if letter.offset == self.fails_at:
                raise Unavailable("kafka.unreachable")
            self.written.append((step.value, step.topic, step.partition))
            self.marks.append(Mark(letter.offset, Retry.RESENT, AT))


@pytest.fixture
def bench(home: Home, casebook: Casebook, monkeypatch: pytest.MonkeyPatch) -> Bench:
    found = Bench(home, casebook)
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))
    monkeypatch.setattr(module, "open_desk", found.desk)
    monkeypatch.setattr(module, "_write", found.write)
    return found


def test_those_of_the_code_are_written_where_they_lay_and_no_others(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    for code in (CODE, "message.malformed", CODE, CODE):
        bench.put(code)
    bench.put(CODE, size=None)  # secret: nothing of it was kept
    bench.marks.append(Mark(2, Retry.RESENT, AT))
    assert main(["dead", "retry", CODE, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"code": CODE, "letters": 2, "dry_run": False}
    assert bench.written == [(b"0", "leads", 0), (b"3", "leads", 3)]
    assert main(["dead", "retry", CODE, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "dead.unknown"


def test_cut_off_it_goes_on_behind_the_last_one(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        bench.put(CODE)
    bench.fails_at = 1
    assert main(["dead", "retry", CODE]) == 3
    bench.fails_at = None
    capsys.readouterr()
    assert main(["dead", "retry", CODE]) == 0
    assert "2" in capsys.readouterr().out
    assert [value for value, *_ in bench.written] == [b"0", b"1", b"2"]


def test_a_dry_run_writes_nothing(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.put(CODE)
    assert main(["dead", "retry", CODE, "--dry-run"]) == 0
    assert "message.unstamped" in capsys.readouterr().out
    assert bench.written == []


def test_to_discard_is_asked_for_one_by_one(bench: Bench) -> None:
    bench.put(CODE)
    assert main(["dead", "retry", CODE, "--discard"]) == 2
    assert bench.written == []


def test_a_letter_at_which_a_case_stands_still_is_not_among_those_of_a_code(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put("case.defect")
    step = module.Step(Retry.SETTLED, "leads", None, b"k", b"v")
    monkeypatch.setattr(module, "plan", lambda *_, **__: step)
    assert main(["dead", "retry", "case.defect"]) == 2
    assert bench.written == []
