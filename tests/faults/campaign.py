"""One stand under fire: a county that works all the time, and the judge over all it ever did.

A fault strikes while letters are on their way; `settle` then waits until everything that was
handed over has come to its end, and `judged` holds the agencies' own folders and tables against
the record of what was handed over. Everything is judged anew after each fault: what an earlier one
broke later shows then.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Final

from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from deploy.local import stack
from services.rulebook.load import load
from tests.faults.agencies import Agency, DatabaseAgency, FolderAgency
from tests.faults.build import PlantedCounty
from tests.faults.county import folder_of, wait_until
from tests.faults.duties import wrong_duties
from tests.faults.files import wrong_files
from tests.faults.judge import Verdict, judge
from tests.faults.varied import RECORDS, VariedTraffic
from tests.prove import brokers
from tests.prove.chapter import Ground
from tests.prove.kill_stand import stack as new_stack
from tests.prove.stand import Stand, beside

SLEEPER: Final = "liuzhi-swj"  # whose clock is short in the demo's rulebook
SUPERVISOR: Final = "liuzhi-sfj"
OVERDUE_SECONDS: Final = 75.0  # a minute to sign, the Tick, its way
TOWNSHIPS: Final = ("yanjiao", "mugang")
DEPARTMENTS: Final = ("liuzhi-cgj", "liuzhi-scjg")
OUTSTANDING_MAX: Final = 12  # leads under way at once: enough that a struck process has some
FEED: Final = 2  # leads at once
PAUSE_SECONDS: Final = 0.1
START_SECONDS_MAX: Final = 90.0
SETTLE_SECONDS_MAX: Final = 180.0
REPLAY_SECONDS_MAX: Final = 900.0
STORE: Final = "store"  # of attachments, in the home
QUIET_SECONDS: Final = 4.0  # after the last message, for what must not come any more: two ticks


@dataclass(slots=True)
class Campaign:
    """The stand, its county and its traffic."""

    ground: Ground
    home: Home
    settings: Settings
    county: PlantedCounty
    traffic: VariedTraffic
    chance: Random
    seconds_left: Callable[[], float] = lambda: 600.0
    restarts: list[str] = field(default_factory=list)  # of processes that nobody struck
    replay_from: Path | None = None  # a backup; the log has lost what lay before it

    def turn(self) -> None:
        """Let the agencies work for a moment."""
        if self.outstanding < OUTSTANDING_MAX:
            self.traffic.feed(FEED)
        self.breathe()

    def breathe(self) -> None:
        """Let the agencies answer what has come, and nothing new begin."""
        self.traffic.answer()
        time.sleep(PAUSE_SECONDS)

    @property
    def stand(self) -> Stand:
        """The stand as a client sees it."""
        return Stand(self.ground, self.home, self.settings, "")

    @property
    def store(self) -> Path:
        """The folder that attachments are stored in."""
        return self.home.path / STORE

    @property
    def outstanding(self) -> int:
        """How many leads have not arrived yet."""
        return self.traffic.leads - len(self.traffic.answered)

    def work(self, cases: int, seconds_max: float = SETTLE_SECONDS_MAX) -> None:
        """Let so many more leads arrive and be answered, whatever happens meanwhile."""
        wanted, deadline = len(self.traffic.answered) + cases, monotonic() + seconds_max
        while len(self.traffic.answered) < wanted:
            assert monotonic() < deadline, (
                f"{cases} cases not within {seconds_max} s: {self.state()}"
            )
            self.turn()
            self.supervise()

    def work_for(self, seconds: float) -> None:
        """Let the agencies go on, as far as they can."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            self.turn()
            self.supervise()

    def work_until(self, fact: Callable[[], bool], what: str, seconds_max: float) -> float:
        """Work until something is so; return the seconds. AssertionError after the limit."""
        began = monotonic()
        while not fact():
            took = monotonic() - began
            assert took < seconds_max, f"{what}: not within {seconds_max} s: {self.state()}"
            self.turn()
            self.supervise()
        return monotonic() - began

    def supervise(self) -> None:
        """Start again what has ended, as the supervisor of a host does."""
        self.restarts += self.county.supervise()

    def afresh(self) -> None:
        """Begin every process anew after a fault that failed: the next is to strike a sound one."""
        if self.ground.brokers == brokers.BROKERS:
            brokers.mend(self.home, self.settings)
        stack.up(self.home, self.settings, lambda _line: None)
        for planted in (self.county.more, self.county.environment, self.county.strikes):
            planted.clear()
        for name in self.county.commands:
            self.county.end(name)
        self.supervise()

    def settle(self) -> float:
        """Wait until all that was handed over has come to its end; return the seconds.

        What has not within the limit is for the judge to name.
        """
        began = monotonic()
        while (self.left() or self.untold()) and monotonic() - began < SETTLE_SECONDS_MAX:
            self.supervise()
            self.traffic.answer()
            time.sleep(PAUSE_SECONDS)
        took = monotonic() - began
        time.sleep(QUIET_SECONDS)
        return took

    def untold(self) -> int:
        """Return how many things their senders have not been told the end of."""
        wanted = self.traffic.fates
        found = {agency.alias: agency.fates() for agency in self.county.agencies}
        return sum(
            found[alias].get(name) != end
            for alias, ends in wanted.items()
            for name, end in ends.items()
        )

    def left(self) -> int:
        """Return how much has not come to its end, as the agencies see it."""
        held = sum(agency.count(RECORDS) for agency in self.county.agencies)
        return self.traffic.messages - held + len(self.wrong_files())

    def wrong_files(self) -> tuple[str, ...]:
        """Return what is wrong with the attachments that agencies have, or have not yet."""
        traffic = self.traffic
        if not traffic.files:
            return ()
        held = {
            agency.alias: agency.files()
            for agency in self.county.agencies
            if isinstance(agency, FolderAgency)
        }
        return tuple(wrong_files(traffic.files, traffic.sleeper.alias, held))

    def judged(self) -> str:
        """Settle and judge; return the figure. AssertionError says what is wrong."""
        took = self.settle()
        verdict = self.verdict()
        assert verdict.clean, f"{verdict}; {self.state()}"
        return f"{self.traffic.messages} messages, settled in {took:.0f} s: {verdict}"

    def verdict(self) -> Verdict:
        """Hold what the agencies have against the record of what was handed over."""
        held = {agency.alias: agency.everything() for agency in self.county.agencies}
        fates = {agency.alias: agency.fates() for agency in self.county.agencies}
        traffic = self.traffic
        of_letters = judge(
            traffic.plan, held, RECORDS, traffic.fates, fates, traffic.supervisor.alias
        )
        overdue = {case: traffic.numbers[case] for case in self.overdue()}
        duties = tuple(wrong_duties(held, traffic.sleeper.alias, overdue))
        return replace(
            of_letters,
            wrong_duties=duties,
            above_clearance=tuple(self.leaked()),
            wrong_files=self.wrong_files(),
        )

    def overdue(self) -> list[str]:
        """Return the cases that nobody has signed for, and should have."""
        at, traffic = monotonic(), self.traffic
        return [
            case
            for case, number in traffic.numbers.items()
            if at - (traffic.asleep[number] or at) > OVERDUE_SECONDS
        ]

    def leaked(self) -> Iterator[str]:
        """Yield each word that somebody holds who may not, or that stands in a log."""
        texts = {agency.alias: agency.words() for agency in self.county.agencies}
        logs = {path.name: path.read_text(encoding="utf-8") for path in self.home.logs.iterdir()}
        for word, alias in self.traffic.secrets.items():
            for place, text in (texts | logs).items():
                if place != alias and word in text:
                    yield f"{place}: what is for {alias} alone"

    def replayed(self, backup: Path | None = None) -> str:
        """Decide the log anew: journal and casebook must say the same. AssertionError.

        `backup`: what to begin from, where it is not to be the log's first record.
        """
        backup = backup or self.replay_from
        begin = ("--from", backup) if backup else ()
        told = self.ground.command(
            beside("yichuan"),
            *("replay", "--json", "--home", self.home.path, *begin),
            seconds_max=REPLAY_SECONDS_MAX,
        )
        found = json.loads(told.splitlines()[-1])
        assert found["same"], told
        return f"replayed: {found['decisions']} decisions, the journal's own to the byte"

    def state(self) -> str:
        """Return what helps who reads a failure."""
        logs = "\n".join(f"{name}: {self.county.log(name)[-600:]}" for name in self.county.commands)
        return f"fed {self.traffic.fed}, arrived {len(self.traffic.answered)}\n{logs}"


