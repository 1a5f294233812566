"""What follows the opening message of an errand: receipts, answers, withdrawals, releases. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from services.cli import demo_answers as answers
from services.cli.demo_custody import count, handover, settlement
from services.cli.demo_errands import Act, Errand
from services.cli.demo_letter_words import ASSIGNED, HANDLED, SHORT_REFUSALS
from services.cli.demo_letters import shared
from services.cli.demo_scenarios import FOLDER_DEPARTMENT
from services.cli.demo_setting import Document, Setting, officers_of, own_number
from services.cli.demo_transfers import address_of

_DAY: Final = timedelta(days=1)
_ELSEWHERE: Final = "liuzhi-jtj"  # whose a notice is that is not ours


@dataclass(frozen=True, slots=True)
class Step:
    """One message that is due: of which story, which act, about which message, and when.

    `place`: case and flow of that message, as a notice of it says; {} for the author's own.
    """

    errand: Errand
    act: Act
    target: str  # message id
    place: Document
    at: datetime
    setting: Setting

    @property
    def today(self) -> str:
        """The day, as documents write it."""
        return str(self.setting.today)


def reply(step: Step) -> Document:
    """Return the document that the act's author puts into its outbox."""
    document = _BUILD[step.act.name](step)
    document["envelope"]["in_reply_to"] = step.target
    return document


def _signed(step: Step) -> Document:
    signer = officers_of(step.act.by, step.setting)[0]
    return _of("signed_for") | {
        "signed_by": signer["name"],
        "signed_at": step.at.isoformat(timespec="seconds"),
    }


def _handled(step: Step) -> Document:
    result = step.act.variant
    document = _of("handling_feedback") | {"result": result, "summary": HANDLED[result]}
    if result == "filed":
        number = own_number("立", step.act.by, step.errand.scenario, step.setting)
        document |= {"case_number": number, "filed_on": step.today}
    if result == "not_ours":
        document["competent"] = step.setting.organ(_ELSEWHERE).code
    return document


def _copied(step: Step) -> Document:
    sender = step.setting.organ(step.errand.sender).code
    document = _of("copy") | shared(step.act.variant, step.errand, step.setting)
    return document | {"envelope": {"addressees": [sender]}, "requested_by": sender}


def _given(step: Step) -> Document:
    content = shared(step.act.variant, step.errand, step.setting)["summary"]
    return _of("information_reply") | {"answer": "given", "content": content}


def _accepted(step: Step) -> Document:
    agreed = str(step.setting.today + 5 * _DAY)
    return _of("assistance_reply") | {"answer": "accepted", "agreed_on": agreed}


def _not_assisted(step: Step) -> Document:
    ground = step.act.name
    document = _of("assistance_reply") | {
        "answer": "refused",
        "ground": ground,
        "reasons": SHORT_REFUSALS[ground],
    }
    return document | ({"provision": _PROVISION} if ground == "law_forbids" else {})


def _informed(step: Step) -> Document:
    leg = "outcome" if step.act.variant == "outcome" else "forwarding"
    document = _of("complainant_informed") | {"leg": leg}
    if step.act.variant == "unknown":
        return document | {"telling": "contact_unknown"}
    if step.act.variant == "in_vain":
        tried = {"on": step.today, "method": "电话，无人接听"}
        return document | {"telling": "attempts_failed", "attempts": [tried]}
    return document | {"telling": "informed", "informed_on": step.today, "method": "电话告知"}


def _corrected(step: Step) -> Document:
    place = step.setting.organ(step.errand.sender).division
    text = address_of(place, step.errand.scenario, step.setting)
    return _of("correction") | {
        "corrections": [{"number": 1, "place": place, "place_text": text}],
        "reason": "原件地点文字误写，现予更正。",
    }


def _assigned(step: Step) -> Document:
    # The supervisor has the notice only, not the message: so it says where that lies.
    to = step.setting.organ(FOLDER_DEPARTMENT).code
    return {
        "record": "routing_assignment",
        "envelope": {"addressees": [to], **step.place},
        "reason": ASSIGNED,
        "basis": "示例政策：暂存消息转办办法",
    }


def _filed(step: Step) -> Document:
    scenario = replace(step.errand.scenario, receiver=step.act.by, outcome="")
    filed = step.act.name == "file"
    return answers.filing_reply(scenario, step.setting, step.target, filed=filed)


def _handed_over(step: Step) -> Document:
    """To whoever of the two is not the author: back, where the receiver is."""
    errand, by = step.errand, step.act.by
    to = errand.sender if by != errand.sender else errand.receivers[0]
    return handover(errand.scenario, step.setting, by, to)


def _counted(step: Step) -> Document:
    missing = step.act.variant == "page_missing"
    return count(step.errand.scenario, step.setting, page_missing=missing)


def _outcome(step: Step) -> Document:
    scenario = replace(step.errand.scenario, receiver=step.act.by)
    return answers.outcome(scenario, step.setting, step.target)


def _progress(step: Step) -> Document:
    scenario = replace(step.errand.scenario, receiver=step.act.by)
    return answers.progress(scenario, step.setting, step.target, step.act.name)


def _of(record: str) -> Document:
    return {"record": record, "envelope": {}}


_PROVISION: Final = "《中华人民共和国统计法》第九条"
_NOT_GIVEN: Final = {"answer": "refused", "reason": SHORT_REFUSALS["information"]}
_NOT_AGREED: Final = {"agreed": False, "reason": "本机关已到现场取证，拟依法继续办理。"}
_BUILD: Final[Mapping[str, Callable[[Step], Document]]] = {
    "sign": _signed,
    "sign_answer": _signed,
    "handle": _handled,
    "answer_copy": _copied,
    "give": _given,
    "refuse": lambda _: _of("information_reply") | _NOT_GIVEN,
    "accept": _accepted,
    "outside_powers": _not_assisted,
    "law_forbids": _not_assisted,
    "inform": _informed,
    "withdraw": lambda step: answers.withdrawal(step.target),
    "agree": lambda _: _of("withdrawal_answer") | {"agreed": True},
    "keep": lambda _: _of("withdrawal_answer") | _NOT_AGREED,
    "correct": _corrected,
    "assign": _assigned,
    "file": _filed,
    "decline": _filed,
    "hand_over": _handed_over,
    "hand_back": _handed_over,
    "count": _counted,
    "settle": lambda step: settlement(step.setting),
    "feed_back": _outcome,
    "decided": _progress,
    "served": _progress,
}
