"""no_sharing.toml: the words of a mark, and what is barred from sharing. Pure: bytes in, list out.

The exchange reads it with the rulebook, a connector from the rulebook's copy beside it: so it is
read here, where both may look.
"""

import tomllib
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from schemas.errors import UserError
from schemas.secrecy import LEVELS, Barred, Marks, NoSharing
from schemas.sharing import ContentCategory
from schemas.topics import BY_SNAKE

FILE: Final = "no_sharing.toml"
_HEADING: Final = "[[barred]]"

# Chinese characters, letters and digits: what folding leaves alone (schemas/secrecy_text.py).
_Word = Annotated[str, StringConstraints(pattern=r"^[\u4e00-\u9fffA-Za-z0-9]{2,40}$")]
_Ending = Annotated[str, StringConstraints(pattern=r"^[\u4e00-\u9fff]{1,10}$")]
_Pair = Annotated[str, StringConstraints(pattern=r"^[^\w\s]{2}$")]
_Stars = Annotated[str, StringConstraints(pattern=r"^[^\w\s]{1,20}$")]
_Character = Annotated[str, StringConstraints(pattern=r"^.$")]
_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Marks(_Table):
    words: tuple[_Word, ...]
    suffixes: tuple[_Ending, ...]
    labels: tuple[_Word, ...]
    brackets: tuple[_Pair, ...]
    stars: _Stars
    harmless: tuple[_Word, ...]
    variants: dict[_Character, _Character]


class _Barred(_Table):
    id: _Id
    what: _Text
    basis: _Text
    keywords: tuple[_Word, ...] = ()
    categories: tuple[ContentCategory, ...] = ()
    records: tuple[str, ...] = ()


class _File(_Table):
    marks: _Marks
    barred: tuple[_Barred, ...] = ()


def read_no_sharing(content: bytes) -> NoSharing:
    """Return the list. Raises UserError rules.invalid with the file, the key and what is wrong."""
    try:
        text = content.decode("utf-8-sig")
        file = _File.model_validate(tomllib.loads(text))
    except UnicodeDecodeError:
        raise _invalid("encoding", "不是 UTF-8 编码", "is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _invalid("TOML", "格式错误", str(error)) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise _invalid(key, "内容不符合要求", first["msg"]) from None
    for what, zh, en in _faults(file):
        raise _invalid(what, zh, en)
    marks = file.marks.model_dump()
    lines = _lines(text)
    if len(lines) != len(file.barred):
        raise _invalid("barred", "每项须以 [[barred]] 一行开头", "begin each entry with [[barred]]")
    return NoSharing(
        Marks(**{**marks, "variants": tuple(file.marks.variants.items())}),
        tuple(
            Barred(
                entry.id,
                entry.what,
                entry.basis,
                entry.keywords,
                tuple(category.value for category in entry.categories),
                entry.records,
                line,
            )
            for entry, line in zip(file.barred, lines, strict=True)
        ),
    )


def _faults(file: _File) -> Iterator[tuple[str, str, str]]:
    missing = [word for word in LEVELS if word not in file.marks.words]
    if missing:
        words = "、".join(missing)
        yield "marks.words", f"不得缺少 {words}", f"leaves out {words}"
    for again in _twice(entry.id for entry in file.barred):
        yield f"barred {again}", "重复", "appears twice"
    for entry in file.barred:
        where = f"barred {entry.id}"
        if not entry.keywords and not entry.categories:
            yield where, "须写明 keywords 或 categories", "names neither keywords nor categories"
        for record in entry.records:
            if record not in BY_SNAKE:
                yield where, f"没有消息类型 {record}", f"there is no record {record}"


def _twice(ids: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            yield each
        seen.add(each)


def _lines(text: str) -> list[int]:
    """Return the lines on which entries start: tomllib keeps no line numbers."""
    lines = enumerate(text.splitlines(), start=1)
    return [number for number, line in lines if line.strip().startswith(_HEADING)]


def _invalid(what: str, zh: str, en: str) -> UserError:
    return UserError("rules.invalid", where=FILE, detail=f"{what}：{zh} | {what}: {en}")
