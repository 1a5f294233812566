"""What the guidance forbids a letter to say, or to leave unsaid: refused whoever sends it."""

from typing import Any

import pytest

from tests.judged import judged

REFUSED: dict[str, Any] = {"answer": "refused", "agreed_on": None}
BY_LAW: dict[str, Any] = {**REFUSED, "ground": "law_forbids"}
CASE: dict[str, Any] = {"number": 1, "matter": "CG-001", "case_number": "立1"}
FILED: dict[str, Any] = {**CASE, "filed_on": "2026-10-21"}
TOLD_AND_UNKNOWN: dict[str, Any] = {"complainant": None, "contact_unknown": None}

# sentence, its words, record, what it says, the code it is refused with
SAID: list[tuple[str, str | None, str, dict[str, Any], str]] = [
    (
        "二(一)1·5",
        "需要提供",
        "information_request",
        {"category": "inspections"},
        "information.not_requestable",
    ),
    (
        "二(一)2·1",
        "劝阻和制止",
        "violation_notice",
        {"dissuasion": "not_possible", "dissuasion_account": None},
        "notice.dissuasion_reason_missing",
    ),
    (
        "二(一)3·4",
        "投诉举报人联系方式不详",
        "complaint_forward",
        TOLD_AND_UNKNOWN,
        "complaint.contact_missing",
    ),
    (
        "二(二)4·2",
        "符合要求",
        "evidence_review",
        {"findings[1].reasons": None},
        "evidence.reasons_missing",
    ),
    (
        "二(三)1·1",
        "协商解决行政执法过程中遇到的",
        "consultation_minutes",
        {"agreed_points": []},
        "consultation.points_missing",
    ),
    (
        "二(三)2·3",
        "参与机关",
        "joint_plan",
        {"envelope.addressees": ["11520203YC0001063F"]},
        "joint.participants_differ",
    ),
    (
        "二(三)3·2",
        "分别立案",
        "joint_outcome",
        {"cases": [FILED, FILED]},
        "transfer.violation_numbers",
    ),
    (
        "二(三)3·2",
        "分别依法作出行政执法决定",
        "joint_outcome",
        {"cases": [{**FILED, "decision_number": "罚1"}]},
        "joint.decision_incomplete",
    ),
    (
        "二(四)·2",
        "不得推诿、刁难",
        "assistance_reply",
        {**REFUSED, "ground": "other", "reasons": "人手不足"},
        "assistance.ground_not_allowed",
    ),
    ("二(四)·3", "明确禁止", "assistance_reply", BY_LAW, "assistance.provision_missing"),
    (
        "二(四)·3",
        "并说明理由",
        "assistance_reply",
        {**REFUSED, "ground": "outside_powers"},
        "assistance.reasons_missing",
    ),
    (
        "二(五)·1",
        "到各有关乡(镇、街道)",
        "guidance_record",
        {"place": None},
        "guidance.place_missing",
    ),
    (
        "附件3·5",
        "案件办结后再反馈处理情况",
        "outcome_feedback",
        {"penalties": []},
        "outcome.penalties_missing",
    ),
]


def _params() -> list[object]:
    return [
        pytest.param(
            snake,
            changes,
            code,
            id=f"{snake}-{code}",
            marks=pytest.mark.guidance(sentence, f"refusal {code}", words=words),
        )
        for sentence, words, snake, changes, code in SAID
    ]


@pytest.mark.parametrize(("snake", "changes", "code"), _params())
def test_what_the_guidance_forbids_is_refused(
    snake: str, changes: dict[str, Any], code: str
) -> None:
    refusal = judged(snake, **changes)
    assert refusal is not None
    assert refusal.code == code
