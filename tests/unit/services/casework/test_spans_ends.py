"""How duties end and which begin instead, when somebody else is to handle the case, or nobody.

Each row is a history; its last message does to the ledger what the row says, in its order (domain,
sections 3 and 4). A ledger is written `kind how, kind how`; `open` is one that begins.
"""

import pytest

from services.casework.case import State
from tests.history import HANDLER, PARTICIPANT, SENDER, duties, ledger, organ, state_of
from tests.ways import (
    ASKED,
    CASE,
    CASE_CONCLUDED,
    COMPLAINT,
    CONCLUDED,
    DISPUTED,
    FOURTH,
    HANDED,
    HEARD,
    HELP,
    LEAD,
    MARKET,
    MARKETS,
    NO_AGREEMENT,
    NO_PLAN,
    NOTICE,
    OBJECTS,
    ON_A_THIRD,
    ORIGINAL,
    ORIGINAL_TO_THE_THIRD,
    PLAN,
    POWERLESS,
    REFERRED,
    REQUEST,
    SEEN,
    SEEN_HANDED,
    SIDES,
    SIGNED,
    THIRD,
    THIRD_OBJECTS,
    TO_THE_THIRD,
    Way,
    asked,
    both,
    declined,
    designated,
    filed,
    letter,
    played,
    taken_back,
    written,
)

