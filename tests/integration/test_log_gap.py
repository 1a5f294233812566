"""A true gap on the real stack: refused, answered for, passed, and its letter comes again once."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka.structs import TopicPartition

from connectors.bus.clock import monotonic
from connectors.bus.truncate import delete_below
from connectors.bus.unanswered import AGE_SECONDS_MIN
from deploy.local import processes
from deploy.local import stack as local_stack
from schemas.load import default_example
from schemas.parts import Flow
from services.cli.log_reader import open_log
from services.cli.main import main
from tests.agency_sides import FolderSide
from tests.doctor_faults import EXCHANGE, whole_stack
from tests.history import merged, officers, organ
from tests.integration.loops import within

REPOSITORY: Final = Path(__file__).parents[2]
SENDER, RECIPIENT = "yanjiao", "liuzhi-cgj"
SECONDS_MAX: Final = 90.0
POLL_SECONDS: Final = 0.1
BROKEN: Final = 70
ACCEPTING: Final = ("exchange", "gap", "--accept")
WORDS: Final = ("--by", "王某", "--reason", "停机三十一天，记录到期删除")


@dataclass
class Bench:
    """The stack, its exchange, and the connectors of two organs."""

    home: Any
    settings: Any
    folder: Path
    sides: dict[str, FolderSide] = field(default_factory=dict)

    def connector(self, alias: str) -> None:
        """Start an organ's connector."""
        side = self.sides.setdefault(alias, FolderSide(self.folder / alias))
        config = self.folder / f"{alias}.toml"
        text = f'organ = "{alias}"\nkind = "folder"\n[source]\nfolder = "{side.root}"\n'
        config.write_text(f"{text}poll_seconds = 0.1\n", encoding="utf-8")
        self._start(alias, "-m", "connectors.folder", str(config))

    def exchange(self) -> None:
        """Start the exchange."""
        self._start(EXCHANGE, "-m", "services.exchange")

    def stop(self, name: str) -> None:
        """Stop a process in order."""
        processes.stop(self.home, name, local_stack.GRACE_SECONDS)

    def _start(self, name: str, *argv: str) -> None:
        command = (sys.executable, *argv, "--home", str(self.home.path))
        processes.start(self.home, name, command, os.environ, cwd=REPOSITORY)

    def log(self, name: str) -> str:
        """Return what a process has said."""
        return str((self.home.logs / f"{name}.log").read_text(encoding="utf-8"))

    def put(self, name: str, number: int) -> None:
        """Hand a lead over."""
        changes = {
            "envelope": {
                "document_number": f"案移〔2026〕{number}号",
                "officers": officers(organ(SENDER)),
            }
        }
        document = merged(default_example("lead_transfer"), changes)
        self.sides[SENDER].put(name, "lead_transfer", json.dumps(document, ensure_ascii=False))

    def until(self, fact: Callable[[], bool], what: str) -> None:
        """Wait for it."""
        until = monotonic() + SECONDS_MAX
        while not fact():
            assert monotonic() < until, f"{what}: {self.log(EXCHANGE)[-1500:]}"
            time.sleep(POLL_SECONDS)

    def until_state(self, name: str, state: str) -> None:
        """Wait until a lead is so far."""

        def is_so() -> bool:
            with suppress(AssertionError, FileNotFoundError):  # between two folders
                return self.sides[SENDER].state(name) == state
            return False

        self.until(is_so, f"{name} {state}")

    def numbers(self) -> list[str]:
        """Return the numbers of the leads that the recipient has, as often as it has them."""
        inbox = self.sides[RECIPIENT].root / "inbox"
        documents = [json.loads(path.read_text("utf-8")) for path in inbox.glob("*.json")]
        return sorted(
            each["envelope"]["document_number"]
            for each in documents
            if each["envelope"]["record"] == "LeadTransfer"
        )

    def until_arrived(self, number: int) -> None:
        """Wait until so many leads have arrived: the first ones, each once."""
        self.until(lambda: len(self.numbers()) >= number, "arrived")
        assert self.numbers() == [f"案移〔2026〕{each}号" for each in range(1, number + 1)]

    def delete(self) -> None:
        """Let the broker delete all that the flows have."""
        with open_log(self.home, self.settings, SECONDS_MAX) as log:
            spans = {place: span for flow in Flow for place, span in log.spans(flow).items()}
        login = self.home.credentials(EXCHANGE)
        for place, (begin, end) in spans.items():
            if begin < end:
                within(delete_below(self.settings, login, TopicPartition(*place), end))

    def make_older(self) -> None:
        """Let what the sender's connector has published be of some minutes ago."""
        with closing(sqlite3.connect(self.ledger())) as book:
            book.execute(
                "UPDATE unanswered SET published_at = published_at - ?", (2 * AGE_SECONDS_MIN,)
            )
            book.commit()

    def ledger(self) -> Path:
        """Return where the sender's connector keeps its book."""
        (found,) = self.home.path.rglob(f"*{SENDER}*/ledger.sqlite")
        return Path(found)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, new_home: Any) -> Iterator[Bench]:
    made = new_home(tmp_path_factory.mktemp("gap") / "home")
    with whole_stack(made.home, made.settings):
        found = Bench(made.home, made.settings, tmp_path_factory.mktemp("agencies"))
        for alias in (SENDER, RECIPIENT):
            found.connector(alias)
        try:
            yield found
        finally:
            for alias in (SENDER, RECIPIENT):
                found.stop(alias)


