"""The law chapter: the log of a real demo, decided once more, gives the journal to the byte."""

import json
from typing import Any, Final

from confluent_kafka import Producer

from schemas.parts import Flow
from schemas.topics import JOURNAL
from tests.prove.chapter import Check, Ground
from tests.prove.county_rulebook import leads_in_each_partition, short_clocks
from tests.prove.county_secret import slip_past
from tests.prove.stand import Stand, demo, records

ADMIN: Final = "admin"
DECISIONS_MIN: Final = 500
OF_A_FLOW_MIN: Final = 10  # decisions
FLUSH_SECONDS_MAX: Final = 20.0
REPLAY_SECONDS_MAX: Final = 600.0
RULEBOOK_FILE: Final = "duties.toml"

Document = dict[str, Any]


def journal_replayed(ground: Ground) -> str:
    """Replay the demo; then with a rulebook that was changed, then with a line planted.

    Before that a secret slips past a connector, and another rulebook comes into force and goes.
    """
    stand = demo(ground)
    slip_past(stand)
    with short_clocks(stand):
        leads_in_each_partition(stand)
    before = _lines(stand)
    (told,) = _replay(stand)
    after = _lines(stand)
    assert told["same"], told
    # The exchange goes on: what it decided while we looked may be in, or not.
    assert before <= told["decisions"] <= after, f"{before} ≤ {told['decisions']} ≤ {after}"
    assert told["decisions"] >= DECISIONS_MIN, told
    few = [flow for flow in Flow if told["flows"][flow]["decisions"] < OF_A_FLOW_MIN]
    assert not few, f"fewer than {OF_A_FLOW_MIN} decisions on {', '.join(few)}: {told}"
    gate = sum(each["refused_by_gate"] for each in told["flows"].values())
    assert gate, "the secret's refusal was not made again"
    assert len(told["rulebooks"]) > 1, told["rulebooks"]
    changed = _with_changed_rulebook(stand, told["rulebooks"][0])
    planted = _with_planted_line(stand)
    flows = ", ".join(
        f"{flow} {each['decisions']} of {each['records'] - each['ticks']} messages and "
        f"{each['ticks']} ticks"
        for flow, each in told["flows"].items()
    )
    return (
        f"{told['decisions']} decisions the same to the byte ({flows}); refused by the gate {gate}"
        f"; {len(told['rulebooks'])} rulebook(s); one changed under its hash: {changed}; a line "
        f"planted in the journal: {planted}"
    )


CHECKS: Final = (Check("journal_replayed", journal_replayed),)


def _replay(stand: Stand, exit_code: int = 0) -> list[Document]:
    """Run the real command; longer than others may take."""
    printed = stand.ground.command(
        *stand.command("replay", "--json"),
        env=stand.environment,
        exit_code=exit_code,
        seconds_max=REPLAY_SECONDS_MAX,
    )
    return [json.loads(line) for line in printed.splitlines()]


def _lines(stand: Stand) -> int:
    """Count the journal's lines, each once, with a client that is not ours."""
    return len({record.value() for record in records(stand, ADMIN, JOURNAL)})


def _with_changed_rulebook(stand: Stand, rulebook: str) -> str:
    """A recorded rulebook is named by its content: with another it does not decide."""
    file = stand.home.rulebooks / rulebook / RULEBOOK_FILE
    was = file.read_bytes()
    file.write_bytes(was + b"# changed\n")
    try:
        (told,) = _replay(stand, exit_code=3)
    finally:
        file.write_bytes(was)
    code: str = told["error"]["code"]
    assert code == "rulebook.unknown", told
    return code


def _with_planted_line(stand: Stand) -> str:
    """An administrator writes a decision that nobody made: the last line once more, backdated."""
    newest = records(stand, ADMIN, JOURNAL)[-1]
    line, key = newest.value(), newest.key()
    assert line is not None
    producer = Producer(stand.client(ADMIN))
    producer.produce(JOURNAL, line.replace(b'"at":"20', b'"at":"19', 1), key=key)
    assert producer.flush(FLUSH_SECONDS_MAX) == 0, "the line was not written"
    (told,) = _replay(stand, exit_code=1)
    error = told["error"]
    assert error["code"] == "replay.differs", told
    assert error["detail"].endswith(" extra"), told
    return f"{error['code']} at {error['where']}"
