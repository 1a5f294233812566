"""What follows a transfer in the demo: receipts, replies, progress, outcomes, corrections. Pure."""

from datetime import datetime

from schemas.ids import MatterCode
from services.cli.demo_scenarios import Scenario
from services.cli.demo_setting import Document, Setting, officers_of, own_number
from services.cli.demo_transfers import address_of, transfer
from services.cli.demo_words import DECLINED, FACTS


def signed_for(scenario: Scenario, setting: Setting, target: str, at: datetime) -> Document:
    """Return the receipt that a person at the receiver signs."""
    signer = officers_of(scenario.receiver, setting)[0]
    return _reply("signed_for", target) | {
        "signed_by": signer["name"],
        "signed_at": at.isoformat(timespec="seconds"),
    }


def filing_reply(
    scenario: Scenario, setting: Setting, target: str, *, filed: bool, fault: str = ""
) -> Document:
    """Return the 复函 (annex 3). `fault`: reasons_missing or use_objection, to be refused."""
    answers = []
    for number in range(1, len(scenario.matters) + 1):
        answer: Document = {"number": number, "filed": filed}
        if filed:
            answer["case_number"] = own_number("立", scenario.receiver, scenario, setting, number)
            answer["filed_on"] = str(setting.today)
        else:
            ground = scenario.outcome or "no_facts"
            answer["ground"] = "not_ours" if fault == "use_objection" else ground
            answer["reasons"] = "" if fault == "reasons_missing" else DECLINED[ground]
        answers.append(answer)
    sent = transfer(scenario, setting)
    return _reply("filing_reply", target) | {
        "answers": answers,
        "volumes_received": sent["volumes"],
        "pages_received": sent["pages"],
        "items_received": len(sent["items"]),
    }


def progress(scenario: Scenario, setting: Setting, target: str, stage: str) -> Document:
    """Return a report of progress: decided, served, executed or concluded."""
    return _reply("case_progress", target) | {
        "stage": stage,
        "on": str(setting.today),
        "decision_number": own_number("罚决", scenario.receiver, scenario, setting),
    }


def outcome(scenario: Scenario, setting: Setting, target: str) -> Document:
    """Return the outcome that the handler feeds back to the sender."""
    facts = FACTS[MatterCode(scenario.matters[0])]
    fined = scenario.outcome == "penalty"
    penalty = {"kind": facts.penalty, "amount": facts.amount}
    summary = f"已对当事人作出{facts.penalty}的决定并执行完毕。"
    return _reply("outcome_feedback", target) | {
        "outcome": "penalty" if fined else "no_penalty",
        "penalties": [penalty] if fined else [],
        "decision_number": own_number("罚决", scenario.receiver, scenario, setting),
        "decided_on": str(setting.today),
        "served_on": str(setting.today),
        "execution": "已履行" if fined else "无须履行",
        "summary": summary if fined else "当事人首次违法且及时改正，依法不予行政处罚。",
    }


def withdrawal(target: str) -> Document:
    """Return the sender's withdrawal of its own transfer."""
    return _reply("withdrawal", target) | {"reason": "经复核，当事人已自行改正，线索不再移送。"}


def correction(scenario: Scenario, setting: Setting, target: str) -> Document:
    """Return the correction of a held transfer: the place was mistaken."""
    place = setting.organ(scenario.receiver).division
    mended = {"number": 1, "place": place, "place_text": address_of(place, scenario, setting)}
    return _reply("correction", target) | {
        "corrections": [mended],
        "reason": f"违法行为发生地应为{setting.place_name(place)}，原填区划有误。",
    }


def _reply(record: str, target: str) -> Document:
    return {"record": record, "envelope": {"in_reply_to": target}}
