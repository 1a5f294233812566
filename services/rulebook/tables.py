"""Reading the plain files: CSV and TOML into typed cells, each fault with file, line and column.

CSV is UTF-8 with a header line; a line that starts with # is a remark; a record is one line. What
Excel adds (a byte order mark, CRLF, empty lines and columns) is read over. An unknown column or key
is an error: it is a word that somebody meant.
"""

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from schemas.errors import UserError
from schemas.ids import DivisionCode
from services.rulebook.layout import LATER

ROWS_MAX: Final = 1_000_000  # lines of one file; the whole country has about 45,000 divisions

_FIELD_PATH: Final = re.compile(r"[a-z][a-z0-9_]*(\[\])?(\.[a-z][a-z0-9_]*(\[\])?)*")
# What a spreadsheet makes of a date, and of a number of twelve digits or more.
_SAVED: Final = re.compile(r"([0-9]{4})[/年]([0-9]{1,2})[/月]([0-9]{1,2})日?( 0?0:00(:00)?)?")
_SERIAL: Final = re.compile(r"[2-7][0-9]{4}")  # days since 1900, of the years 1954 to 2119
_ROUNDED: Final = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+")
DIVISION_DIGITS: Final = 12  # GB/T 2260's six, three of the township, three zeros

_NONE: Final[Mapping[DivisionCode, DivisionCode]] = MappingProxyType({})

Kind = TypeVar("Kind", bound=StrEnum)
Value = TypeVar("Value")


def invalid(file: str, line: int | None, what: str, zh: str, en: str) -> UserError:
    """Return the error: file and line, column or key, what is wrong in both languages."""
    where = file if line is None else f"{file}:{line}"
    return UserError("rules.invalid", where=where, detail=f"{what}：{zh} | {what}: {en}")


class Unreadable(UserError):
    """The files hold what cannot be read. As one error it is the first of its faults."""

    def __init__(self, faults: Sequence[UserError]) -> None:
        super().__init__("rules.invalid", where=faults[0].where, detail=faults[0].detail)
        self.faults: Final = tuple(faults)


@dataclass(frozen=True, slots=True)
class Placed(Generic[Value]):
    """A value and where it stands."""

    value: Value
    file: str
    line: int

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a CSV file. Its readers raise UserError rules.invalid."""

    file: str
    line: int
    cells: dict[str, str]

    def required(self, column: str) -> str:
        """Return the cell, which must not be empty, nor a number that a spreadsheet has rounded."""
        text = self.cells[column]
        if not text:
            raise self.wrong(column, "不能为空", "must not be empty")
        if "E+" in text and _ROUNDED.fullmatch(text):
            zh = f"“{text}”是表格软件改写的数字，尾数已失；该列请先设为“文本”再填写"
            en = f"{text!r} was rounded by a spreadsheet: set the column to text, fill it anew"
            raise self.wrong(column, zh, en)
        return text

    def optional(self, column: str) -> str | None:
        """Return the cell, or None when it is empty."""
        return self.cells[column] or None

    def day(self, column: str) -> date:
        """Return a date, which must be given: YYYY-MM-DD, or as a spreadsheet saves it."""
        text = self.required(column)
        saved = _SAVED.fullmatch(text) if "/" in text or "年" in text else None
        try:
            return date(*map(int, saved.groups()[:3])) if saved else date.fromisoformat(text)
        except ValueError:
            if _SERIAL.fullmatch(text):
                zh = f"“{text}”是表格软件的日期序号；请把该列的格式设为 yyyy-mm-dd 后重新保存"
                en = f"{text!r} is a spreadsheet's number of a day: format it as yyyy-mm-dd"
                raise self.wrong(column, zh, en) from None
            wrong = self.wrong(column, f"“{text}”不是日期 YYYY-MM-DD", f"{text!r} is no YYYY-MM-DD")
            raise wrong from None

    def optional_day(self, column: str) -> date | None:
        """Return a date, or None when the cell is empty."""
        return self.day(column) if self.cells[column] else None

    def instant(self, column: str) -> datetime:
        """Return an instant with its offset (RFC 3339)."""
        text = self.required(column)
        wrong = self.wrong(column, f"“{text}”不是带时区的时间", f"{text!r} is no time with offset")
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise wrong from None
        if instant.tzinfo is None:
            raise wrong
        return instant

    def optional_instant(self, column: str) -> datetime | None:
        """Return an instant, or None when the cell is empty."""
        return self.instant(column) if self.cells[column] else None

    def choice(self, column: str, kinds: type[Kind]) -> Kind:
        """Return one of the words of a list."""
        text = self.required(column)
        try:
            return kinds(text)
        except ValueError:
            words = ", ".join(kinds)
            wrong = self.wrong(column, f"“{text}”应为其一：{words}", f"{text!r} is none of {words}")
            raise wrong from None

    def division(
        self, column: str, recoded: Mapping[DivisionCode, DivisionCode] = _NONE
    ) -> DivisionCode:
        """Return a division code: twelve digits. Of an old code, the one that stands for it now."""
        code = self.required(column)
        if not (len(code) == DIVISION_DIGITS and code.isascii() and code.isdigit()):
            zh, en = f"“{code}”应为12位行政区划代码", f"{code!r} is no division code of 12 digits"
            raise self.wrong(column, zh, en)
        return recoded.get(DivisionCode(code), DivisionCode(code))

    def field_path(self, column: str) -> str | None:
        """Return the path of a field, as contracts write it; None when the cell is empty."""
        path = self.optional(column)
        if path is not None and _FIELD_PATH.fullmatch(path) is None:
            zh, en = "应为字段路径，如 parties[].address", "is no path like parties[].address"
            raise self.wrong(column, zh, en)
        return path

    def flag(self, column: str) -> bool:
        """Return `yes` or `no`; empty is no."""
        text = self.cells[column] or "no"
        if text not in {"yes", "no"}:
            raise self.wrong(column, f"“{text}”应为 yes 或 no", f"{text!r} is neither yes nor no")
        return text == "yes"

    def wrong(self, column: str, zh: str, en: str) -> UserError:
        """Return the error for one of the row's columns."""
        return invalid(self.file, self.line, column, zh, en)


