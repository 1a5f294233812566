"""Do the place's text and its code agree? A disagreement is held until the sender corrects it."""

import re
from typing import Final

from schemas.ids import DivisionCode
from services.rulebook.directory import county_of
from services.rulebook.model import Division, Rulebook
from services.rulebook.township_names import KINDS

# Behind a bare name (郎岱, 新华): then it is a street's, a bridge's, a shop's, wherever these lie.
# 新华街 is a street, 新华街道 a subdistrict. A school or a market of the name lies in the township.
_NAMED_AFTER: Final = re.compile(
    r"[东南西北中]?(?:路|街(?!道)|大道|巷|弄|桥|广场|公园|花园|小区|公寓|大厦|大楼"
    r"|商(?:场|城|店|厦|贸|业|行|号|住|铺|务)|书店|超市|酒店|宾馆|饭店|酒楼|影院|网吧|药店|药房|加油站)"
)


def contradicting(rulebook: Rulebook, place: DivisionCode, text: str) -> Division | None:
    """Return the other township of the same county that the text names, or None.

    Only townships of one county are compared: names repeat across the country (城关镇 88 times).
    The longest names are looked for first, and a stretch of text names one township only. A bare
    name, without 镇, 乡 or 街道, that a street or a shop bears says nothing of another township. A
    text that names the code's own one agrees, whatever else it names; one that names none too.
    """
    township = DivisionCode(place[:9] + "000")
    own = rulebook.divisions.get(rulebook.recoded.get(township, township))
    if own is None or own.level != "township":
        return None
    other: Division | None = None
    for name, division in rulebook.townships_of.get(county_of(own.code), ()):
        if name in text:
            if division is own:
                return None
            if other is None and (name.endswith(KINDS) or _is_of_no_street(name, text)):
                other = division
            text = text.replace(name, "，")
    return other


def _is_of_no_street(name: str, text: str) -> bool:
    """Whether the text has the bare name at some place as no street's or shop's."""
    _, *after = text.split(name)
    return any(_NAMED_AFTER.match(rest) is None for rest in after)
