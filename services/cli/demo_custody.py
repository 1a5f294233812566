"""What goes with a transfer in the demo: handed over, counted, a difference settled. Pure.

By at least two officers and with a list (guidance 二(二)2). What was disposed of goes as its
proceeds. The numbers are the letter's own, so that a count which differs is meant to.
"""

from services.cli.demo_scenarios import Scenario
from services.cli.demo_setting import Document, Setting, officers_of
from services.cli.demo_transfers import transfer


def handover(scenario: Scenario, setting: Setting, giver: str, receiver: str) -> Document:
    """Return the list that the giver's two officers hand over with the materials."""
    taken_by = officers_of(receiver, setting)[0]
    return {
        "record": "custody_handover",
        "envelope": {
            "addressees": [setting.organ(receiver).code],
            "officers": officers_of(giver, setting),
        },
        "handed_on": str(setting.today),
        "place": f"{setting.organ(receiver).name}案卷室",
        **_things(scenario, setting),
        "receiver": taken_by["name"],
    }


def count(scenario: Scenario, setting: Setting, *, page_missing: bool = False) -> Document:
    """Return what the receiver counted: all that the list says, or a page less."""
    things = _things(scenario, setting)
    listed = things["pages"]
    told = f"清单载{listed}页，实点{listed - 1}页，缺末页。"
    return {
        "record": "custody_check",
        "envelope": {},
        "counted_on": str(setting.today),
        **things,
        "pages": listed - page_missing,
        "discrepancies": [{"kind": "pages", "account": told}] if page_missing else [],
    }


def settlement(setting: Setting) -> Document:
    """Return the giver's word that what was missing is there."""
    return {
        "record": "custody_settlement",
        "envelope": {},
        "settlement": "made_up",
        "settled_on": str(setting.today),
        "account": "已补交末页，双方核对无误。",
    }


def answering(document: Document, target: str) -> Document:
    """Return the document as one about the message that `target` names."""
    return document | {"envelope": {**document["envelope"], "in_reply_to": target}}


def _things(scenario: Scenario, setting: Setting) -> Document:
    letter = transfer(scenario, setting)
    disposed = {each["item"]: each["proceeds"] for each in letter["disposals"]}
    return {
        "volumes": letter["volumes"],
        "pages": letter["pages"],
        "items": [
            {name: item[name] for name in ("number", "quantity", "condition")}
            for item in letter["items"]
            if item["number"] not in disposed
        ],
        "proceeds": disposed.get(1, "0.00"),
    }
