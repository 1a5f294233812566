"""`yichuan rules diff A B`: what changes for whom, from when, if B takes A's place."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import typer

from services.cli.options import AsJson
from services.cli.output import emit_json, in_language, say
from services.cli.rules_words import (
    day_words,
    duty_words,
    entry_words,
    shift_words,
    who_document,
)
from services.rulebook.compare import Shift, shifts
from services.rulebook.compare_parts import (
    DutyShift,
    Entry,
    changed_days,
    duty_shifts,
    entries,
)
from services.rulebook.load import load, locate
from services.rulebook.model import Rulebook

Document = dict[str, Any]
_HEADS: Final = {
    "jurisdiction": ("管辖", "Whose it is"),
    "duties": ("期限", "Lengths of duties"),
    "calendar": ("日历", "Calendar"),
    "head": ("总说明", "Head"),
    "organs": ("机关", "Organs"),
    "officers": ("执法人员", "Officers"),
    "divisions": ("区划", "Divisions"),
    "matters": ("事项", "Matters"),
    "keys": ("公钥", "Public keys"),
    "clearances": ("可见范围", "What a recipient sees"),
    "openings": ("申请查看", "What may be opened later"),
    "audiences": ("抄送范围", "Whom copies reach"),
    "no_sharing": ("不予共享", "What is not shared"),
    "retention": ("保存期限", "How long content is kept"),
}

RulebookName = Annotated[str, typer.Argument(help="name or folder / 名称或文件夹")]


def diff(old: RulebookName, new: RulebookName, as_json: AsJson = False) -> None:
    """Say what changes, by asking both rulebooks, not by comparing lines."""
    before, after = load(locate(old)), load(locate(new))
    found = list(differences(before, after))
    if as_json:
        for document in found:
            emit_json(document)
    else:
        print_differences(found)


def print_differences(found: Sequence[Document]) -> None:
    """Print what changes, for people, part by part."""
    part = None
    for document in found:
        if document["part"] != part:
            part = document["part"]
            print(in_language(*_HEADS[part]))
        print("  " + in_language(document["zh"], document["en"]))
    if found:
        say(f"共 {len(found)} 处", f"{len(found)} differences")
    else:
        say("没有实质差别", "nothing changes for anybody")


def differences(old: Rulebook, new: Rulebook) -> Iterator[Document]:
    """Yield every difference with its words in both languages and its facts, keys stable."""
    for shift in shifts(old, new):
        yield _jurisdiction(old, new, shift)
    for duty in duty_shifts(old, new):
        yield _duty(duty)
    for day, is_workday in changed_days(old, new).items():
        zh, en = day_words(day, is_workday=is_workday)
        yield _document("calendar", str(day), zh, en, day, {"workday": is_workday})
    for entry in entries(old, new):
        yield _entry(entry)


def _jurisdiction(old: Rulebook, new: Rulebook, shift: Shift) -> Document:
    zh, en = shift_words(old, new, shift)
    facts = {
        "until": shift.until,
        "places": list(shift.places),
        "from": who_document(old, shift.before),
        "to": who_document(new, shift.after),
        "decided_by": shift.decided_by,
        "begun": shift.begun,
        "basis": shift.basis,
    }
    return _document("jurisdiction", shift.matter, zh, en, shift.since, facts)


def _duty(shift: DutyShift) -> Document:
    zh, en = duty_words(shift)
    before, after = shift.lengths
    facts = {
        "until": shift.until,
        "sector": shift.sector,
        "record": shift.record,
        "from": before or None,
        "to": after or None,
        "basis": shift.after.basis if shift.after else None,
    }
    return _document("duties", shift.kind, zh, en, shift.since, facts)


def _entry(entry: Entry) -> Document:
    zh, en = entry_words(entry)
    fields = {key: list(pair) for key, pair in entry.fields.items()}
    facts = {"is_new": not entry.is_there[0], "is_gone": not entry.is_there[1], "fields": fields}
    return _document(entry.part, entry.code, zh, en, None, facts)


def _document(
    part: str, subject: str, zh: str, en: str, since: object, facts: Document
) -> Document:
    return {"part": part, "subject": subject, "since": since, "zh": zh, "en": en, **facts}
