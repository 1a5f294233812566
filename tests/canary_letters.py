"""Lawful messages with a canary in every classified text, and how a county sends them to itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from typing import Any, Final

from schemas.checks import lawful_form
from schemas.classes import FieldClass
from schemas.describe import describe
from schemas.ids import derive
from schemas.messages import Message
from services.casework.effects import Effect
from services.confidentiality.kinds import Kind, kind_of
from services.rulebook.calendar import local_date
from tests.canary_search import Canary
from tests.history import (
    HANDLER,
    NOBODYS,
    SENDER,
    SUPERVISOR,
    History,
    is_refused,
    not_filed,
    organ,
    violation,
)

MARKET: Final = "liuzhi-scjg"
KEPT_MAX: Final = 40  # fields of one message that its lawful form keeps as they are
_LOOKS: Final = {
    Kind.NAME: "慕容{0}",
    Kind.PHONE: "1390013{0:04}",
    Kind.IDENTITY: "52020319800101{0:04}",
    Kind.CODE: "CANARY-{0}-2026",
    Kind.ADDRESS: "六枝特区岩脚镇金丝雀{0}号",
    Kind.PLACE: "岩脚镇金丝雀摊位{0}",
    Kind.TEXT: "金丝雀{0}",
}
# What the directory or the rules must know stays as it is.
_FIXED: Final = ("envelope.officers", "violations[].cause")

_INDEX: Final = re.compile(r"\[\d+\]")

Letter = tuple[str, str, dict[str, Any]]  # record, sender, changes


def _to(*aliases: str) -> dict[str, Any]:
    return {"envelope": {"addressees": [organ(alias) for alias in aliases]}}


_IN_A_MONTH: Final = timedelta(days=30)  # of the day on which it is said
_SUMMARY: Final = {"summary": "经查"}
_ANSWERS: Final = frozenset({"signed_for", "withdrawal_answer"})  # of the last that one was handed
# Cases in which every record of an organ is said once at least, to every relation that there is.
CASES: Final[tuple[tuple[Letter, ...], ...]] = (
    (
        ("lead_transfer", SENDER, {}),
        ("signed_for", HANDLER, {}),
        ("withdrawal", SENDER, {}),
        ("filing_reply", HANDLER, {}),
        ("case_progress", HANDLER, {}),
        ("outcome_feedback", HANDLER, _SUMMARY),
    ),
    (
        ("complaint_forward", SENDER, {}),
        ("complainant_informed", SENDER, {}),
        ("filing_reply", MARKET, {"answers": [not_filed()]}),
    ),
    (("case_transfer", HANDLER, {"violations": [violation(matter="CG-002")]}),),
    (("violation_notice", SENDER, {}), ("handling_feedback", HANDLER, _SUMMARY)),
    (("copy", HANDLER, _to(SENDER, "langdai", "liuzhi-zwj", SUPERVISOR)),),
    (("circular", HANDLER, {"category": "other", **_to("langdai", "liuzhi-zwj", MARKET)}),),
    (("guidance_record", HANDLER, {}),),
    (("information_request", HANDLER, {}), ("information_reply", SENDER, {})),
    (("assistance_request", SENDER, {}), ("assistance_reply", HANDLER, {"agreed_on": _IN_A_MONTH})),
    (
        ("lead_transfer", SENDER, {"violations": [violation(matter=NOBODYS)]}),
        ("routing_assignment", SUPERVISOR, _to(HANDLER)),
    ),
    (
        ("lead_transfer", SENDER, {"violations": [violation(matter=NOBODYS)]}),
        ("correction", SENDER, {"corrections": [{"number": 1, "matter": "CG-009"}]}),
    ),
    (
        ("lead_transfer", SENDER, {}),
        ("signed_for", HANDLER, {}),
        ("withdrawal", SENDER, {}),
        ("withdrawal_answer", HANDLER, {"agreed": False}),
    ),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a case as it was sent, and what was decided of it."""

    message: Message
    sender: str  # alias
    canaries: tuple[Canary, ...]
    effects: tuple[Effect, ...]


