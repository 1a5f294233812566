"""Who names an organ that has ended hears who succeeded it (domain, section 1)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from schemas.ids import OrganCode
from services.casework.case import Life, State
from services.casework.effects import Reject
from services.rulebook.model import Rulebook
from tests.history import HANDLER, SENDER, STRANGER, History, demo, in_state, organ, the
from tests.unit.services.casework.test_succession import AFTER, HEIR, merged

OF_THE_HEIR = "六枝特区交通运输局"


def refused(history: History, record: str, by: str, **changes: Any) -> tuple[str | None, str]:
    """Where it is refused, and what its sender is told, once the stranger has ended."""
    history.at = AFTER
    refusal = the(Reject, history.send(record, by, **changes)).refusal
    assert refusal.code == "organ.unknown"
    return refusal.where, refusal.detail or ""


def without(rulebook: Rulebook, heir: str | None = HEIR) -> Rulebook:
    return merged(rulebook, STRANGER, heir)


@pytest.mark.parametrize(
    ("record", "by", "state", "changes", "where"),
    [
        ("objection", HANDLER, State.RECEIVED, {"competent": organ(STRANGER)}, "competent"),
        (
            "filing_reply",
            HANDLER,
            State.RECEIVED,
            {"envelope": {"addressees": [organ(STRANGER)]}},
            "envelope.addressees[0]",
        ),
        ("withdrawal", STRANGER, State.RECEIVED, {}, "envelope.sender"),
    ],
)
def test_of_an_organ_that_has_ended_its_successor_is_named(
    record: str, by: str, state: State, changes: dict[str, Any], where: str
) -> None:
    history = in_state(state)
    history.rulebook = without(history.rulebook)
    at, told = refused(history, record, by, **changes)
    assert at == where
    name = demo().directory.organs[organ(STRANGER)].name
    assert told == f"{name}已于2026-09-22后撤销，其职责由{OF_THE_HEIR}（{organ(HEIR)}）承继。"


def test_so_it_is_in_the_answer_to_a_notice_and_in_minutes() -> None:
    history = in_state(State.RECEIVED, Life.NOTICE)
    history.rulebook = without(history.rulebook)
    not_ours = {"result": "not_ours", "competent": organ(STRANGER)}
    assert OF_THE_HEIR in refused(history, "handling_feedback", HANDLER, **not_ours)[1]
    history = History()
    history.send("consultation", SENDER)
    history.rulebook = without(history.rulebook)
    present = [organ(SENDER), organ(STRANGER)]
    told = refused(history, "consultation_minutes", SENDER, participants=present)
    assert told[0] == "participants[1]"
    assert OF_THE_HEIR in told[1]


def test_where_nobody_succeeded_it_that_is_said_and_of_a_stranger_nothing() -> None:
    history = in_state(State.RECEIVED)
    history.rulebook = without(history.rulebook, heir=None)
    told = refused(history, "objection", HANDLER, competent=organ(STRANGER))[1]
    assert told.endswith("已于2026-09-22后撤销，名录中没有继受机关。")
    nobody = OrganCode("91520203YC0008888X")
    assert refused(history, "objection", HANDLER, competent=nobody)[1] == ""


def test_of_an_organ_that_is_not_there_yet_nothing_is_said() -> None:
    history = in_state(State.RECEIVED)
    directory = history.rulebook.directory
    later = replace(directory.organs[organ(STRANGER)], valid_from=date(2027, 1, 1), valid_to=None)
    organs = {**directory.organs, later.code: later}
    history.rulebook = replace(history.rulebook, directory=replace(directory, organs=organs))
    assert refused(history, "objection", HANDLER, competent=organ(STRANGER))[1] == ""
    ends = replace(later, valid_to=date(2028, 1, 1))
    organs = {**directory.organs, later.code: ends}
    history.rulebook = replace(history.rulebook, directory=replace(directory, organs=organs))
    assert refused(history, "objection", HANDLER, competent=organ(STRANGER))[1] == ""
