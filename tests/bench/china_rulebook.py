"""Write a rulebook of the whole country: every division, its organs, 500 matters, 20,000 rules.

The divisions are real (README.md beside this file), all else is invented and follows from the
divisions alone, so that two runs write the same bytes. Nothing here is left out that a decision
asks for: every township and every department has its organ, its superiors and two officers.

    python -m tests.bench.china_rulebook FOLDER
"""

import csv
import io
import lzma
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stdnum.cn import uscc

from services.rulebook.layout import COLUMNS, LATER
from services.rulebook.load import bundled, read_files
from tests.bench.china_rules import KINDS, matter_rows, rule_rows

DIVISIONS: Final = Path(__file__).with_name("divisions-china-2023.csv.xz")
HOME_COUNTY: Final = "520203000000"
SINCE: Final = "2019-03-01"
FROM_DEMO: Final = ("duties.toml", "disputes.toml", "clearances.csv", "no_sharing.toml")
_HEAD: Final = f"""name = "china"
bus = "china-bench"
county = "{HOME_COUNTY}"
notes_zh = "为规模测试生成：行政区划真实，其余均为虚构。"
notes_en = "Made for tests of size: the divisions are real, all else is invented."
"""
_KIND_NAMES: Final = {
    "urban_management": "综合行政执法局",
    "market_supervision": "市场监督管理局",
    "agriculture": "农业农村局",
    "natural_resources": "自然资源局",
    "water": "水务局",
    "emergency": "应急管理局",
    "transport": "交通运输局",
    "ecology": "生态环境局",
}
_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Place:
    """A division of the table; `path` is its name with those of all above it."""

    code: str
    name: str
    level: str
    parent: str
    path: str


def main() -> None:
    """Write the rulebook into the folder that the command line names."""
    write_china(Path(sys.argv[1]))


def write_china(folder: Path) -> Path:
    """Write the rulebook into a new folder and return it."""
    folder.mkdir(parents=True)
    places = places_of(DIVISIONS)
    organs = list(_organs(places))
    contents = {name: read_files(bundled("demo"))[name] for name in FROM_DEMO}
    contents |= {
        "rulebook.toml": _HEAD.encode(),
        "divisions.csv": _table(
            "divisions.csv", ((each.code, each.name, each.level, each.parent) for each in places)
        ),
        "organs.csv": _table("organs.csv", (organ.row for organ in organs)),
        "superiors.csv": _table("superiors.csv", _superiors(organs)),
        "officers.csv": _table("officers.csv", _officers(organs)),
        "matters.csv": _table("matters.csv", matter_rows()),
        "jurisdiction.csv": _table(
            "jurisdiction.csv", rule_rows([(each.code, each.level) for each in places])
        ),
        "calendar.csv": _table("calendar.csv", [("2026-10-10", "workday", "国庆节调休上班")]),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def places_of(file: Path) -> list[Place]:
    """Return the divisions, the largest first. Four stand on two levels, with themselves above."""
    rows = csv.DictReader(io.StringIO(lzma.decompress(file.read_bytes()).decode()))
    found: list[Place] = []
    paths: dict[str, str] = {}
    for row in rows:
        code, parent = row["code"], row["parent"]
        path = row["name"] if code == parent else paths.get(parent, "") + row["name"]
        paths.setdefault(code, path)
        found.append(Place(code, row["name"], row["level"], parent, path))
    return found


@dataclass(frozen=True, slots=True)
class _Organ:
    alias: str
    row: tuple[str, ...]
    above: tuple[tuple[str, str], ...]  # alias, line
    has_officers: bool


class _Register:
    """Gives organs their codes and keeps names apart."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._serial: dict[str, int] = {}

    def organ(
        self, place: Place, prefix: str, name: str, of: tuple[str, str], *above: tuple[str, str]
    ) -> _Organ:
        kind, sector = of
        name = name if name not in self._names else f"{name}（{place.code[:9]}）"
        self._names.add(name)
        alias = f"{prefix}-{place.code[:9]}"
        area = place.code[:6]
        self._serial[area] = serial = self._serial.get(area, 0) + 1
        row = (code_of(area, serial), alias, name, kind, sector, place.code)
        contact = ("法制科", f"0000-{serial:07d}", f"{place.name}示例路{serial}号")
        handles = kind in {"township", "department"}
        return _Organ(alias, (*row, *contact, SINCE, "", ""), above, handles)


def _organs(places: Sequence[Place]) -> Iterator[_Organ]:
    register = _Register()
    # A prefecture without counties stands in the table as its own county (东莞市, 中山市, 儋州市):
    # its departments are those that enforce, there are none of the city above them.
    counties = [place for place in places if place.level == "county"]
    direct = {county.code for county in counties if county.code == county.parent}
    for place in places:
        area, above = place.code[:6] + "000", place.parent[:9]
        match place.level:
            case "prefecture":
                name = f"{place.path}人民政府"
                yield register.organ(place, "city", name, ("city_government", ""))
                for sector in KINDS if place.code not in direct else ():
                    name = f"{place.path}{_KIND_NAMES[sector]}"
                    of = ("city_department", sector)
                    yield register.organ(place, _short(sector, "c"), name, of, _line("city", area))
            case "county":
                is_direct = place.code in direct
                to_city = _line("city", area if is_direct else above)
                own = f"{place.path}县级" if is_direct else place.path
                of = ("county_government", "")
                yield register.organ(place, "gov", f"{own}人民政府", of, to_city)
                to_gov = _line("gov", area)
                yield register.organ(place, "sfj", f"{own}司法局", ("supervisor", ""), to_gov)
                for sector in KINDS:
                    name, of = f"{own}{_KIND_NAMES[sector]}", ("department", sector)
                    lines = [to_gov]
                    if not is_direct:
                        lines.append((f"{_short(sector, 'c')}-{above}", "professional"))
                    yield register.organ(place, _short(sector, "d"), name, of, *lines)
            case "township":
                kind = "办事处" if place.name.endswith("街道") else "人民政府"
                of = ("township", "")
                yield register.organ(place, "t", f"{place.path}{kind}", of, _line("gov", area))
            case _:
                continue


def _line(prefix: str, area: str) -> tuple[str, str]:
    return f"{prefix}-{area}", "government"


def _short(sector: str, level: str) -> str:
    return f"{level}{KINDS.index(sector)}"


def _superiors(organs: Iterable[_Organ]) -> Iterator[tuple[str, ...]]:
    for organ in organs:
        for above, line in organ.above:
            yield organ.alias, above, line, SINCE, ""


def _officers(organs: Iterable[_Organ]) -> Iterator[tuple[str, ...]]:
    count = 0
    for organ in organs:
        if organ.has_officers:
            for name in ("王示范", "李示范"):
                count += 1
                yield organ.alias, name, f"00{count:08d}", "2029-12-31"


def code_of(area: str, serial: int, kind: str = "11") -> str:
    """Return a code that does not exist, with the check digits of GB 11714 and GB 32100."""
    body = f"YC{serial:06d}"
    total = sum(weight * _DIGITS.index(digit) for weight, digit in zip(_WEIGHTS, body, strict=True))
    check = "0123456789X0"[-total % 11]
    first = f"{kind}{area}{body}{check}"
    return first + str(uscc.calc_check_digit(first))


def _table(name: str, rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column for column in COLUMNS[name] if column not in LATER])
    writer.writerows(rows)
    return text.getvalue().encode()


if __name__ == "__main__":
    main()
