"""Ways that a case takes, as lists of messages, and what the last of them does to the ledger."""

from typing import Any, Final

from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    SUPERIOR,
    History,
    is_refused,
    ledger,
    not_filed,
    organ,
)

Way = list[tuple[str, str, dict[str, Any]]]
MARKET, THIRD, FOURTH = "liuzhi-scjg", "liuzhi-jtj", "liuzhi-swj"
LIST: Final = {
    "volumes": 2,
    "pages": 143,
    "items": [{"number": 1, "quantity": "2"}, {"number": 2, "quantity": "1"}],
    "proceeds": "1234.50",
}


def both(handler: str, *sides: str) -> Way:
    """Both sides of the dispute say the same."""
    agreed = {"handler": organ(handler), "handles_from": "2026-10-12"}
    return [("negotiation_result", side, agreed) for side in sides]


def letter(record: str, by: str, to: str, number: int = 31) -> Way:
    """A new letter in the same case, to another organ."""
    envelope = {
        "addressees": [organ(to)],
        "document_number": f"案移〔2026〕{number}号",
        "insist_reason": "位于公路用地范围",
    }
    return [(record, by, {"envelope": envelope})]


def designated(to: str) -> Way:
    """The superior decides who is to handle it."""
    return [("designation", SUPERIOR, {"designee": organ(to)})]


def declined(by: str) -> Way:
    """Nothing is filed."""
    return [("filing_reply", by, {"answers": [not_filed()]})]


def filed(by: str) -> Way:
    """It is filed."""
    return [("filing_reply", by, {})]


def asked(by: str) -> Way:
    """The superior is asked to designate."""
    return [("designation_request", by, {})]


def taken_back(by: str = SENDER) -> Way:
    """The sender wants it back."""
    return [("withdrawal", by, {})]


SIDES = (HANDLER, SENDER)
LEAD: Way = [("lead_transfer", SENDER, {})]
SIGNED: Way = [*LEAD, ("signed_for", HANDLER, {})]
DISPUTED: Way = [*SIGNED, ("objection", HANDLER, {})]
REFERRED: Way = [*DISPUTED, ("negotiation_result", HANDLER, FAILED)]
ASKED: Way = [*REFERRED, *asked(HANDLER)]
ON_A_THIRD: Way = [*DISPUTED, *both(THIRD, *SIDES)]
CONCLUDED: Way = [*SIGNED, *filed(HANDLER), ("case_progress", HANDLER, {"stage": "concluded"})]
POWERLESS: Way = [*CONCLUDED, *asked(HANDLER)]
# A lead with an original, which its sender has not handed over yet.
ORIGINAL: Way = [
    (
        "lead_transfer",
        SENDER,
        {"evidence": [{"number": 1, "kind": "documentary", "original": True}]},
    ),
    ("signed_for", HANDLER, {}),
    *filed(HANDLER),
    *asked(HANDLER),
]
COMPLAINT: Way = [("complaint_forward", SENDER, {})]
HEARD: Way = [*COMPLAINT, ("signed_for", MARKET, {})]
OBJECTS: Way = [("objection", MARKET, {"competent": organ(THIRD)})]
NO_AGREEMENT: Way = [*OBJECTS, ("negotiation_result", MARKET, FAILED)]
MARKETS = (MARKET, SENDER)
CASE: Way = [("case_transfer", SENDER, {})]
HANDED: Way = [
    *CASE,
    ("custody_handover", SENDER, {**LIST, "envelope": {"addressees": [organ(MARKET)]}}),
]
SEEN: Way = [*CASE, ("signed_for", MARKET, {})]
SEEN_HANDED: Way = [*HANDED, ("signed_for", MARKET, {})]
CASE_CONCLUDED: Way = [
    *(*SEEN, *filed(MARKET)),
    ("case_progress", MARKET, {"stage": "concluded"}),
]
# The market supervision keeps what was handed to it; the third was written to instead of it.
TO_THE_THIRD: Way = [
    *(*SEEN_HANDED, *OBJECTS, *both(THIRD, *MARKETS)),
    *letter("case_transfer", SENDER, THIRD),
]
THIRD_OBJECTS: Way = [
    *TO_THE_THIRD,
    ("signed_for", THIRD, {}),
    ("objection", THIRD, {"competent": organ(FOURTH)}),
]
ORIGINAL_TO_THE_THIRD: Way = [
    *ORIGINAL[:2],
    (
        "custody_handover",
        SENDER,
        {"volumes": 1, "pages": 3, "envelope": {"addressees": [organ(HANDLER)]}},
    ),
    *(("objection", HANDLER, {}), *both(THIRD, *SIDES)),
    *letter("lead_transfer", SENDER, THIRD),
    *(("signed_for", THIRD, {}), ("objection", THIRD, {"competent": organ(FOURTH)})),
]
NOTICE: Way = [("violation_notice", SENDER, {})]
REQUEST: Way = [("information_request", HANDLER, {})]
HELP: Way = [("assistance_request", SENDER, {})]
PLAN: Way = [("joint_plan", SENDER, {"county_decision_requested": True})]
NO_PLAN: Way = [("joint_plan_decision", SUPERIOR, {"approved": False, "reasons": "时机不宜"})]


def played(way: Way) -> tuple[History, str]:
    """The history, and what its last message did to the ledger."""
    history, done = History(), ""
    for record, by, changes in way:
        effects = history.send(record, by, **changes)
        assert not is_refused(effects), effects
        done = written(ledger(effects))
    return history, done


def written(entries: list[tuple[str, str]]) -> str:
    """A ledger as one line."""
    return ", ".join(f"{kind} {how}" for kind, how in entries)
