"""The county chapter: a rulebook comes into force while messages flow; short clocks."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from deploy.local import processes
from deploy.local.stack import GRACE_SECONDS
from schemas.messages import Accepted
from schemas.parts import Flow
from tests.prove.agencies import rows_of
from tests.prove.chapter import Check, Ground
from tests.prove.county_letters import (
    DEPARTMENT,
    MARKET,
    OTHER_TOWNSHIP,
    TOWNSHIP,
    Document,
    accepted,
    answering,
    arrival,
    arrived,
    by_command,
    closing_of,
    letter,
    records_of,
    rows_in,
    story,
)
from tests.prove.flow_writer import LEADS, Watch, exchange_pids, write
from tests.prove.letters import message_on, organ, partitions, sealed_value
from tests.prove.stand import Stand, demo, wait_until
from tests.short_rulebook import write_short

EXCHANGE: Final = "exchange"
DEMO: Final = "demo"
SECONDS_MAX: Final = 60.0
LADDER_SECONDS_MAX: Final = 6 * 60.0  # a minute to sign, three to the last rung, and a loaded host
RUNGS: Final = ("yellow", "red", "supervision")  # no reminder: its lead is the whole length
BY_HAND: Final = ("mugang", "jiulong")  # without connectors
FIVE: Final = (DEPARTMENT, OTHER_TOWNSHIP, MARKET, *BY_HAND)
DOWN: Final = MARKET


def rulebook_activated(ground: Ground) -> str:
    """Activate between two letters of every partition; then take it from a worker."""
    stand = demo(ground)
    before = leads_in_each_partition(stand)
    old = set(before.values())
    with short_clocks(stand) as new:
        after = set(leads_in_each_partition(stand).values())
        assert (len(old), after) == (1, {new}), f"before: {old}, after: {after}, new: {new}"
        first = next(iter(before))
        kept = {step["rulebook"] for step in story(stand, first)["steps"][:1]}
        assert kept == old, f"what was decided before: now {kept}"
        (told,) = _told(stand.objects("rules", "activate", str(_folder(stand)), "--yes"))
        assert not told["activated"], "the same hash again was written again"
        code = _without(stand, new)
        goes_on = set(leads_in_each_partition(stand).values())
        assert goes_on == {new}, f"with it again: {goes_on}"
    return (
        f"activated in all {len(before) * len(Flow)} partitions while the county ran: leads in "
        f"each of {len(before)} partitions decided under {old.pop()[:12]} before and {new[:12]} "
        f"after; the same again: nothing written; a worker without it stopped with {code}, and "
        "went on when it was there again"
    )


def scenario_1_and_6_short_clocks(ground: Ground) -> str:
    """A notice handled; a copy to five of which one is down: each rung once, in order."""
    stand = demo(ground)
    with short_clocks(stand):
        handled = _notice(stand)
        table = rows_of(stand, DOWN).file
        with _down(stand, f"connector-{DOWN}"):
            case, copy = _copy(stand)
            done = [one for one in FIVE if one != DOWN]
            for alias in done:
                _sign(stand, alias, case, copy)
            fired = wait_until(
                lambda: _all_fired(stand, case), LADDER_SECONDS_MAX, "every rung of the ladder"
            )
            past = [one for one in rows_in(table) if one["envelope"]["case_id"] == case]
            assert past == [], "something came past a connector that is down"
        arrival(stand, DOWN, case, "Copy")
        got = records_of(arrived(stand, DOWN, case))
        assert got.count("Copy") == 1, f"{DOWN} got {got}"
        _sign(stand, DOWN, case, copy)
        told = story(stand, case)
        closings = sorted(map(str, closing_of(told, "sign_for")))
        assert closings == ["late", "met", "met", "met", "met"], f"sign_for: {closings}"
        seen = [
            one["rung"]
            for one in arrived(stand, TOWNSHIP, case)
            if one["envelope"]["record"] == "DutyNotice"
        ]
        assert seen == ["yellow"], f"cards in the sender's folder: {seen}"
    return (
        f"1: notice signed for and handled: {handled}; 6: five recipients, {DOWN}'s connector "
        f"down: four signed in time, its rungs {', '.join(fired)} each once and in order; "
        f"connected again it got the copy once and signed: late. Clocks: a minute a working day"
    )


CHECKS: Final = (
    Check("rulebook_activated", rulebook_activated),
    Check("scenario_1_and_6_short_clocks", scenario_1_and_6_short_clocks),
)


def _folder(stand: Stand) -> Any:
    return stand.ground.scratch / "short"


@contextmanager
def short_clocks(stand: Stand) -> Iterator[str]:
    """Bring the short clocks into force and yield their hash; the demo's come back."""
    folder = _folder(stand)
    if not folder.exists():
        write_short(folder)
    (told,) = _told(stand.objects("rules", "activate", str(folder), "--yes"))
    try:
        yield str(told["rulebook"])
    finally:
        stand.objects("rules", "activate", DEMO, "--yes")


def _told(printed: list[Document]) -> list[Document]:
    return [one for one in printed if "activated" in one]


