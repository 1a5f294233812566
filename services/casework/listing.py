"""What a letter lists, and whether a handover brings less of it (guidance 二(二)2, 如实列出清单).

The count is held against the handover (CustodyCheck). That the handover itself falls short of the
letter, or of what was handed over before, no count would show: so the receiver is told at once.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from schemas.custody import CustodyCheck, CustodyHandover
from schemas.messages import Message, Routed, Transfer
from schemas.parts import Item, Violation
from schemas.sharing import ComplaintForward, ViolationNotice
from services.casework.case import Case
from services.casework.kept import Counted

_NONE: Final = Decimal(0)


def violations_of(message: Routed) -> tuple[Violation, ...]:
    """Return the violations that the message tells of; a notice tells of one."""
    if isinstance(message, ViolationNotice):
        return () if message.violation is None else (message.violation,)
    return message.violations or ()


def items_kept(letter: Transfer) -> tuple[Item, ...]:
    """Return the items of the letter that were not disposed of before it (先行处置)."""
    disposed = {disposal.item for disposal in letter.disposals or ()}
    return tuple(item for item in letter.items or () if item.number not in disposed)


def listed_in(letter: Message) -> Counted | None:
    """Return what the letter says goes with it; None where its kind lists nothing.

    Of what was disposed of (先行处置) the proceeds are handed over. The materials of a complaint
    (二(一)3) have pages only.
    """
    if isinstance(letter, ComplaintForward):
        pages = sum(material.pages or 0 for material in letter.materials or ())
        return Counted(0, pages, (), _NONE)
    if not isinstance(letter, Transfer):
        return None
    return Counted(
        volumes=letter.volumes or 0,
        pages=letter.pages or 0,
        items=tuple((item.number, item.quantity or _NONE) for item in items_kept(letter)),
        proceeds=sum((each.proceeds or _NONE for each in letter.disposals or ()), _NONE),
    )


def given_in(message: CustodyHandover | CustodyCheck) -> Counted:
    """Return what a handover lists, or a count found."""
    return Counted(
        volumes=message.volumes or 0,
        pages=message.pages or 0,
        items=tuple((item.number, item.quantity or _NONE) for item in message.items or ()),
        proceeds=message.proceeds or _NONE,
    )


def shortfall(case: Case, handed: Counted) -> str | None:
    """Return in words what a handover brings less of than it should; None: nothing is missing.

    The first one is held against the letter, a later one against the handover before.
    """
    before = case.custody.handed if case.custody and case.custody.handed else case.listed
    if before is None:
        return None
    return "；".join(_less(before, handed)) or None


def _less(listed: Counted, handed: Counted) -> Iterator[str]:
    brought = dict(handed.items)
    gone = [number for number, _ in listed.items if number not in brought]
    counts = (
        ("卷数", Decimal(listed.volumes), Decimal(handed.volumes)),
        ("页数", Decimal(listed.pages), Decimal(handed.pages)),
        ("处置所得", listed.proceeds, handed.proceeds),
        *(
            (f"物品{number}", quantity, brought[number])
            for number, quantity in listed.items
            if number in brought
        ),
    )
    for name, there, here in counts:
        if here < there:
            yield f"{name}：应有{there.normalize():f}，移交{here.normalize():f}"
    yield from (f"物品{number}：未移交" for number in gone)
