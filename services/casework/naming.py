"""An organ that a message names must be there that day; of one that has ended, who succeeded it.

A letter that was begun before a merger still names the organ of before (domain, section 1: dates
decide). Its sender has no command to look the directory up with: the refusal itself says whom.
"""

from collections.abc import Iterable
from datetime import date

from schemas.errors import Refusal
from schemas.ids import OrganCode
from services.rulebook.directory import in_office, organ_on
from services.rulebook.model import Directory


def unknown_organ(organ: OrganCode, where: str, directory: Directory, on: date) -> Refusal | None:
    """Return why the organ may not be named on the day; None: it may."""
    if organ_on(directory, organ, on) is not None:
        return None
    return Refusal("organ.unknown", where, _ended(organ, directory, on))


def unknown_among(
    organs: Iterable[OrganCode], where: str, directory: Directory, on: date
) -> Refusal | None:
    """Return why the first of a list that may not be named may not; None: all may."""
    for position, organ in enumerate(organs):
        refusal = unknown_organ(organ, f"{where}[{position}]", directory, on)
        if refusal is not None:
            return refusal
    return None


def _ended(organ: OrganCode, directory: Directory, on: date) -> str | None:
    """Return in Chinese that it has ended and who succeeded it; None of one that never began."""
    known = directory.organs.get(organ)
    if known is None or known.valid_to is None or on <= known.valid_to:
        return None
    last = f"{known.name}已于{known.valid_to:%Y-%m-%d}后撤销"
    heir = in_office(directory, organ, on)
    if heir is None:
        return f"{last}，名录中没有继受机关。"
    return f"{last}，其职责由{heir.name}（{heir.code}）承继。"