def leads_in_each_partition(stand: Stand) -> dict[str, str]:
    """Write a lead into each partition; return by which rulebook its receipt says it was decided.

    By case, in the order of the partitions.
    """
    watch = Watch.begin(stand)
    leads = [message_on(stand, number) for number in range(partitions(stand))]
    for number, lead in enumerate(leads):
        write(stand, LEADS, number, lead.envelope.case_id.encode(), sealed_value(stand, lead))
    found = {}
    for lead in leads:
        answer = watch.answer(lead.envelope.message_id)
        assert isinstance(answer, Accepted), f"a good lead: {type(answer).__name__}"
        found[str(lead.envelope.case_id)] = str(answer.rulebook)
    return found


def _without(stand: Stand, rulebook: str) -> str:
    """Start the exchange where this rulebook is not; return the code it stops with."""
    real = processes.running(stand.home, EXCHANGE)
    assert real is not None, "the exchange does not run"
    shelf, aside = stand.home.rulebooks, stand.ground.scratch / "aside"
    processes.stop(stand.home, EXCHANGE, GRACE_SECONDS)
    copy = stand.home.rulebook
    shutil.copytree(copy, aside / "rulebook")
    (shelf / rulebook).rename(aside / rulebook)
    _replace(shelf, copy)
    try:
        _start(stand, real.argv)
        wait_until(
            lambda: processes.running(stand.home, EXCHANGE) is None, SECONDS_MAX, "it to stop"
        )
        log = processes.log_file(stand.home, EXCHANGE).read_text(encoding="utf-8")
    finally:
        shutil.rmtree(copy)
        (aside / "rulebook").rename(copy)
        (aside / rulebook).rename(shelf / rulebook)
        shutil.rmtree(aside)
        _start(stand, real.argv)
        exchange_pids(stand)
    last = log.strip().splitlines()[-1]
    assert "rulebook.unknown" in last, f"its last word: {last}"
    return "rulebook.unknown"


def _replace(shelf: Any, copy: Any) -> None:
    """Put another rulebook of the shelf into the copy's place, as on a host that was left out."""
    other = next(folder for folder in shelf.iterdir() if folder.is_dir())
    shutil.rmtree(copy)
    shutil.copytree(other, copy)


def _start(stand: Stand, argv: tuple[str, ...]) -> None:
    environment = {**os.environ, **stand.environment}
    processes.start(stand.home, EXCHANGE, argv, environment, cwd=stand.ground.repo)


@contextmanager
def _down(stand: Stand, name: str) -> Iterator[None]:
    """Stop one of the demo's connectors; it comes back at the end."""
    process = processes.running(stand.home, name)
    assert process is not None, f"{name} does not run"
    processes.stop(stand.home, name, GRACE_SECONDS)
    try:
        yield
    finally:
        environment = {**os.environ, **stand.environment}
        processes.start(stand.home, name, process.argv, environment)


def _notice(stand: Stand) -> str:
    """Send a notice to the department, which signs for it and handles it; say how it ended."""
    notice = letter(stand, "violation_notice", TOWNSHIP)
    case = accepted(stand, TOWNSHIP, "violation_notice", notice)["envelope"]["case_id"]
    got = arrival(stand, DEPARTMENT, case, "ViolationNotice")["envelope"]["message_id"]
    _sign(stand, DEPARTMENT, case, got)
    feedback = letter(stand, "handling_feedback", DEPARTMENT, envelope=answering(got))
    accepted(stand, DEPARTMENT, "handling_feedback", feedback)
    arrival(stand, TOWNSHIP, case, "HandlingFeedback")
    told = story(stand, case)
    ended = [*closing_of(told, "sign_for"), *closing_of(told, "handle")]
    assert (told["state"], ended) == ("handled", ["met", "met"]), f"{told['state']}: {ended}"
    return "sign_for met, handle met"


def _copy(stand: Stand) -> tuple[str, str]:
    """Send a copy to the five; return case and message."""
    copy = letter(stand, "copy", TOWNSHIP)
    copy["envelope"]["addressees"] = [organ(stand, alias).code for alias in FIVE]
    answer = accepted(stand, TOWNSHIP, "copy", copy)
    return answer["envelope"]["case_id"], answer["envelope"]["in_reply_to"]


def _sign(stand: Stand, alias: str, case: str, message: str) -> None:
    signed = letter(stand, "signed_for", alias, envelope=answering(message))
    if alias in BY_HAND:
        by_command(stand, alias, "signed_for", signed)
        return
    arrival(stand, alias, case, str(_record_of(stand, alias, case, message)))
    accepted(stand, alias, "signed_for", signed)


def _record_of(stand: Stand, alias: str, case: str, message: str) -> str:
    """Wait until the message lies in the agency's own system; return its record."""

    def look() -> str | None:
        for one in arrived(stand, alias, case):
            if one["envelope"]["message_id"] == message:
                return str(one["envelope"]["record"])
        return None

    return wait_until(look, SECONDS_MAX, f"{message} at {alias}")


def _all_fired(stand: Stand, case: str) -> list[str] | None:
    """Return the rungs fired for who is down, by the journal's order, once all have been."""
    down = organ(stand, DOWN).code
    fired = [
        effect["rung"]
        for step in story(stand, case)["steps"]
        for effect in step["effects"]
        if effect["effect"] == "rung" and effect["organ"]["code"] == down
    ]
    assert fired == list(RUNGS[: len(fired)]), f"rungs: {fired}"
    return fired if len(fired) == len(RUNGS) else None