ROWS: dict[str, tuple[Way, str]] = {
    # ---- agreed late, after it was referred
    "referred, the holder": (
        [*REFERRED, *both(HANDLER, *SIDES)],
        "request_designation superseded, decide_filing open",
    ),
    "referred, the sender": (
        [*REFERRED, *both(SENDER, *SIDES)],
        "request_designation superseded, decide_filing open",
    ),
    "referred, a third": (
        [*REFERRED, *both(THIRD, *SIDES)],
        "request_designation superseded, reissue open",
    ),
    "referred, the sender that had filed": (
        [*SEEN, *NO_AGREEMENT, *both(SENDER, *MARKETS)],
        "request_designation superseded, decide_case open",
    ),
    "asked for, the holder": (
        [*ASKED, *both(HANDLER, *SIDES)],
        "designate superseded, decide_filing open",
    ),
    "asked for, the sender": (
        [*ASKED, *both(SENDER, *SIDES)],
        "designate superseded, decide_filing open",
    ),
    "asked for, a third": (
        [*ASKED, *both(THIRD, *SIDES)],
        "designate superseded, reissue open",
    ),
    "asked for, the sender that had filed": (
        [*SEEN, *NO_AGREEMENT, *asked(MARKET), *both(SENDER, *MARKETS)],
        "designate superseded, decide_case open",
    ),
    # ---- the handler of a filed case finds that it has no power
    "no power: it asks": (
        POWERLESS,
        "request_designation open, request_designation met, designate open",
    ),
    "no power, the holder": (
        [*POWERLESS, *both(HANDLER, *SIDES)],
        (
            "decide_case superseded, outcome_feedback superseded, designate superseded, "
            "decide_filing open"
        ),
    ),
    "no power, the sender": (
        [*POWERLESS, *both(SENDER, *SIDES)],
        (
            "decide_case superseded, outcome_feedback superseded, designate superseded, "
            "decide_filing open"
        ),
    ),
    "no power, a third": (
        [*POWERLESS, *both(THIRD, *SIDES)],
        ("decide_case superseded, outcome_feedback superseded, designate superseded, reissue open"),
    ),
    "no power, the sender that had filed": (
        [*CASE_CONCLUDED, *asked(MARKET), *both(SENDER, *MARKETS)],
        (
            "handover superseded, decide_case superseded, outcome_feedback superseded, "
            "designate superseded, decide_case open"
        ),
    ),
    "no power, designated": (
        [*POWERLESS, *designated(HANDLER)],
        "decide_case superseded, outcome_feedback superseded, designate met, sign_for open",
    ),
    "no power, sent on": (
        [*CONCLUDED, *letter("case_transfer", HANDLER, THIRD)],
        "decide_case superseded, outcome_feedback superseded, sign_for open, handover open",
    ),
    # ---- of its own motion, and the third
    "designated, issued": ([*LEAD, *designated(HANDLER)], "sign_for superseded, sign_for open"),
    "designated, received": (
        [*SIGNED, *designated(HANDLER)],
        "decide_filing superseded, sign_for open",
    ),
    "designated, disputed": (
        [*DISPUTED, *designated(HANDLER)],
        "negotiate superseded, negotiate superseded, sign_for open",
    ),
    "designated, referred": (
        [*REFERRED, *designated(HANDLER)],
        "request_designation superseded, sign_for open",
    ),
    "designated, a third agreed on": (
        [*ON_A_THIRD, *designated(HANDLER)],
        "reissue superseded, sign_for open",
    ),
    "the letter to the third": (
        [*ON_A_THIRD, *letter("lead_transfer", SENDER, THIRD)],
        "reissue met, sign_for open",
    ),
    # ---- the complainant is told by whom the case has gone to
    "a complaint, to a third": (
        [*HEARD, *OBJECTS, *both(THIRD, *MARKETS), *letter("complaint_forward", SENDER, THIRD)],
        "inform_complainant superseded, reissue met, sign_for open, inform_complainant open",
    ),
    "a complaint, designated": (
        [*HEARD, *designated(MARKET)],
        (
            "inform_complainant superseded, decide_filing superseded, sign_for open, "
            "inform_complainant open"
        ),
    ),
    "a complaint, sent on": (
        [*HEARD, *filed(MARKET), *letter("case_transfer", MARKET, THIRD)],
        (
            "inform_complainant superseded, decide_case superseded, sign_for open, "
            "inform_complainant open, handover open"
        ),
    ),
    # ---- where the materials are to go
    "materials, objected": (
        [*SEEN, *OBJECTS],
        "handover superseded, decide_filing superseded, negotiate open, negotiate open",
    ),
    "materials, declined": ([*SEEN, *declined(MARKET)], "handover superseded, decide_filing met"),
    "materials, withdrawn": ([*CASE, *taken_back()], "sign_for withdrawn, handover withdrawn"),
    "materials, the holder": (
        [*SEEN, *OBJECTS, *both(MARKET, *MARKETS)],
        "negotiate met, decide_filing open, handover open",
    ),
    "materials, to a third": (
        [*SEEN, *OBJECTS, *both(THIRD, *MARKETS), *letter("case_transfer", SENDER, THIRD)],
        "reissue met, sign_for open, handover open",
    ),
    "materials, designated": (
        [*SEEN, *designated(THIRD)],
        "handover superseded, decide_filing superseded, sign_for open, handover open",
    ),
    "materials, sent on": (
        [*SEEN, *filed(MARKET), *letter("case_transfer", MARKET, THIRD)],
        "handover superseded, decide_case superseded, sign_for open, handover open",
    ),
    "an original, the holder": (
        [*ORIGINAL, *both(HANDLER, *SIDES)],
        (
            "handover superseded, decide_case superseded, designate superseded, "
            "decide_filing open, handover open"
        ),
    ),
    "an original, the sender": (
        [*ORIGINAL, *both(SENDER, *SIDES)],
        "handover superseded, decide_case superseded, designate superseded, decide_filing open",
    ),
    "an original, a third": (
        [*ORIGINAL, *both(THIRD, *SIDES)],
        "handover superseded, decide_case superseded, designate superseded, reissue open",
    ),
    "handed over, withdrawn": (
        [*HANDED, *taken_back()],
        "sign_for withdrawn, return_custody open",
    ),
    "handed over, declined": (
        [*SEEN_HANDED, *declined(MARKET)],
        "decide_filing met, return_custody open",
    ),
    "handed over, the sender": (
        [*SEEN_HANDED, *OBJECTS, *both(SENDER, *MARKETS)],
        "negotiate met, decide_case open, return_custody open",
    ),
    "handed over, to a third": (TO_THE_THIRD, "reissue met, sign_for open, return_custody open"),
    "handed over, designated": (
        [*SEEN_HANDED, *designated(THIRD)],
        "decide_filing superseded, sign_for open, return_custody open",
    ),
    "kept by the first, the third": (
        [*THIRD_OBJECTS, *both(THIRD, THIRD, SENDER)],
        "negotiate met, return_custody superseded, decide_filing open, return_custody open",
    ),
    "kept by the first, the sender that had filed": (
        [*THIRD_OBJECTS, *both(SENDER, THIRD, SENDER)],
        "negotiate met, return_custody superseded, decide_case open, return_custody open",
    ),
    "kept by the first, the sender": (
        [*ORIGINAL_TO_THE_THIRD, *both(SENDER, THIRD, SENDER)],
        "negotiate met, return_custody superseded, decide_filing open, return_custody open",
    ),
    "kept by the first, a fourth": (
        [*THIRD_OBJECTS, *both(FOURTH, THIRD, SENDER)],
        "negotiate met, return_custody superseded, reissue open, return_custody open",
    ),
    "kept by the first, to the fourth": (
        [
            *(*THIRD_OBJECTS, *both(FOURTH, THIRD, SENDER)),
            *letter("case_transfer", SENDER, FOURTH, 32),
        ],
        "reissue met, return_custody superseded, sign_for open, return_custody open",
    ),
    "kept by the first, designated": (
        [*TO_THE_THIRD, *designated(FOURTH)],
        "sign_for superseded, return_custody superseded, sign_for open, return_custody open",
    ),
    "kept by the first, sent on": (
        [*TO_THE_THIRD, *filed(THIRD), *letter("case_transfer", THIRD, FOURTH, 33)],
        "return_custody superseded, decide_case superseded, sign_for open, return_custody open",
    ),
    # ---- taken back before it was signed for
    "a complaint withdrawn": (
        [*COMPLAINT, *taken_back()],
        "sign_for withdrawn, inform_complainant withdrawn",
    ),
    "a notice withdrawn": ([*NOTICE, *taken_back()], "sign_for withdrawn"),
    "a request withdrawn": (
        [*REQUEST, *taken_back(HANDLER)],
        "sign_for withdrawn, answer_request withdrawn",
    ),
    "a request for help withdrawn": (
        [*HELP, *taken_back()],
        "sign_for withdrawn, answer_assistance withdrawn",
    ),
    # ---- what the holder does, or another handler, answers that it was asked to give it back
    "asked back, filed": (
        [*SIGNED, *taken_back(), *filed(HANDLER)],
        "decide_filing met, answer_withdrawal superseded, decide_case open",
    ),
    "asked back, declined": (
        [*SIGNED, *taken_back(), *declined(HANDLER)],
        "decide_filing met, answer_withdrawal superseded",
    ),
    "asked back, handled": (
        [
            *(*NOTICE, ("signed_for", HANDLER, {}), *taken_back()),
            ("handling_feedback", HANDLER, {}),
        ],
        "handle met, answer_withdrawal superseded",
    ),
    "asked back, answered": (
        [
            *(*REQUEST, ("signed_for", SENDER, {}), *taken_back(HANDLER)),
            ("information_reply", SENDER, {}),
        ],
        "answer_request met, answer_withdrawal superseded",
    ),
    "asked back, accepted": (
        [*HELP, ("signed_for", HANDLER, {}), *taken_back(), ("assistance_reply", HANDLER, {})],
        "answer_assistance met, answer_withdrawal superseded, assist open",
    ),
    "asked back, the sender": (
        [*DISPUTED, *taken_back(), *both(SENDER, *SIDES)],
        "negotiate met, answer_withdrawal superseded, decide_filing open",
    ),
    "asked back, the sender that had filed": (
        [*SEEN, *OBJECTS, *taken_back(), *both(SENDER, *MARKETS)],
        "negotiate met, answer_withdrawal superseded, decide_case open",
    ),
    "asked back, the holder": (
        [*DISPUTED, *taken_back(), *both(HANDLER, *SIDES)],
        "negotiate met, decide_filing open",
    ),
    "asked back, to the third": (
        [*ON_A_THIRD, *taken_back(), *letter("lead_transfer", SENDER, THIRD)],
        "reissue met, answer_withdrawal superseded, sign_for open",
    ),
    "asked back, designated": (
        [*SIGNED, *taken_back(), *designated(HANDLER)],
        "decide_filing superseded, answer_withdrawal superseded, sign_for open",
    ),
    # ---- a plan
    "a plan, left": (
        [*PLAN, ("joint_plan_answer", PARTICIPANT, {"agreed": False, "reasons": "另有任务"})],
        "sign_for met, joint_outcome waived, answer_joint_plan met",
    ),
    "a plan, not approved": (
        [*PLAN, *NO_PLAN],
        (
            "sign_for met, joint_outcome superseded, joint_outcome superseded, "
            "answer_joint_plan superseded, decide_joint_plan met"
        ),
    ),
    "a plan, answered and not approved": (
        [*PLAN, ("joint_plan_answer", PARTICIPANT, {}), *NO_PLAN],
        ("sign_for met, joint_outcome superseded, joint_outcome superseded, decide_joint_plan met"),
    ),
}
# Who holds it gives it back: what it and the others owed is withdrawn.
GIVEN_BACK: dict[str, tuple[Way, str, str, str]] = {
    "a lead": (SIGNED, SENDER, HANDLER, "decide_filing withdrawn"),
    "disputed": (DISPUTED, SENDER, HANDLER, "negotiate withdrawn, negotiate withdrawn"),
    "referred": (REFERRED, SENDER, HANDLER, "request_designation withdrawn"),
    "asked for": (ASKED, SENDER, HANDLER, "designate withdrawn"),
    "a third": (ON_A_THIRD, SENDER, HANDLER, "reissue withdrawn"),
    "no power": (
        *(POWERLESS, SENDER, HANDLER),
        "decide_case withdrawn, outcome_feedback withdrawn, designate withdrawn",
    ),
    "a complaint": (HEARD, SENDER, MARKET, "inform_complainant withdrawn, decide_filing withdrawn"),
    "a case": (SEEN, SENDER, MARKET, "handover withdrawn, decide_filing withdrawn"),
    "a notice": ([*NOTICE, ("signed_for", HANDLER, {})], SENDER, HANDLER, "handle withdrawn"),
    "a request": (
        [*REQUEST, ("signed_for", SENDER, {})],
        *(HANDLER, SENDER, "answer_request withdrawn"),
    ),
    "a request for help": (
        [*HELP, ("signed_for", HANDLER, {})],
        *(SENDER, HANDLER, "answer_assistance withdrawn"),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_was_owed_ends_as_it_must_and_what_is_owed_now_begins(row: str) -> None:
    way, expected = ROWS[row]
    assert played(way)[1] == expected


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ("referred, the holder", State.RECEIVED),
        ("referred, the sender", State.RECEIVED),
        ("referred, a third", State.DISPUTED),
        ("referred, the sender that had filed", State.FILED),
        ("no power: it asks", State.REFERRED),
        ("no power, sent on", State.ISSUED),
        ("the letter to the third", State.ISSUED),
        ("a plan, left", State.SENT),
        ("a plan, not approved", State.DECLINED),
    ],
)
def test_the_case_goes_to_where_the_agreement_or_the_decision_puts_it(
    row: str, state: State
) -> None:
    history, _ = played(ROWS[row][0])
    assert state_of(history) is state


@pytest.mark.parametrize("row", GIVEN_BACK)
def test_what_is_given_back_is_owed_by_nobody(row: str) -> None:
    way, by, holder, expected = GIVEN_BACK[row]
    history, _ = played(way)
    asks = history.next("withdrawal", by)
    assert written(ledger(history.decide(asks))) == "answer_withdrawal open"
    about = {"in_reply_to": asks.envelope.message_id}
    effects = history.send("withdrawal_answer", holder, envelope=about)
    assert written(ledger(effects)) == f"{expected}, answer_withdrawal met"
    owed = {duty.kind for duty in history.opened.duties if duty.closing is None}
    assert owed == set()


def test_the_first_sender_tells_the_complainant_whoever_sent_the_case_on() -> None:
    way, _ = ROWS["a complaint, sent on"]
    history, _ = played(way)
    assert ("inform_complainant", organ(SENDER)) in duties(history.opened)
