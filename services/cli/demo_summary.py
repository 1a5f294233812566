"""A run of the demo as one object, for programs. Its keys stay."""

from typing import Any

from services.cli.demo_outcomes import by_flow, refusals, released
from services.cli.demo_play import Play
from services.cli.demo_scenarios import HELD
from services.cli.demo_sides import Held
from services.cli.demo_story import Story

Document = dict[str, Any]


def summary(play: Play, open_duties: int, seconds: float) -> Document:
    """Return the run as one object; every key is there."""
    tally = play.tally
    return {
        "run": play.setting.run,
        "ok": not play.wrong() and not play.unfinished(),
        "seconds": round(seconds, 1),
        "transfers": len(play.stories),
        "accepted": sum(story.state == "accepted" for story in play.stories.values()),
        "refused": _refused(play),
        "held": [{"case": one.case_id, "state": one.state} for one in _held_transfers(play)]
        + [
            {"case": told.case_id, "state": told.state}
            for told in play.errands.stories.values()
            if told.errand.opening.is_held
        ],
        "received": {alias: dict(got) for alias, got in sorted(play.got.items())},
        "open_duties": open_duties,
        "yellow_card_at": play.warned_at,
        "wrong": [story.wrong for story in play.wrong()],
        "unfinished": [story.number for story in play.unfinished()],
        "cases": {str(story.number): story.case_id for story in play.every() if story.case_id},
        "messages": tally.messages,
        "flows": by_flow(play),
        "records": tally.by_record(),
        "refused_by_code": {code: len(each) for code, each in sorted(refusals(play).items())},
        "held_corrected": [told.case_id for told in released(play, "correct")],
        "held_assigned": [told.case_id for told in released(play, "assign")],
        "side_by_side": [_side(held) for held in play.sides.pair() or ()],
    }


def _refused(play: Play) -> list[Document]:
    return [
        {"scenario": story.number, "what": what, "code": code}
        for story, what, code in play.refused()
    ] + [
        {"scenario": told.number, "what": act.name, "code": act.fault}
        for told in play.errands.stories.values()
        for act, _ in told.refused
    ]


def _held_transfers(play: Play) -> list[Story]:
    return [story for story in play.stories.values() if story.scenario.twist in HELD]


def _side(held: Held) -> Document:
    return {
        "organ": held.alias,
        "relation": held.relation,
        "withheld": list(held.withheld),
        "masked": list(held.masked),
    }
