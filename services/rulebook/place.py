"""Do the place's text and its code agree? A disagreement is held until the sender corrects it."""

from schemas.ids import DivisionCode
from services.rulebook.directory import county_of
from services.rulebook.model import Division, Rulebook


def contradicting(rulebook: Rulebook, place: DivisionCode, text: str) -> Division | None:
    """Return the other township of the same county that the text names, or None.

    Only townships of one county are compared: names repeat across the country (城关镇 88 times).
    The longest names are looked for first, and a stretch of text names one township only. A text
    that names the code's own township agrees, whatever else it names; one that names none too.
    """
    township = DivisionCode(place[:9] + "000")
    own = rulebook.divisions.get(township)
    if own is None or own.level != "township":
        return None
    found: list[Division] = []
    for name, division in rulebook.townships_of.get(county_of(place), ()):
        if name in text:
            text = text.replace(name, "，")
            found.append(division)
    return None if own in found else next(iter(found), None)
