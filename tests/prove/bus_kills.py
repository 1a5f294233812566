"""The bus chapter: processes killed in the middle of 5,000 messages; the agencies judge."""

import time
from collections.abc import Callable
from typing import Final

from connectors.bus.clock import monotonic
from services.rulebook.load import load
from tests.faults.agencies import DatabaseAgency, FolderAgency
from tests.faults.county import County, folder_of, wait_until
from tests.faults.judge import judge
from tests.faults.traffic import MESSAGES_OF_A_CASE, ORDER, Traffic
from tests.prove.chapter import Check, Ground
from tests.prove.kill_stand import stack

MESSAGES: Final = 5_000
CASES: Final = MESSAGES // MESSAGES_OF_A_CASE
FEED: Final = 50  # leads at once
SECONDS_MAX: Final = 900.0
QUIET_SECONDS: Final = 20.0  # after the last message, for what must not come any more
START_SECONDS_MAX: Final = 60.0
FROZEN_SECONDS: Final = 25.0  # the group waits 10 s for a worker, the database 15 s


def kill_exchange(ground: Ground) -> str:
    """Kill -9 the exchange five times; of several, one after the other."""
    return _run(ground, "杀", 5, lambda county, number: county.kill(_exchange(county, number)))


def kill_connector(ground: Ground) -> str:
    """Kill -9 each connector in turn, five times in all."""

    def strike(county: County, number: int) -> None:
        county.kill(county.agencies[number % len(county.agencies)].alias)

    return _run(ground, "连", 5, strike)


def term_three_times(ground: Ground) -> str:
    """SIGTERM the exchange twice and a connector once; each must end by itself, with status 0."""

    def strike(county: County, number: int) -> None:
        name = _exchange(county, number) if number % 2 == 0 else county.agencies[number].alias
        status = county.terminate(name)
        assert status == 0, f"{name} ended with {status}:\n{county.log(name)}"

    return _run(ground, "止", 3, strike)


def freeze_exchange(ground: Ground) -> str:
    """SIGSTOP one of several exchanges until it is out of the group and out of its transaction.

    Another decides for its partitions meanwhile; then it goes on, with what it had in its hands.
    """
    again: list[str] = []

    def strike(county: County, number: int) -> None:
        again.extend(county.supervise())
        county.freeze(_exchange(county, number), FROZEN_SECONDS)

    told = _run(ground, "冻", 3, strike, lambda county: again.extend(county.supervise()))
    return f"{told}; frozen for {FROZEN_SECONDS:.0f} s each; started again: {len(again)}"


CHECKS: Final = (
    Check("kill_exchange", kill_exchange),
    Check("kill_connector", kill_connector),
    Check("term_three_times", term_three_times),
)


def _exchange(county: County, number: int) -> str:
    return county.exchanges[number % len(county.exchanges)]


def _run(
    ground: Ground,
    run: str,
    strikes: int,
    strike: Callable[[County, int], None],
    watch: Callable[[County], object] = id,
) -> str:
    """Feed, strike at random moments of the way, wait for the end, and judge."""
    home, settings = stack(ground)
    rulebook = load(home.rulebook)
    townships = [FolderAgency(alias, folder_of(home, alias)) for alias in ("yanjiao", "mugang")]
    departments = [
        DatabaseAgency(alias, home.path / f"{alias}.agency.sqlite")
        for alias in ("liuzhi-cgj", "liuzhi-scjg")
    ]
    traffic = Traffic(rulebook, townships, departments, run)
    county = County(home, settings, [*townships, *departments])
    ground.ends.callback(county.stop)
    county.start()
    wait_until(
        lambda: all(agency.has_tables for agency in departments),
        START_SECONDS_MAX,
        "the exchange tables",
        time.sleep,
    )
    moments = [CASES * (number + 1) // (strikes + 1) for number in range(strikes)]
    began, struck = monotonic(), 0
    while len(traffic.answered) < CASES or struck < strikes:
        if traffic.fed < CASES and traffic.fed - len(traffic.answered) < 4 * FEED:
            traffic.feed(min(FEED, CASES - traffic.fed))
        traffic.answer()
        watch(county)
        if struck < strikes and len(traffic.answered) >= moments[struck]:
            strike(county, struck)
            struck += 1
        assert monotonic() - began < SECONDS_MAX, _state(traffic, county)
        time.sleep(0.1)
    assert struck == strikes

    def is_over() -> bool:
        watch(county)
        return _held(county) >= traffic.messages

    wait_until(is_over, SECONDS_MAX, "the last answers", time.sleep)
    took = monotonic() - began
    time.sleep(QUIET_SECONDS)
    verdict = judge(
        traffic.plan, {agency.alias: agency.everything() for agency in county.agencies}, ORDER
    )
    county.stop()
    assert verdict.clean, str(verdict)
    at = ", ".join(str(moment * MESSAGES_OF_A_CASE) for moment in moments)
    return f"{traffic.messages} messages, {strikes} strikes at about {at}, {took:.0f} s: {verdict}"


def _held(county: County) -> int:
    return sum(got.sender != "BUS" for agency in county.agencies for got in agency.everything())


def _state(traffic: Traffic, county: County) -> str:
    logs = "\n".join(f"{name}: {county.log(name)}" for name in county.commands)
    return f"{len(traffic.answered)} of {CASES} leads arrived in time\n{logs}"