def rows(file: str, content: bytes, columns: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the records of a CSV file. Raises UserError rules.invalid."""
    lines = _text(file, content).splitlines()
    if len(lines) > ROWS_MAX:
        raise invalid(file, ROWS_MAX, "rows", "行数过多", f"more than {ROWS_MAX} lines")
    records = (
        (number, _cells(file, number, line))
        for number, line in enumerate(lines, start=1)
        if line.strip(" ,\t") and not line.lstrip('"').startswith("#")
    )
    head_line, head = next(records, (1, []))
    while head and not head[-1]:  # as wide as its widest line, a remark, a spreadsheet makes all
        head.pop()
    lacking = [name for name in columns if name in LATER and name not in head]
    if sorted([*head, *lacking]) != sorted(columns):
        wanted = ",".join(columns)
        raise invalid(file, head_line, "columns", f"表头应为 {wanted}", f"header must be {wanted}")
    found: list[Row] = []
    for number, cells in records:
        while len(cells) > len(head) and not cells[-1]:
            cells.pop()
        if len(cells) != len(head):
            zh, en = (
                f"应有{len(head)}列，实有{len(cells)}列",
                f"{len(cells)} cells, not {len(head)}",
            )
            raise invalid(file, number, "columns", zh, en)
        given = dict(zip(head, cells, strict=True))
        found.append(Row(file, number, {**dict.fromkeys(lacking, ""), **given}))
    return tuple(found)


def toml(file: str, content: bytes) -> dict[str, Any]:
    """Return a TOML file's tables. Raises UserError rules.invalid."""
    try:
        return tomllib.loads(_text(file, content))
    except tomllib.TOMLDecodeError as error:
        raise invalid(file, None, "TOML", "格式错误", str(error)) from None


def toml_lines(content: bytes, heading: str) -> tuple[int, ...]:
    """Return the lines on which `[[heading]]` stands: tomllib keeps no line numbers."""
    lines = content.decode("utf-8", "replace").splitlines()
    opening = f"[[{heading}]]"
    return tuple(n for n, line in enumerate(lines, start=1) if line.strip().startswith(opening))


def take(
    table: dict[str, Any], key: str, kind: type[Value], where: tuple[str, int | None]
) -> Value:
    """Remove and return a key's value of that type. Raises UserError rules.invalid."""
    value = table.pop(key, None)
    # bool is an int, and datetime a date, to Python; neither is meant here.
    if type(value) is not kind or value == "":
        raise invalid(*where, key, f"应填写（{kind.__name__}）", f"needs a {kind.__name__}")
    return value


def take_optional(
    table: dict[str, Any], key: str, kind: type[Value], where: tuple[str, int | None]
) -> Value | None:
    """Remove and return a key's value of that type, or None when the key is not there."""
    return take(table, key, kind, where) if key in table else None


def nothing_left(table: dict[str, Any], where: tuple[str, int | None]) -> None:
    """Refuse keys that nobody took."""
    for key in table:
        raise invalid(*where, key, "没有这一项", "there is no such key")


def _text(file: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        zh = "不是 UTF-8 编码（Excel 请另存为“CSV UTF-8”）"
        raise invalid(file, None, "encoding", zh, "is not UTF-8 (in Excel: CSV UTF-8)") from None


def _cells(file: str, number: int, line: str) -> list[str]:
    if '"' not in line:  # then a comma is a comma: most lines, and a country has 400,000
        return [cell.strip() for cell in line.split(",")]
    try:
        (cells,) = csv.reader([line], strict=True)
    except csv.Error as error:
        raise invalid(file, number, "CSV", "格式错误", str(error)) from None
    return [cell.strip() for cell in cells]
