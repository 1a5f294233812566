"""Do the place's text and its code agree? A disagreement is held until the sender corrects it."""

from schemas.ids import DivisionCode
from services.rulebook.directory import county_of
from services.rulebook.model import Division, Rulebook


def contradicting(rulebook: Rulebook, place: DivisionCode, text: str) -> Division | None:
    """Return the other township of the same county that the text names, or None.

    Only townships of one county are compared: names repeat across the country (城关镇 88 times).
    A text that names the code's own township agrees, whatever else it names.
    """
    own = rulebook.divisions.get(place)
    if own is None or (own.name in text and own.level == "township"):
        return None
    county = county_of(place)
    named = (
        division
        for division in rulebook.divisions.values()
        if division.level == "township"
        and division.name in text
        and county_of(division.code) == county
    )
    return next((division for division in named if place not in (division.code, county)), None)
