"""Who gets which record, and as what it stands to the case (domain, section 6, item 3).

Every delivery of the law, once: the table is what redaction rests on.
"""

from typing import Any

import pytest

from schemas.parts import Relation
from tests.history import (
    HANDLER,
    NOBODYS,
    SENDER,
    SUPERVISOR,
    History,
    delivered_to,
    held_lead,
    is_refused,
    not_filed,
    organ,
    violation,
)

R = Relation
MARKET = "liuzhi-scjg"  # whose the default complaint is
THIRD = "liuzhi-jtj"
Way = list[tuple[str, str, dict[str, Any], list[tuple[str, Relation]]]]


def _to(*aliases: str) -> dict[str, Any]:
    return {"envelope": {"addressees": [organ(alias) for alias in aliases]}}


WAYS: dict[str, Way] = {
    "a lead": [
        ("lead_transfer", SENDER, {}, [(HANDLER, R.HANDLER)]),
        ("delivered", HANDLER, {}, []),
        ("signed_for", HANDLER, {}, [(SENDER, R.SENDER)]),
        ("withdrawal", SENDER, {}, [(HANDLER, R.HANDLER)]),
        ("withdrawal_answer", HANDLER, {"agreed": False}, [(SENDER, R.SENDER)]),
        ("filing_reply", HANDLER, {}, [(SENDER, R.SENDER)]),
        ("signed_for", SENDER, {}, [(HANDLER, R.HANDLER)]),
        ("case_progress", HANDLER, {}, []),
        ("outcome_feedback", HANDLER, {}, [(SENDER, R.SENDER)]),
    ],
    "a complaint": [
        ("complaint_forward", SENDER, {}, [(MARKET, R.HANDLER)]),
        ("complainant_informed", SENDER, {}, []),
        ("signed_for", MARKET, {}, [(SENDER, R.FORWARDER)]),
        ("filing_reply", MARKET, {"answers": [not_filed()]}, [(SENDER, R.FORWARDER)]),
        ("signed_for", SENDER, {}, [(MARKET, R.HANDLER)]),
    ],
    "a complaint that the handler, which filed it, sends on": [
        ("complaint_forward", SENDER, {}, [(MARKET, R.HANDLER)]),
        ("signed_for", MARKET, {}, [(SENDER, R.FORWARDER)]),
        ("filing_reply", MARKET, {}, [(SENDER, R.FORWARDER)]),
        (
            "case_transfer",
            MARKET,
            {
                "violations": [violation()],
                "envelope": {
                    "addressees": [organ(THIRD)],
                    "document_number": "六市监案移〔2026〕41号",
                    "insist_reason": "经查属于贵局管辖",
                },
            },
            [(THIRD, R.HANDLER), (THIRD, R.HANDLER), (SENDER, R.FORWARDER)],  # the complaint, too
        ),
        ("signed_for", THIRD, {}, [(MARKET, R.SENDER)]),
    ],
    "a notice": [
        ("violation_notice", SENDER, {}, [(HANDLER, R.HANDLER)]),
        ("handling_feedback", HANDLER, {}, [(SENDER, R.SENDER)]),
    ],
    "a copy": [
        (
            "copy",
            HANDLER,
            {"category": "other", **_to(SENDER, "liuzhi-zwj", SUPERVISOR, "liuzhi-gov")},
            [
                (SENDER, R.COPY_RECIPIENT),
                ("liuzhi-zwj", R.OTHER_DEPARTMENT),
                (SUPERVISOR, R.SUPERVISOR),
                ("liuzhi-gov", R.COPY_RECIPIENT),
            ],
        ),
        ("signed_for", "liuzhi-zwj", {}, [(HANDLER, R.SENDER)]),
    ],
    "guidance": [("guidance_record", HANDLER, {}, [(SENDER, R.COPY_RECIPIENT)])],
    "information": [
        ("information_request", HANDLER, {}, [(SENDER, R.HANDLER)]),
        ("information_reply", SENDER, {}, [(HANDLER, R.SENDER)]),
    ],
    "information as a copy": [
        ("information_request", HANDLER, {}, [(SENDER, R.HANDLER)]),
        ("copy", SENDER, _to(HANDLER), [(HANDLER, R.SENDER)]),
        ("signed_for", HANDLER, {}, [(SENDER, R.HANDLER)]),
    ],
    "assistance": [
        ("assistance_request", SENDER, {}, [(HANDLER, R.HANDLER)]),
        ("assistance_reply", HANDLER, {}, [(SENDER, R.SENDER)]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_each_recipient_stands_to_the_case_as_the_table_says(way: str) -> None:
    history = History()
    for record, sender, changes, expected in WAYS[way]:
        envelope = dict(changes.get("envelope", {}))
        if record in {"signed_for", "withdrawal_answer", "delivered"}:
            envelope["in_reply_to"] = _last_handed_to(history, sender)
        effects = history.send(record, sender, **{**changes, "envelope": envelope})
        assert not is_refused(effects), (record, effects)
        assert delivered_to(effects) == expected, record


def test_of_an_assigned_complaint_the_forwarder_stays_the_forwarder() -> None:
    history = History()
    history.send("complaint_forward", SENDER, violations=[violation(matter=NOBODYS)])
    effects = history.send("routing_assignment", SUPERVISOR, **_to(HANDLER))
    assert delivered_to(effects) == [
        (HANDLER, R.HANDLER),
        (SENDER, R.FORWARDER),
        (HANDLER, R.HANDLER),
    ]


def test_who_assigned_the_case_hears_of_the_signing_as_supervisor() -> None:
    history = History()
    held_lead(history)
    history.send("routing_assignment", SUPERVISOR, **_to(HANDLER))
    assigned = history.opened.handed[-1].message
    effects = history.send("signed_for", HANDLER, envelope={"in_reply_to": assigned})
    assert delivered_to(effects) == [(SUPERVISOR, R.SUPERVISOR)]


def test_a_correction_goes_to_the_handler_that_it_found() -> None:
    history = History()
    held_lead(history)
    effects = history.send("correction", SENDER, corrections=[{"number": 1, "matter": "CG-009"}])
    assert delivered_to(effects) == [(HANDLER, R.HANDLER), (HANDLER, R.HANDLER)]


def _last_handed_to(history: History, alias: str) -> str:
    return [each.message for each in history.opened.handed if each.to == organ(alias)][-1]
