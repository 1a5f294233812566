"""Any history of a transfer keeps the promises: hypothesis chooses who says what, and when.

Whatever is said, in whatever order: a case has one handler or none, nobody outside it gets
anything, no duty vanishes or changes once it has ended, and what is refused changes nothing.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import BUS, OrganCode
from services.casework.case import Case, Life, State
from services.casework.effects import Deliver, Effect, Write
from services.casework.transitions import TRANSITIONS
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    STRANGER,
    SUPERIOR,
    SUPERVISOR,
    History,
    all_of,
    filed,
    is_refused,
    not_filed,
    organ,
    violation,
)

THIRD = "liuzhi-jtj"
FINAL = {State.DECLINED, State.CLOSED, State.WITHDRAWN}
# What may still be owed at the end: telling the complainant, signing for what was sent.
CUSTODY = {"handover", "return_custody", "custody_check", "settle_discrepancy"}
OWED_AT_THE_END = {"complainant_feedback", "inform_complainant", "sign_for", *CUSTODY}
EACH = "each"  # stands for the violations that are left in the case


def _agreed(handler: str) -> dict[str, Any]:
    return {"handler": organ(handler), "handles_from": "2026-10-12"}


def _to(alias: str) -> dict[str, Any]:
    return {"addressees": [organ(alias)], "insist_reason": "经查属该机关管辖"}


SAID: Final[list[tuple[str, dict[str, Any]]]] = [
    ("signed_for", {}),
    ("filing_reply", {"answers": EACH}),
    ("filing_reply", {"answers": EACH, "declines": True}),
    ("objection", {"numbers": EACH}),
    ("objection", {"numbers": [2]}),
    ("negotiation_result", _agreed(HANDLER)),
    ("negotiation_result", _agreed(SENDER)),
    ("negotiation_result", _agreed(THIRD)),
    ("negotiation_result", FAILED),
    ("designation_request", {}),
    ("designation", {"designee": organ(THIRD)}),
    ("designation", {"designee": organ(SENDER)}),
    ("lead_transfer", {"violations": EACH, "envelope": _to(THIRD)}),
    ("case_transfer", {"violations": EACH, "envelope": _to(THIRD)}),
    ("case_progress", {"stage": "concluded"}),
    ("outcome_feedback", {}),
    ("withdrawal", {}),
    ("withdrawal_answer", {}),
]
WHO = [SENDER, HANDLER, THIRD, SUPERIOR, STRANGER, SUPERVISOR]
ASKING, HOLDING, OTHER = "asking", "holding", "other"  # who that is, the case says
_REPLIES = [("filing_reply", HOLDING), ("objection", HOLDING), ("designation", SUPERIOR)]
LIKELY: Final[dict[State, list[tuple[str, str]]]] = {
    State.ISSUED: [("signed_for", HOLDING), ("withdrawal", ASKING), *_REPLIES],
    State.RECEIVED: [("withdrawal", ASKING), ("withdrawal_answer", HOLDING), *_REPLIES],
    State.DISPUTED: [
        ("negotiation_result", HOLDING),
        ("negotiation_result", OTHER),
        ("lead_transfer", ASKING),
        ("designation", SUPERIOR),
    ],
    State.REFERRED: [
        ("designation_request", HOLDING),
        ("designation", SUPERIOR),
        ("negotiation_result", HOLDING),
        ("negotiation_result", OTHER),
    ],
    State.DESIGNATED: [("filing_reply", HOLDING), ("objection", HOLDING)],
    State.FILED: [
        ("case_transfer", HOLDING),
        ("designation_request", HOLDING),
        ("outcome_feedback", HOLDING),
        ("case_progress", HOLDING),
    ],
}
MOVES = st.lists(
    st.tuples(
        st.sampled_from(SAID),
        st.sampled_from(WHO),
        st.integers(0, 6),  # days that pass before it
        st.integers(0, 2),  # the case it is said in, of those there are
        st.integers(0, 4),  # 0: whatever was drawn; else what is likely in that state
        st.integers(0, 99),
    ),
    min_size=4,
    max_size=14,
)


def _opened() -> History:
    history = History()
    violations = [violation(number) for number in (1, 2, 3)]
    history.send("lead_transfer", SENDER, violations=violations)
    return history


def _filled(changes: dict[str, Any], case: Case) -> dict[str, Any]:
    """Put the violations that are left where the change speaks of each."""
    numbers = [charge.number for charge in case.charges]
    answer = not_filed if changes.get("declines") else filed
    each: dict[str, Any] = {
        "numbers": numbers,
        "answers": [answer(number) for number in numbers],
        "violations": [violation(number) for number in numbers],
    }
    return {
        key: each[key] if value == EACH else value
        for key, value in changes.items()
        if key != "declines"
    }


def _steps(history: History, move: Any) -> Iterator[tuple[Case, tuple[Effect, ...]]]:
    """Let days pass, then let somebody say something; each with the case before it."""
    days = move[2]
    before = history.opened
    yield before, history.tick(history.at + timedelta(days=days, hours=1))
    before = history.opened
    record, changes, who = _chosen(move, before)
    filled = _filled(changes, before)
    envelope = dict(filled.pop("envelope", {}))
    if record == "withdrawal_answer":
        envelope["in_reply_to"] = list(history.sent)[-1]
    if record in ("lead_transfer", "case_transfer", "designation_request", "designation"):
        envelope["document_number"] = f"案移〔2026〕{100 + history.count}号"
    yield before, history.send(record, who, envelope=envelope, **filled)


def _chosen(move: Any, case: Case) -> tuple[str, dict[str, Any], str]:
    """What is said next: anything by anybody, or something that is likely where the case stands."""
    (record, changes), who, _, _, likely, pick = move
    if not likely or case.state not in LIKELY:
        return record, changes, who
    plausible = LIKELY[case.state]
    record, role = plausible[pick % len(plausible)]
    forms = [changes for name, changes in SAID if name == record]
    return record, forms[pick // len(plausible) % len(forms)], _alias(role, case)


def _alias(role: str, case: Case) -> str:
    other = case.dispute.other if case.dispute else case.asking
    codes = {ASKING: case.asking, HOLDING: case.handler, OTHER: other}
    known = {organ(alias): alias for alias in WHO}
    return known.get(codes.get(role) or OrganCode(""), role if role in WHO else STRANGER)


def _parties(case: Case) -> set[OrganCode | None]:
    dispute = case.dispute
    of_the_dispute = (dispute.superior, dispute.holder, dispute.other) if dispute else ()
    return {case.sender, case.asking, case.handler, *case.holders, *of_the_dispute}


def _check(before: Case, history: History, effects: tuple[Effect, ...]) -> None:
    case = history.opened
    if is_refused(effects):
        assert case == before
    assert case.state in TRANSITIONS[Life.TRANSFER]
    assert case.handler is not None
    for delivered in all_of(Deliver, effects):
        assert delivered.to in _parties(case) | _parties(before)
        assert delivered.to not in (BUS, organ(STRANGER), organ(SUPERVISOR))
    after = {duty.id: duty for duty in case.duties}
    assert len(after) == len(case.duties)
    for duty in before.duties:
        kept = after[duty.id]
        assert (kept.kind, kept.owner, kept.due) == (duty.kind, duty.owner, duty.due)
        if duty.closing is not None:
            assert kept.closing is duty.closing
    if case.state in FINAL:
        owed = {duty.kind for duty in case.duties if duty.closing is None}
        assert owed <= OWED_AT_THE_END
    if case.state in (State.DISPUTED, State.REFERRED):
        assert case.dispute is not None


@settings(max_examples=300, deadline=None)
@given(MOVES)
def test_any_history_keeps_the_promises(moves: list[Any]) -> None:
    histories = [_opened()]
    charges = {1, 2, 3}
    for move in moves:
        history = histories[move[3] % len(histories)]
        for before, effects in _steps(history, move):
            _check(before, history, effects)
            for written in all_of(Write, effects):
                child = History(at=history.at, count=1_000 * len(histories))
                child.decide(written.record)
                histories.append(child)
    left = [charge.number for each in histories for charge in each.opened.charges]
    assert sorted(left) == sorted(charges)  # each violation in one case, whatever was split
