"""A county of planted processes: each start may be given one strike; what happened is read back."""

import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connectors.bus.clock import now
from deploy.local import processes
from services.exchange import workers
from tests.faults.agencies import FolderAgency
from tests.faults.county import STOP_SECONDS_MAX, County
from tests.faults.planted import EVENTS, last_of
from tests.faults.points import RANDOM, Strike

MODULE: Final = "tests.faults.planted"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the planted processes: `landed` where it was struck, `processed` after a start.

    `at`: seconds since 1970. `cpu`: seconds of the processor that it took until then.
    """

    event: str
    process: str
    at: float
    point: str = ""
    act: str = ""
    cpu: float = 0.0


@dataclass(slots=True)
class PlantedCounty(County):
    """The county in its test build."""

    bug: str | None = None
    is_planted: bool = True  # else the processes are those that are installed
    strikes: dict[str, Strike] = field(default_factory=dict)  # for the next start of each
    more: dict[str, tuple[str, ...]] = field(default_factory=dict)  # words of each start
    statuses: dict[int, int] = field(default_factory=dict)  # of processes that ended, by pid

    @property
    def events(self) -> Path:
        """Where the processes tell what happened."""
        return self.home.path / EVENTS

    def read_events(self) -> list[Event]:
        """Return all of it, in the order in which it was written."""
        if not self.events.exists():
            return []
        lines: list[dict[str, Any]] = [
            json.loads(line) for line in self.events.read_text(encoding="utf-8").splitlines()
        ]
        return [
            Event(
                one["event"],
                one["process"],
                one["at"],
                one.get("point", ""),
                one.get("act", ""),
                one.get("cpu", 0.0),
            )
            for one in lines
        ]

    def note(self, event: Event) -> None:
        """Write down a strike from outside."""
        line = {"event": event.event, "process": event.process, "at": event.at}
        with self.events.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "point": event.point, "act": event.act}) + "\n")

    def ended(self) -> list[str]:
        """Return the processes that do not run, and keep how they ended."""
        names = [name for name in self.commands if processes.running(self.home, name) is None]
        for name in names:
            recorded = (self.home.run / f"{name}.pid.json").exists()  # not of one that was stopped
            child = processes._children.get(self.pid(name)) if recorded else None
            if child is not None:  # what is ending shows no command line any more
                self.statuses[child.pid] = child.wait(STOP_SECONDS_MAX)
        return names

    def supervise(self) -> list[str]:
        """Start again what has ended, as a supervisor of the host does; return the names."""
        ended = self.ended()
        for name in ended:
            self.begin(name)
        return ended

    def pid(self, name: str) -> int:
        """Return the process id under which it was started last."""
        record = self.home.run / f"{name}.pid.json"
        return int(json.loads(record.read_text(encoding="utf-8"))["pid"])

    def landed(self) -> list[Event]:
        """Return every strike that landed."""
        return [event for event in self.read_events() if event.event == "landed"]

    def kill_now(self, name: str) -> bool:
        """Kill -9 one process wherever it is, and write down what it had passed last.

        Return whether it ran: a strike of its own may have ended it since it was looked at.
        """
        process = processes.running(self.home, name)
        if process is None:
            return False
        os.kill(process.pid, signal.SIGKILL)
        os.waitpid(process.pid, 0)
        at = now().timestamp()
        last = last_of(self.events, name).read_bytes().strip(b" \0").decode()
        self.note(Event("landed", name, at, f"{RANDOM.name} (after {last or 'the start'})", "kill"))
        return True

    def start(self) -> None:
        """Start all of them, unless told otherwise without a strike."""
        self.events.parent.mkdir(parents=True, exist_ok=True)
        if not self.is_planted:
            County.start(self)
            return
        for worker in workers.numbers(self.settings):
            name = workers.name_of(worker)
            numbered = ("--home", str(self.home.path), "--worker", str(worker))
            self.commands[name] = self._planted("exchange", name, numbered)
        for number, agency in enumerate(self.agencies):
            kind = "folder" if isinstance(agency, FolderAgency) else "database"
            config = self.write_config(number, agency)
            self.commands[agency.alias] = self._planted(kind, agency.alias, (str(config),))
        for name in tuple(self.commands):
            self.begin(name)

    def begin(self, name: str) -> None:
        """Start one process, with its strike if there is one."""
        words = self.commands[name]
        strike = self.strikes.pop(name, None)
        more = self.more.get(name, ())
        if strike is not None:
            more += ("--strike", str(strike))
        self.launch(name, (*words[:3], *more, *words[3:]))

    def end(self, name: str) -> None:
        """End one process, if it runs; whoever supervises starts it again."""
        process = processes.running(self.home, name)
        if process is not None:
            processes.end(process, STOP_SECONDS_MAX)

    def whole_log(self, name: str) -> str:
        """Return all that a process has said."""
        return processes.log_file(self.home, name).read_text(encoding="utf-8")

    def _planted(self, kind: str, name: str, rest: tuple[str, ...]) -> tuple[str, ...]:
        bug = ("--bug", self.bug) if self.bug else ()
        told = ("--name", name, "--events", str(self.events))
        return (sys.executable, "-m", MODULE, *bug, *told, kind, *rest)