class Command:
    """Runs `yichuan … --json` and returns (exit code, lines)."""

    def __init__(self, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
        self._home, self._capsys = str(bench.home.path), capsys

    def __call__(self, *argv: str | Path) -> tuple[int, list[dict[str, Any]]]:
        """Run one command."""
        self._capsys.readouterr()
        code = main([*map(str, argv), "--json", "--home", self._home])
        lines = self._capsys.readouterr().out.splitlines()
        return code, [json.loads(line) for line in lines]

    def refused(self, *argv: str | Path) -> tuple[int, str]:
        """Run one that is refused; return with which code."""
        code, lines = self(*argv)
        return code, lines[-1]["error"]["code"]


def ended(bench: Bench) -> int:
    """Run the exchange until it ends of itself; return its status."""
    argv = (sys.executable, "-m", "services.exchange", "--home", str(bench.home.path))
    with (bench.home.logs / f"{EXCHANGE}.log").open("ab") as log:
        done = subprocess.run(
            argv, cwd=REPOSITORY, stdout=log, stderr=log, timeout=SECONDS_MAX, check=False
        )
    return done.returncode


def offsets(lines: Sequence[dict[str, Any]]) -> int:
    return sum(line["offsets"] for line in lines)


def test_what_was_lost_undecided_comes_again_once_somebody_answers_for_the_gap(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yichuan, archive = Command(bench, capsys), tmp_path / "backup.tar"
    bench.put("before", 1)
    bench.until_state("before", "accepted")
    assert yichuan("exchange", "gap") == (0, [])
    assert yichuan.refused(*ACCEPTING, "1-abc", *WORDS) == (3, "casebook.in_use")
    bench.stop(EXCHANGE)
    assert yichuan("backup", archive)[0] == 0
    assert yichuan.refused(*ACCEPTING, "1-abc", *WORDS) == (1, "log.no_gap")
    make_a_gap(bench)
    gaps = refused_until_it_is_accepted(bench, yichuan)

    bench.exchange()
    bench.until_state("behind", "accepted")
    assert bench.sides[SENDER].state("lost") == "sent"
    bench.stop(SENDER)
    bench.make_older()
    bench.connector(SENDER)
    bench.until_state("lost", "accepted")
    bench.until_arrived(3)
    assert "sent again: 1" in bench.log(SENDER)
    letters = [each for each in yichuan("dead", "list")[1] if each["code"] == "log.gap"]
    assert len(letters) == len(gaps)
    replay_agrees(yichuan, archive, gaps)

    # A casebook of before it passes it again, by the journal's word, and nothing comes twice.
    bench.stop(EXCHANGE)
    assert yichuan("restore", archive)[0] == 0
    bench.exchange()
    bench.put("later", 4)
    bench.until_state("later", "accepted")
    bench.until_arrived(4)
    replay_agrees(yichuan, archive, gaps)


def make_a_gap(bench: Bench) -> None:
    """Let a letter be published that nobody decides, the log lose it, and another come behind."""
    bench.put("lost", 2)
    bench.until_state("lost", "sent")
    bench.stop(SENDER)
    bench.delete()
    bench.connector(SENDER)
    bench.put("behind", 3)
    bench.until_state("behind", "sent")


def refused_until_it_is_accepted(bench: Bench, yichuan: Command) -> list[dict[str, Any]]:
    """Hold what the exchange and the command say, then answer for it; return the gaps."""
    assert ended(bench) == BROKEN
    assert "log.gap" in bench.log(EXCHANGE)
    code, (*gaps, named) = yichuan("exchange", "gap")
    assert code == 1
    assert "leads" in {gap["flow"] for gap in gaps}
    assert yichuan.refused(*ACCEPTING, "1-abc", *WORDS) == (1, "log.gap_other")
    assert yichuan.refused(*ACCEPTING, named["accept"]) == (2, "command.usage")
    assert ended(bench) == BROKEN  # nothing was passed by any of it
    code, (done,) = yichuan(*ACCEPTING, named["accept"], *WORDS)
    assert (code, done["offsets"], done["other_rulebook"]) == (0, offsets(gaps), [])
    assert yichuan("exchange", "gap") == (0, [])
    return gaps


def replay_agrees(yichuan: Command, archive: Path, gaps: Sequence[dict[str, Any]]) -> None:
    code, (told,) = yichuan("replay", "--from", archive)
    assert (code, told["same"], told["lost"]) == (0, True, offsets(gaps))
