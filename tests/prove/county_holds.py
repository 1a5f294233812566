"""The county chapter: what is held, whom it reaches meanwhile, and what lets it go on."""

from typing import Final

from tests.prove.chapter import Check, Ground
from tests.prove.county_letters import (
    DEPARTMENT,
    NOBODYS,
    SUPERVISOR,
    TOWNSHIP,
    Document,
    accepted,
    answering,
    arrival,
    arrived,
    by_command,
    held,
    letter,
    post,
    records_of,
    story,
)
from tests.prove.letters import organ
from tests.prove.stand import Stand, demo, wait_until

LANGDAI: Final = "520203110000"
TEXT: Final = "六枝特区郎岱镇示例路3号"  # while the code says 岩脚镇
SECONDS_MAX: Final = 60.0


def scenario_4_place_conflict(ground: Ground) -> str:
    """Address says one township, code another: nobody gets it before its sender corrects it."""
    stand = demo(ground)
    lead = letter(stand, "lead_transfer", TOWNSHIP)
    lead["violations"][0]["place_text"] = TEXT
    answer = held(stand, TOWNSHIP, "lead_transfer", lead)
    case, opening = answer["envelope"]["case_id"], answer["envelope"]["in_reply_to"]
    assert answer["hold"] == "place_conflict", f"held for {answer['hold']}"
    told = story(stand, case)
    assert (told["state"], told["duties"]) == ("held", []), f"{told['state']}, duties begun"
    assert arrived(stand, DEPARTMENT, case) == [], "it was delivered while it was held"
    wrong = [{"number": 1, "place_text": "木岗镇示例街1号"}]
    still = _correction(stand, opening, wrong)
    code = post(stand, TOWNSHIP, "correction", still)().get("code")
    assert code == "correction.still_conflict", f"a wrong correction: {code}"
    right = [{"number": 1, "place": LANGDAI, "place_text": TEXT}]
    accepted(stand, TOWNSHIP, "correction", _correction(stand, opening, right))
    got = arrival(stand, DEPARTMENT, case, "LeadTransfer")
    kept = got["violations"][0]["place"]
    assert kept == lead["violations"][0]["place"], "the original was changed"
    arrival(stand, DEPARTMENT, case, "Correction")
    told = story(stand, case)
    assert told["state"] == "issued", f"after the correction: {told['state']}"
    return (
        "place text and code of two townships: Held (place_conflict) to the sender, no duty, "
        "nothing in the department's folder; a wrong correction refused (still_conflict); the "
        "right one releases it, original and correction lie in the folder, sign_for begins"
    )


def holds_and_assignment(ground: Ground) -> str:
    """A gap: the supervisor assigns it; what came later is decided behind it, in order."""
    stand = demo(ground)
    complaint = letter(stand, "complaint_forward", TOWNSHIP)
    complaint["violations"][0]["matter"] = NOBODYS
    answer = held(stand, TOWNSHIP, "complaint_forward", complaint)
    case, opening = answer["envelope"]["case_id"], answer["envelope"]["in_reply_to"]
    assert answer["hold"] == "gap", f"held for {answer['hold']}"
    informed = letter(
        stand, "complainant_informed", TOWNSHIP, envelope=answering(opening), leg="forwarding"
    )
    first = held(stand, TOWNSHIP, "complainant_informed", informed)["envelope"]["in_reply_to"]
    stray = _correction(stand, first, [{"number": 1, "place": LANGDAI}])
    second = held(stand, TOWNSHIP, "correction", stray)["envelope"]["in_reply_to"]
    waiting = [one["message"] for one in story(stand, case)["waiting"]]
    assert waiting == [first, second], f"waiting: {waiting}"
    assert arrived(stand, DEPARTMENT, case) == [], "it was delivered while it was held"
    assignment = letter(
        stand,
        "routing_assignment",
        SUPERVISOR,
        envelope=answering(opening, addressees=[organ(stand, DEPARTMENT).code]),
    )
    by_command(stand, SUPERVISOR, "routing_assignment", assignment)
    arrival(stand, DEPARTMENT, case, "RoutingAssignment")
    told = wait_until(lambda: _settled(stand, case), SECONDS_MAX, "what waited to be decided")
    decided = [
        (step["message"], step["outcome"])
        for step in told["steps"]
        if step["message"] in (first, second) and step["outcome"] != "waiting"
    ]
    assert decided == [(first, "accepted"), (second, "rejected")], f"behind it: {decided}"
    got = records_of(arrived(stand, DEPARTMENT, case))
    assert got[:2] == ["ComplaintForward", "RoutingAssignment"], f"in the folder: {got}"
    return (
        "a gap: Held (gap), no delivery; two later messages wait (waiting); assigned by "
        f"{SUPERVISOR}: the department's folder has {', '.join(got)}; the two were decided behind "
        "it in their order: accepted, and refused with correction.nothing_held"
    )


CHECKS: Final = (
    Check("scenario_4_place_conflict", scenario_4_place_conflict),
    Check("holds_and_assignment", holds_and_assignment),
)


def _correction(stand: Stand, about: str, corrections: list[Document]) -> Document:
    return letter(stand, "correction", TOWNSHIP, corrections=corrections, envelope=answering(about))


def _settled(stand: Stand, case: str) -> Document | None:
    told = story(stand, case)
    return None if told["waiting"] or told["stop"] else told