def said(history: History, case: Iterable[Letter], numbers: Iterator[int]) -> Iterator[Said]:
    """Say a case's letters one after the other; AssertionError when one of them is refused."""
    for record, sender, example in case:
        plain = numbered(history.next(record, sender, **_changes(history, record, sender, example)))
        message, canaries = canaried(plain, numbers)
        effects = history.decide(message)
        assert not is_refused(effects), (record, effects)
        yield Said(message, sender, canaries, effects)


def numbered(message: Message, series: str = "金雀") -> Message:
    """Return it with a number that the demo has not used, where it bears one."""
    if message.envelope.document_number is None:
        return message
    digits = int(derive(message.envelope.message_id)[:6], 16) % 90_000 + 1
    number = f"{series}〔2026〕{digits}号"
    return replace(message, envelope=replace(message.envelope, document_number=number))


def canaried(message: Message, numbers: Iterator[int]) -> tuple[Message, tuple[Canary, ...]]:
    """Return the message with a canary in each classified text that its lawful form lets be one."""
    record = type(message).__name__
    paths = {path.path: path for path in describe(record).paths}
    kept: set[str] = set()
    for _ in range(KEPT_MAX):
        found: dict[str, Canary] = {}
        changed: Message = _filled(message, "", "", paths, numbers, kept, found, record)
        refusal = lawful_form(changed)
        if refusal is None:
            return changed, tuple(found.values())
        assert refusal.where is not None, refusal
        kept.add(_INDEX.sub("[]", refusal.where))
    raise AssertionError(record)


def _changes(
    history: History, record: str, sender: str, example: Mapping[str, Any]
) -> dict[str, Any]:
    today = local_date(history.at)
    changes = {
        name: (today + value).isoformat() if isinstance(value, timedelta) else value
        for name, value in example.items()
    }
    if record in _ANSWERS:
        handed = [each for each in history.opened.handed if each.to == organ(sender)]
        changes["envelope"] = {"in_reply_to": handed[-1].message}
    return changes


def _filled(  # noqa: PLR0913, PLR0917 - a walk carries what it needs
    value: Any,
    path: str,
    where: str,
    paths: Mapping[str, Any],
    numbers: Iterator[int],
    kept: set[str],
    found: dict[str, Canary],
    record: str,
) -> Any:
    changes: dict[str, Any] = {}
    for each in fields(value):
        old = getattr(value, each.name)
        own = f"{path}.{each.name}" if path else each.name
        place = f"{where}.{each.name}" if where else each.name
        if own in kept or own.startswith(_FIXED) or own in {"envelope.seal", "envelope.delivery"}:
            continue
        if isinstance(old, tuple) and old and is_dataclass(old[0]):
            changes[each.name] = tuple(
                _filled(part, f"{own}[]", f"{place}[{i}]", paths, numbers, kept, found, record)
                for i, part in enumerate(old)
            )
        elif is_dataclass(old) and not isinstance(old, type):
            changes[each.name] = _filled(old, own, place, paths, numbers, kept, found, record)
        elif _may_be_canary(type(value).__name__, each.name, old, paths[own]):
            kind = kind_of(type(value).__name__, each.name)
            text = _LOOKS[kind].format(next(numbers))
            field_class = FieldClass(paths[own].confidentiality)
            found[place] = Canary(text, record, own, field_class)
            changes[each.name] = text
    return replace(value, **changes)


def _may_be_canary(owner: str, name: str, old: Any, path: Any) -> bool:
    """A text in a classified field; also one that the example leaves empty."""
    is_text = path.type == "string" and (old is None or type(old) is str)
    is_classified = path.nullable and path.confidentiality != FieldClass.PUBLIC
    return is_text and is_classified and kind_of(owner, name) is not Kind.REFERENCE
