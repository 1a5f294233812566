"""How one value is masked or generalised. None: no part of it can be shown, it is withheld.

A mask says nothing of a value's length, and what it shows of a number is what officials are used
to: 王**, 138****1234.
"""

from datetime import date
from typing import Any, Final

from schemas.stream_safe import nfkc
from services.confidentiality.kinds import Kind
from services.confidentiality.places import Places
from services.rulebook.model import Treatment

_MOBILE_DIGITS: Final = 11
_SHORT: Final = 8  # characters; of a shorter number nothing is shown
_HIDDEN: Final = "****"


def masked(kind: Kind, value: str, places: Places) -> str | None:
    """Return a string masked."""
    plain = nfkc(value).strip()
    match kind:
        case Kind.NAME:
            return plain[:1] + "**"
        case Kind.PHONE:
            return _phone(plain)
        case Kind.IDENTITY:
            return _HIDDEN if len(plain) < _SHORT else f"{plain[0]}{_HIDDEN}{plain[-1]}"
        case Kind.CODE:
            return _HIDDEN if len(plain) < _SHORT else f"{plain[:2]}{_HIDDEN}{plain[-2:]}"
        case Kind.ADDRESS | Kind.PLACE:
            place = places.of_text(plain)
            return None if place is None else f"{place}{_HIDDEN}"
        case _:
            return None


def generalised(kind: Kind, value: str, place: str | None, places: Places) -> str | None:
    """Return a string generalised: an address or the words for a place to its division.

    `place` is the division code beside the value. It wins over the words.
    """
    if kind is Kind.PLACE and place is not None:
        return places.of_code(place)
    if kind in (Kind.ADDRESS, Kind.PLACE):
        return places.of_text(nfkc(value))
    return None


def treated(treatment: Treatment, kind: Kind, value: Any, place: str | None, places: Places) -> Any:  # noqa: ANN401 - a leaf of a message
    """Return what is shown of a leaf that is not kept; None: nothing."""
    if treatment is Treatment.WITHHOLD:
        return None
    if isinstance(value, str) and type(value) is str:  # an enum's symbol has no part to show
        if treatment is Treatment.MASK:
            return masked(kind, value, places)
        return generalised(kind, value, place, places)
    if treatment is Treatment.GENERALISE and type(value) is date:
        return value.replace(month=1, day=1)
    return None


def _phone(plain: str) -> str:
    digits = "".join(character for character in plain if character.isdecimal())
    if len(digits) == _MOBILE_DIGITS and digits.startswith("1"):
        return f"{digits[:3]}{_HIDDEN}{digits[-4:]}"
    return _HIDDEN if len(digits) < _SHORT else f"{_HIDDEN}{digits[-2:]}"
