"""The demo's opening messages but transfers: copies, notices, requests, complaints. Pure.

Everything follows from the errand, the run's number, the day and the rulebook.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from schemas.ids import MatterCode, OrganCode
from schemas.sharing_form import ON_SITE
from services.cli.demo_errands import ALL, Errand
from services.cli.demo_letter_words import ASKED, DISSUADED, GUIDED, SHARED, WANTED_DATA
from services.cli.demo_scenarios import LATE_DEPARTMENT
from services.cli.demo_setting import Document, Setting, number_of, officers_of
from services.cli.demo_transfers import transfer
from services.cli.demo_words import PERSONS
from services.rulebook.calendar import ZONE
from services.rulebook.directory import is_valid
from services.rulebook.model import OrganType

_DAY: Final = timedelta(days=1)
_FOUND_AT: Final = 16  # o'clock, the afternoon before
_CITY: Final = (OrganType.CITY_GOVERNMENT, OrganType.CITY_DEPARTMENT)
_CONFLICT: Final = "place_conflict"  # the address names the wrong town


def opening(errand: Errand, setting: Setting) -> Document:
    """Return the message that opens the errand's case, as its sender's system exports it."""
    return _BUILD[errand.opening.name](errand, setting)


def addressees(errand: Errand, setting: Setting) -> list[OrganCode]:
    """Return the codes of those to whom it is written; `*` is the whole county."""
    if errand.receivers != (ALL,):
        return [setting.organ(alias).code for alias in errand.receivers]
    organs = setting.rulebook.directory.organs.values()
    return [
        organ.code
        for organ in organs
        if organ.type not in _CITY
        and organ.alias not in (errand.sender, LATE_DEPARTMENT)  # one overdue duty is enough
        and is_valid(organ, setting.today)
    ]


def _copy(errand: Errand, setting: Setting) -> Document:
    series = "通" if errand.opening.name == "circular" else "抄"
    return {
        "record": errand.record,
        "envelope": {
            "document_number": _number(series, errand, setting),
            "addressees": addressees(errand, setting),
        },
        **shared(errand.opening.variant, errand, setting),
    }


def shared(category: str, errand: Errand, setting: Setting) -> Document:
    """Return what a copy says of one of the nine categories."""
    about = SHARED[category]
    return {
        "category": category,
        "title": about.title,
        "summary": about.summary,
        "matters": list(errand.matters),
        "effective_from": str(setting.today),
        "effective_to": str(setting.today + 90 * _DAY),
    }


def _information(errand: Errand, setting: Setting) -> Document:
    data, purpose = WANTED_DATA[errand.opening.variant]
    return {
        "record": errand.record,
        "envelope": _addressed("需", errand, setting),
        "category": errand.opening.variant,
        "data": data,
        "purpose": purpose,
        "wanted_by": str(setting.today + 14 * _DAY),
    }


def _guidance(errand: Errand, setting: Setting) -> Document:
    form = errand.opening.variant
    document: Document = {
        "record": errand.record,
        "envelope": {"addressees": addressees(errand, setting)},
        "held_on": str(setting.today - _DAY),
        "form": form,
        "content": GUIDED[form],
        "matters": list(errand.matters),
    }
    if form in ON_SITE:
        document["place"] = errand.place
    return document


def _notice(errand: Errand, setting: Setting) -> Document:
    letter = _transfer(errand, setting)
    afternoon = setting.today - _DAY
    found_at = datetime(
        afternoon.year, afternoon.month, afternoon.day, _FOUND_AT, errand.number % 60, tzinfo=ZONE
    )
    violation = letter["violations"][0]
    variant = "done" if errand.opening.variant == _CONFLICT else errand.opening.variant
    document: Document = {
        "record": errand.record,
        "envelope": {"officers": officers_of(errand.sender, setting)},
        "violation": {**violation, "found_on": str(afternoon), "act_to": str(afternoon)},
        "parties": letter["parties"],
        "found_at": found_at.isoformat(),
        "urgency": "urgent" if errand.number % 4 == 0 else "ordinary",
    }
    if variant in DISSUADED:
        document |= {"dissuasion": variant, "dissuasion_account": DISSUADED[variant]}
    return document


def _complaint(errand: Errand, setting: Setting) -> Document:
    letter, number = _transfer(errand, setting), errand.number
    cause = setting.rulebook.matters[MatterCode(errand.matters[0])].name
    document: Document = {
        "record": errand.record,
        "envelope": {
            "document_number": _number("函", errand, setting),
            "officers": officers_of(errand.sender, setting),
        },
        "register_number": _number("访", errand, setting),
        "received_on": str(setting.today - 2 * _DAY),
        "violations": letter["violations"],
        "parties": letter["parties"],
        "summary": f"来电反映：{cause}，影响周边居民，要求查处并回复。",
        "materials": [{"name": "来电记录", "pages": 1}, {"name": "现场照片", "pages": 2}],
        "contact_unknown": errand.opening.variant == "unknown",
    }
    if errand.opening.variant != "unknown":
        name = PERSONS[(number * 3) % len(PERSONS)]
        document["complainant"] = {"name": name, "phone": f"1990001{number:04d}"}
    return document


def _assistance(errand: Errand, setting: Setting) -> Document:
    asked, reason = ASKED[errand.opening.variant]
    return {
        "record": errand.record,
        "envelope": {
            **_addressed("协", errand, setting),
            "officers": officers_of(errand.sender, setting),
        },
        "ground": errand.opening.variant,
        "asked": asked,
        "reason": reason,
        "wanted_by": str(setting.today + 10 * _DAY),
    }


def _transfer(errand: Errand, setting: Setting) -> Document:
    letter = transfer(errand.scenario, setting)
    if errand.opening.variant == _CONFLICT:
        letter["violations"][0]["place_text"] = "木岗镇示例街28号"
    return letter


def _addressed(series: str, errand: Errand, setting: Setting) -> Document:
    return {
        "document_number": _number(series, errand, setting),
        "addressees": addressees(errand, setting),
    }


def _number(series: str, errand: Errand, setting: Setting) -> str:
    return number_of(series, errand.sender, errand.number, setting)


_BUILD: Final[Mapping[str, Callable[[Errand, Setting], Document]]] = {
    "notice": _notice,
    "copy": _copy,
    "circular": _copy,
    "information": _information,
    "guidance": _guidance,
    "complaint": _complaint,
    "assistance": _assistance,
    "lead": _transfer,
    "case": _transfer,
}