def begin(
    ground: Ground, run: str, *, bug: str | None = None, seed: int = 1, is_planted: bool = True
) -> Campaign:
    """Bring up a stand of its own and let its county work.

    `is_planted`: in its test build; else the processes are those that are installed.
    """
    home, settings = new_stack(ground)
    (home.path / STORE).mkdir()
    with home.config.open("a", encoding="utf-8") as config:
        config.write(f'[attachments]\nstore = "{STORE}"\n')
    rulebook = load(home.rulebook)
    townships = [FolderAgency(alias, folder_of(home, alias)) for alias in TOWNSHIPS]
    departments = [
        DatabaseAgency(alias, home.path / f"{alias}.agency.sqlite") for alias in DEPARTMENTS
    ]
    sleeper = FolderAgency(SLEEPER, folder_of(home, SLEEPER))
    supervisor = FolderAgency(SUPERVISOR, folder_of(home, SUPERVISOR))
    agencies: list[Agency] = [*townships, *departments, sleeper, supervisor]
    county = PlantedCounty(home, settings, agencies, bug=bug, is_planted=is_planted)
    ground.ends.callback(county.stop)
    traffic = VariedTraffic(
        rulebook, townships, departments, run, sleeper=sleeper, supervisor=supervisor
    )
    campaign = Campaign(ground, home, settings, county, traffic, Random(seed))
    county.start()
    wait_until(
        lambda: all(agency.has_tables for agency in departments),
        START_SECONDS_MAX,
        "the exchange tables",
        time.sleep,
    )
    campaign.work(2)
    return campaign
