"""The matters and rules of the rulebook of the whole country: invented, and the same every time.

Powers lie as they do in the demo: by province each group of matters is a department's by statute
and some matters another's; counties devolve matters to their townships from a day on and take many
of them back, under each transitional clause; single townships get what their county kept.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

MATTERS: Final = 500
GROUPS: Final = 40
NOBODYS, OF_TWO = 39, 38  # a group that is nobody's but where it was devolved, one that two share
RULES: Final = 20_000
OF_A_COUNTY: Final = 4  # matters that a county devolves
KINDS: Final = (
    "urban_management",
    "market_supervision",
    "agriculture",
    "natural_resources",
    "water",
    "emergency",
    "transport",
    "ecology",
)
_CLAUSES: Final = ("act", "found", "filed", "transfer")
_OWN_IN_PROVINCE: Final = 60  # matters of their own kind in each province
_STATUTE: Final = "《中华人民共和国行政处罚法》第二十三条"
_DEVOLVING: Final = "《中华人民共和国行政处罚法》第二十四条"
_FROM: Final = ("2021-10-01", "2022-01-01", "2022-07-01", "2023-01-01")
_TO: Final = ("2024-12-31", "2025-06-30", "2026-06-30", "2027-06-30", "")


def matter_rows() -> Iterator[tuple[str, ...]]:
    """Yield code, name and group of each matter."""
    for number in range(MATTERS):
        yield _matter(number), f"示例事项{number:03d}", f"group_{number % GROUPS:02d}"


def rule_rows(divisions: Sequence[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """Yield RULES rules over the divisions (code, level)."""
    provinces, counties, townships = (
        sorted({code for code, level in divisions if level == wanted})
        for wanted in ("province", "county", "township")
    )
    rules = (*_of_provinces(provinces), *_of_counties(counties))
    rest = RULES - len(rules)
    for number, rule in enumerate((*rules, *_of_townships(townships, rest)), start=1):
        yield (f"R-{number:05d}", *rule)


def _of_provinces(provinces: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for area in provinces:
        for group in range(GROUPS):
            if group == NOBODYS:
                continue
            kinds = [KINDS[group % len(KINDS)]]
            if group == OF_TWO:
                kinds.append(KINDS[(group + 1) % len(KINDS)])
            for kind in kinds:
                both = "yes" if group == OF_TWO else ""
                yield _statute("", f"group_{group:02d}", area, f"kind:{kind}", both)
        for turn in range(_OWN_IN_PROVINCE):
            matter = _pick(MATTERS // _OWN_IN_PROVINCE, "own", area, turn) * _OWN_IN_PROVINCE + turn
            kind = KINDS[_pick(len(KINDS), "kind", area, turn)]
            yield _statute(_matter(matter), "", area, f"kind:{kind}")


def _of_counties(counties: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield what each devolves; where it was taken back half are devolved once more, for good."""
    for area in counties:
        for turn in range(OF_A_COUNTY):
            matter = _pick(MATTERS // OF_A_COUNTY, "devolved", area, turn) * OF_A_COUNTY + turn
            begin = _FROM[_pick(len(_FROM), "from", area, turn)]
            end = _TO[_pick(len(_TO), "to", area, turn)]
            clause = _CLAUSES[_pick(len(_CLAUSES), "clause", area, turn)]
            yield _devolved(_matter(matter), area, begin, end, clause)
            if end and _pick(10, "again", area, turn) == 0:
                yield _devolved(_matter(matter), area, "2027-09-01", "", clause)


def _of_townships(townships: Sequence[str], count: int) -> Iterator[tuple[str, ...]]:
    step = len(townships) // count
    for turn in range(count):
        area = townships[turn * step]
        matter = _matter(_pick(MATTERS, "township", area))
        end = _TO[_pick(len(_TO), "until", area)]
        yield _devolved(matter, area, "2022-03-01", end, _CLAUSES[turn % len(_CLAUSES)])


def _statute(
    matter: str, group: str, area: str, competent: str, concurrent: str = ""
) -> tuple[str, ...]:
    source = ("（示例）权责清单", "2019-12-01")
    held = (competent, "statutory", _STATUTE, "1996-10-01")
    return (matter, group, area, *held, *source, "2020-01-01", "", "act", concurrent)


def _devolved(matter: str, area: str, begin: str, end: str, clause: str) -> tuple[str, ...]:
    source = ("（示例）赋权决定", "2021-09-01")
    held = ("township", "devolved", _DEVOLVING, "2021-07-15")
    return (matter, "", area, *held, *source, begin, end, clause, "")


def _matter(number: int) -> str:
    return f"M-{number:03d}"


def _pick(below: int, *parts: object) -> int:
    """Return a number that follows from the parts, as good as any other."""
    digest = sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8]) % below
