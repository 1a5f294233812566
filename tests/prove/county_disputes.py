"""The county chapter: a dispute about part of a transfer, on the running bus, until designated."""

import json
from collections.abc import Callable
from typing import Any, Final

from schemas.load import default_example
from tests.history import FAILED, SUPERIOR, filed, merged, officers, organ, violation
from tests.prove.chapter import Check, Ground
from tests.prove.stand import Stand, demo, wait_until

SENDER: Final = "yanjiao"
RECEIVER: Final = "liuzhi-cgj"
DESIGNEE: Final = "liuzhi-jtj"
_DELIVERED_SECONDS_MAX: Final = 30.0

Document = dict[str, Any]


def dispute_designated(ground: Ground) -> str:
    """Three violations, one objected to; the child case is disputed, referred and designated."""
    stand = demo(ground)
    number = f"案移〔2026〕{next(stand.serials)}号"
    three = [violation(number) for number in (1, 2, 3)]
    numbered: Document = {"violations": three, "envelope": {"document_number": number}}
    lead = _send(stand, "lead_transfer", SENDER, numbered)
    about = {"envelope": _to(lead["message"])}
    _send(stand, "objection", RECEIVER, {"numbers": [2], **about})
    child = _got(stand, RECEIVER, lambda found: found.get("parent") == lead["case"])["envelope"]
    _send(stand, "filing_reply", RECEIVER, {"answers": [filed(1), filed(3)], **about})
    failed = {**FAILED, "envelope": _to(child["message_id"])}
    _send(stand, "negotiation_result", RECEIVER, failed)
    advice = _got(stand, RECEIVER, lambda found: found.get("code") == "advice.designation_draft")
    draft = json.loads(advice["draft"])
    assert draft["envelope"]["addressees"] == [organ(SUPERIOR)], draft
    draft["envelope"]["document_number"] = f"六综执请〔2026〕{next(stand.serials)}号"
    request = _put(stand, draft.pop("record"), RECEIVER, draft)
    number = f"六特府指〔2026〕{next(stand.serials)}号"
    named = {"document_number": number, **_to(request["message"])}
    _send(stand, "designation", SUPERIOR, {"designee": organ(DESIGNEE), "envelope": named})
    decision = _got(stand, DESIGNEE, lambda found: found["envelope"]["document_number"] == number)[
        "envelope"
    ]
    answer = {"envelope": _to(decision["message_id"])}
    objects = {"numbers": [2], "competent": organ(RECEIVER), **answer}
    refused = _send(stand, "objection", DESIGNEE, objects, exit_code=1)
    assert refused["error"]["code"] == "objection.designated", refused
    _send(stand, "filing_reply", DESIGNEE, {"answers": [filed(2)], **answer})
    parent, split = (_state(stand, case) for case in (lead["case"], child["case_id"]))
    assert (parent, split) == ("filed", "filed"), (parent, split)
    return (
        f"{RECEIVER} objects to 1 of 3 violations: the child case {child['case_id'][:8]} is told "
        f"to both, its request drafted and put to {SUPERIOR}, {DESIGNEE} designated; its objection "
        "is refused (objection.designated); parent and child both filed"
    )


def _send(stand: Stand, record: str, who: str, changes: Document, exit_code: int = 0) -> Document:
    document = merged(default_example(record), changes)
    if "officers" in document["envelope"]:
        document["envelope"]["officers"] = officers(organ(who))
    return _put(stand, record, who, document, exit_code)


def _put(stand: Stand, record: str, who: str, document: Document, exit_code: int = 0) -> Document:
    path = stand.ground.scratch / f"{record}-{next(stand.serials)}.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    (answer,) = stand.objects("send", record, path, "--as", who, exit_code=exit_code)
    return answer


def _to(message: str) -> Document:
    return {"in_reply_to": message}


def _got(stand: Stand, who: str, fits: Callable[[Document], bool]) -> Document:
    """Return the newest message in the organ's inbox that fits."""

    def look() -> Document | None:
        documents = [line["document"] for line in stand.objects("inbox", who)]
        return next((found for found in reversed(documents) if found and fits(found)), None)

    return wait_until(look, _DELIVERED_SECONDS_MAX, f"{who} got nothing of the kind")


def _state(stand: Stand, case: str) -> str:
    (story,) = stand.objects("trace", case)
    return str(story["state"])


CHECKS: Final = (Check("dispute_designated", dispute_designated),)
