"""What `rules show` prints of a part for people: what they ask for, in a terminal of 100 columns.

--json has all of it. A column in which no row has anything is left out.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from services.cli.output import in_language


class Part(StrEnum):
    """What `rules show` can print."""

    ORGANS = "organs"
    DIVISIONS = "divisions"
    MATTERS = "matters"
    JURISDICTION = "jurisdiction"
    DUTIES = "duties"
    CLEARANCES = "clearances"
    CALENDAR = "calendar"


class Column(NamedTuple):
    """What a column has of each object: one key, or several beside each other."""

    zh: str
    en: str
    keys: tuple[str, ...]
    is_whole: bool = False  # its cells are read out or typed again: never folded


_FROM: Final = Column("起", "from", ("valid_from",), is_whole=True)
_TO: Final = Column("止", "to", ("valid_to",), is_whole=True)
_BASIS: Final = Column("依据", "basis", ("basis",))
_NAME: Final = Column("名称", "name", ("name",))

COLUMNS: Final[Mapping[Part, Sequence[Column]]] = {
    Part.ORGANS: (
        Column("代码", "code", ("code",), is_whole=True),
        Column("简称", "alias", ("alias",), is_whole=True),
        _NAME,
        Column("电话", "phone", ("phone",), is_whole=True),
        Column("执法人员", "officers", ("officers",)),
        _TO,
        Column("承继", "successor", ("successor",)),
    ),
    Part.DIVISIONS: (
        Column("代码", "code", ("code",), is_whole=True),
        _NAME,
        Column("级别", "level", ("level",)),
        Column("上级", "parent", ("parent",), is_whole=True),
        Column("改为", "recoded to", ("recoded_to",), is_whole=True),
    ),
    Part.MATTERS: (
        Column("代码", "code", ("code",), is_whole=True),
        _NAME,
        Column("类别", "group", ("group",)),
    ),
    Part.JURISDICTION: (
        Column("规则", "rule", ("id",), is_whole=True),
        Column("事项", "matter", ("matter", "group"), is_whole=True),
        Column("区划", "area", ("area",), is_whole=True),
        Column("有管辖权的", "competent", ("competent",)),
        Column("方式", "mode", ("mode",)),
        _BASIS,
        _FROM,
        _TO,
    ),
    Part.DUTIES: (
        Column("期限", "duty", ("kind",), is_whole=True),
        Column("时长", "length", ("length",), is_whole=True),
        Column("限于", "only of", ("sector", "record", "author")),
        Column("提醒", "ladder", ("ladder",)),
        _BASIS,
        _FROM,
        _TO,
    ),
    Part.CLEARANCES: (
        Column("关系", "relation", ("relation",), is_whole=True),
        Column("密级", "class", ("field_class",)),
        Column("字段", "path", ("path",)),
        Column("处理", "treatment", ("treatment",)),
        _BASIS,
    ),
    Part.CALENDAR: (
        Column("日期", "date", ("date",), is_whole=True),
        Column("种类", "kind", ("kind",)),
        Column("已知至", "known until", ("known_until",)),
    ),
}


def drawn_of(
    part: Part, objects: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[list[str]], frozenset[str]]:
    """Return heads, rows, and which of the heads are of columns that are never folded."""
    columns = COLUMNS[part]
    cells = [[_cells(each, column.keys) for column in columns] for each in objects]
    used = [index for index in range(len(columns)) if any(row[index] for row in cells)]
    heads = [in_language(columns[index].zh, columns[index].en) for index in used]
    whole = frozenset(
        head for head, index in zip(heads, used, strict=True) if columns[index].is_whole
    )
    return heads, [[row[index] for index in used] for row in cells], whole


def _cells(each: Mapping[str, Any], keys: Sequence[str]) -> str:
    return " ".join(text for key in keys if (text := _cell(each[key])))


def _cell(value: object) -> str:
    """Return a value as a table shows it: nothing for None, names of nested things."""
    match value:
        case None:
            return ""
        case {"name": str(name)}:
            return name
        case list():
            return ", ".join(_cell(each) for each in value)
        case _:
            return str(value)
