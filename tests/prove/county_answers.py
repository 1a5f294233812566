"""The county chapter: answers that the law does not know, complaints, and refused assistance."""

from typing import Final

from tests.prove.chapter import Check, Ground
from tests.prove.county_letters import (
    DEPARTMENT,
    MARKET,
    TOWNSHIP,
    accepted,
    answering,
    arrival,
    arrived,
    closing_of,
    letter,
    records_of,
    refused,
    story,
)
from tests.prove.letters import organ, rulebook
from tests.prove.stand import Stand, demo, records

NAME: Final = "投诉人示例某"  # of the complainant: to be seen by the handler alone
PHONE: Final = "13900007719"


def scenario_7_no_reasons(ground: Ground) -> str:
    """不予立案 without reasons, or because it is not ours, never reaches the sender."""
    stand = demo(ground)
    lead = letter(stand, "lead_transfer", TOWNSHIP)
    case = accepted(stand, TOWNSHIP, "lead_transfer", lead)["envelope"]["case_id"]
    opening = arrival(stand, DEPARTMENT, case, "LeadTransfer")["envelope"]["message_id"]
    codes = []
    for answer in (
        {"ground": "no_facts"},
        {"ground": "not_ours", "reasons": "不属于我局管辖。"},
    ):
        answers = [{"number": 1, "filed": False, **answer}]
        reply = letter(stand, "filing_reply", DEPARTMENT, envelope=answering(opening))
        codes.append(refused(stand, DEPARTMENT, "filing_reply", reply | {"answers": answers}))
    assert codes == ["filing.reasons_missing", "filing.use_objection"], f"refused with {codes}"
    seen = records_of(arrived(stand, TOWNSHIP, case))
    assert "FilingReply" not in seen, f"the sender got {seen}"
    answers = [{"number": 1, "filed": False, "ground": "no_facts", "reasons": "经核查不成立。"}]
    reply = letter(stand, "filing_reply", DEPARTMENT, envelope=answering(opening))
    accepted(stand, DEPARTMENT, "filing_reply", reply | {"answers": answers})
    arrival(stand, TOWNSHIP, case, "FilingReply")
    return (
        f"in the department's refused/: {', '.join(codes)}; the township's folder got neither; "
        "with its reasons the reply arrives"
    )


def scenario_8_complaint(ground: Ground) -> str:
    """An unknown contact waives the duty, on the books; a known one is the handler's to see."""
    stand = demo(ground)
    unknown = letter(stand, "complaint_forward", TOWNSHIP, complainant=None, contact_unknown=True)
    answer = accepted(stand, TOWNSHIP, "complaint_forward", unknown)
    told = story(stand, answer["envelope"]["case_id"])
    waived = closing_of(told, "inform_complainant")
    assert waived == ["waived"], f"inform_complainant: {waived}"
    bases = [duty["basis"] for duty in told["duties"] if duty["closing"] == "waived"]
    complaint = letter(
        stand, "complaint_forward", TOWNSHIP, complainant={"name": NAME, "phone": PHONE}
    )
    case = accepted(stand, TOWNSHIP, "complaint_forward", complaint)["envelope"]["case_id"]
    got = arrival(stand, MARKET, case, "ComplaintForward")
    assert (got["complainant"]["name"], got["complainant"]["phone"]) == (NAME, PHONE)
    assert closing_of(story(stand, case), "inform_complainant") == [None], "not owed"
    reply = letter(stand, "filing_reply", MARKET, envelope=answering(got["envelope"]["message_id"]))
    accepted(stand, MARKET, "filing_reply", reply)
    arrival(stand, TOWNSHIP, case, "FilingReply")
    seen = _seen(stand)
    assert seen == [f"inbox.{MARKET}"], f"name or number lie in {seen}"
    return (
        f"unknown contact: the duty is on the books and waived ({bases[0]}); with a contact: name "
        f"and number are in the handler's own table and its inbox, and in none of the "
        f"{len(_readable(stand)) - 1} other inboxes, nor journal, nor dead letters"
    )


def scenario_13_assistance(ground: Ground) -> str:
    """Refusing to assist: only on a ground of the list; then the requester learns what is next."""
    stand = demo(ground)
    request = letter(stand, "assistance_request", TOWNSHIP)
    request["envelope"]["addressees"] = [organ(stand, DEPARTMENT).code]
    case = accepted(stand, TOWNSHIP, "assistance_request", request)["envelope"]["case_id"]
    asked = arrival(stand, DEPARTMENT, case, "AssistanceRequest")["envelope"]["message_id"]
    body = {"answer": "refused", "agreed_on": None, "reasons": "近期人手不足。"}
    other = letter(
        stand,
        "assistance_reply",
        DEPARTMENT,
        **{**body, "ground": "other"},
        envelope=answering(asked),
    )
    code = refused(stand, DEPARTMENT, "assistance_reply", other)
    assert code == "assistance.ground_not_allowed", f"refused with {code}"
    assert "AssistanceReply" not in records_of(arrived(stand, TOWNSHIP, case))
    lawful = letter(
        stand,
        "assistance_reply",
        DEPARTMENT,
        **{**body, "ground": "outside_powers", "reasons": "所请调取的档案不属我局职权范围。"},
        envelope=answering(asked),
    )
    accepted(stand, DEPARTMENT, "assistance_reply", lawful)
    arrival(stand, TOWNSHIP, case, "AssistanceReply")
    advice = arrival(stand, TOWNSHIP, case, "Advice")
    assert advice["code"] == "advice.assistance_refused", f"advised: {advice['code']}"
    return (
        f"a ground outside the list: {code}, nothing at the requester; outside our powers, with "
        f"reasons: delivered, and its next step advised: {advice['zh']}"
    )


CHECKS: Final = (
    Check("scenario_7_no_reasons", scenario_7_no_reasons),
    Check("scenario_8_complaint", scenario_8_complaint),
    Check("scenario_13_assistance", scenario_13_assistance),
)


def _readable(stand: Stand) -> list[str]:
    """Return the topics that somebody else than the exchange reads."""
    organs = rulebook(stand).directory.organs.values()
    return [*(f"inbox.{one.alias}" for one in organs), "journal", "dead-letters"]


def _seen(stand: Stand) -> list[str]:
    """Return the topics in whose bytes the complainant's name or number lie."""
    words = (NAME.encode(), PHONE.encode())
    return [topic for topic in _readable(stand) if _holds(stand, topic, words)]


def _holds(stand: Stand, topic: str, words: tuple[bytes, ...]) -> bool:
    values = b"".join(one.value() or b"" for one in records(stand, "admin", topic))
    return any(word in values for word in words)
