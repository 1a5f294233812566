"""What can carry a sentence: each kind says its words, and how it is taken out of the product.

A carrier is named by its kind and name, as in `duty negotiate`, and is looked up in the code: a
name that is not there raises NothingToTake. What carries a sentence is what is taken away.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from schemas.errors import texts
from schemas.ids import OrganCode
from schemas.load import avro_sources
from schemas.topics import RECORDS
from services.casework.diagram import LIVES, STATES, STEPS
from services.casework.spans import DUTIES
from services.casework.transitions import TRANSITIONS
from services.cli.words import DUTIES as DUTY_WORDS
from services.cli.words import RUNGS
from tests.history import demo
from tests.house.tree import REPO
from tests.law import edits
from tests.law.edits import NothingToTake
from tests.law.wording import AUDIENCES, FUNCTIONS, SETTINGS

Edited = Mapping[str, str]  # path → its text without the rule

_RULEBOOK: Final = "deploy/rulebooks/demo"
_LIFE: Final = "services/casework"
_PURE: Final = ("schemas", "services/casework", "services/rulebook")


@dataclass(frozen=True, slots=True)
class Carrier:
    """What carries a sentence, in Chinese, and what the bus does without it."""

    what: str
    lost: str
    without: Edited


def carrier(text: str) -> Carrier:
    """Return the carrier of `<kind> <name>`. Raises NothingToTake when the code has no such."""
    kind, _, name = text.partition(" ")
    look = _KINDS.get(kind)
    if look is None:
        raise NothingToTake(text)
    try:
        return look(*name.split())
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise NothingToTake(text) from error


def _refusal(code: str) -> Carrier:
    """Every place that refuses with the code."""
    without = {}
    for path in _naming(code):
        try:
            without[path] = edits.without_refusal(_read(path), code)
        except NothingToTake:
            continue  # it only names the code, in a table or a text
    if not without:
        raise NothingToTake(code)
    words = texts()[code].zh.rstrip("。")
    return Carrier(f"退回 `{code}`：{words}。", f"不再因“{words}”退回，照常处理。", without)


def _record(name: str) -> Carrier:
    """What opens a case, or follows in one, by this record."""
    zh, acts = RECORDS[name].zh, f"{_LIFE}/acts.py"
    source = _read(acts)
    if f"\n    {name}: " not in source:
        raise NothingToTake(name)
    gone = (
        "\nfor _acts in (OPENING, FOLLOWING):\n"
        f"    for _cls in [each for each in _acts if each.__name__ == {name!r}]:\n"
        "        del _acts[_cls]  # type: ignore[attr-defined]\n"
    )
    lost = f"“{zh}”无人受理，一律退回（`record.not_supported_yet`）。"
    return Carrier(f"记录 `{name}` {zh}。", lost, {acts: source + gone})


def _step(life: str, state: str, step: str) -> Carrier:
    """One cell of the table of steps."""
    cells = {
        (str(at_life), str(at), str(by)): (LIVES[at_life], STATES[at], STEPS[by], STATES[to])
        for at_life, rows in TRANSITIONS.items()
        for at, row in rows.items()
        for by, to in row.items()
    }
    of, at, by, to = cells[life, state, step]
    path = f"{_LIFE}/transitions.py"
    gone = (
        "\nTRANSITIONS = {\n"
        "    life: {\n"
        "        at: {by: to for by, to in row.items()"
        f" if (life, at, by) != ({life!r}, {state!r}, {step!r})}}\n"
        "        for at, row in rows.items()\n"
        "    }\n"
        "    for life, rows in TRANSITIONS.items()\n"
        "}\n"
    )
    what = f"步骤 `{state}` → `{step}`（{of.split(' | ')[0]}）：{at}，{by}，之后{to}。"
    lost = f"{at}时不能再“{by}”，一律退回（`step.not_allowed`）。"
    return Carrier(what, lost, {path: _read(path) + gone})


def _duty(kind: str) -> Carrier:
    """A row of the table of duties: nothing opens it any more."""
    span, name = DUTIES[kind], DUTY_WORDS[kind][0]
    by = "".join(f"“{STEPS[step]}”" for step in sorted(span.opened_by))
    gone = f"{{k: replace(s, opened_by=frozenset()) if k == {kind!r} else s"
    lost = f"不再产生“{name}”职责：没有期限，也没有提醒和黄牌、红牌。"
    return Carrier(f"职责 `{kind}` {name}：由{by}产生。", lost, _spans(gone))


def _closing(kind: str, step: str) -> Carrier:
    """A cell of that table: the step no longer ends the duty."""
    found = {str(by): STEPS[by] for by in DUTIES[kind].closed_by}
    name, by = DUTY_WORDS[kind][0], found[step]
    kept = f"{{t: c for t, c in s.closed_by.items() if t != {step!r}}}"
    gone = f"{{k: replace(s, closed_by={kept}) if k == {kind!r} else s"
    lost = f"“{by}”以后“{name}”职责仍不终结，到期仍发黄牌。"
    return Carrier(f"职责 `{kind}` {name}：由{by}终结。", lost, _spans(gone))


def _spans(changed: str) -> Edited:
    path = f"{_LIFE}/spans.py"
    return {path: f"{_read(path)}\nDUTIES = {changed} for k, s in DUTIES.items()}}\n"}


def _field(name: str) -> Carrier:
    """A field that a message cannot do without."""
    of, _, field = name.partition(".")
    source = _avsc(of)
    doc = _zh(avro_sources()[f"yichuan.{of}"]["doc"]).split("（")[0].split("：")[0]
    words = _words_of(of, field)
    without = {source: edits.without_need(_read(source), field)}
    what = f"必填字段 `{name}` {words}。"
    return Carrier(what, f"{doc}缺少“{words}”的不再退回。", without)


def _words_of(of: str, field: str) -> str:
    *inner, last = field.split(".")
    holder = "Envelope" if inner == ["envelope"] else of
    fields = {each["name"]: each for each in avro_sources()[f"yichuan.{holder}"]["fields"]}
    return _zh(fields[last]["doc"]).split("；")[0]


def _symbol(name: str) -> Carrier:
    """One entry of a closed list."""
    enum, _, symbol = name.partition(".")
    path = _avsc(enum)
    words = _zh(_symbols(enum)[symbol])
    member = f"{enum}.{symbol.upper()}"
    without = {path: edits.without_symbol(_read(path), symbol)}
    for module in _naming(member) | _naming(f"class {enum}"):
        source = _read(module)
        if f"class {enum}(" in source:
            without[module] = edits.without_member(source, enum, symbol)
        else:
            without[module] = edits.forgetting(source, enum, symbol.upper())
    what = f"取值 `{name}` {words}。"
    return Carrier(what, f"没有“{words}”这一项，写它的消息一律退回。", without)


def _symbols(enum: str) -> dict[str, str]:
    docs: dict[str, str] = avro_sources()[f"yichuan.{enum}"]["symbol_docs"]
    return docs


def _audience(rule: str) -> Carrier:
    """A row of audiences.csv."""
    found = {str(each.id): each for each in demo().audiences}[rule]
    path = f"{_RULEBOOK}/audiences.csv"
    kind, _, which = found.audience.partition(":")
    organs = demo().directory.organs
    name = organs[OrganCode(which)].name if kind == "organ" else f"`{which}`"
    whom = AUDIENCES[kind] + (name if which else "")
    category = _zh(_symbols("ContentCategory")[found.category])
    what = f"抄送范围 `{rule}`（`audiences.csv`）：{category}，送{whom}。"
    lost = "发送机关没有写明的，该类信息不再送到这些机关。"
    return Carrier(what, lost, {path: edits.without_line(_read(path), f"{rule},")})


def _length(kind: str, record: str | None = None) -> Carrier:
    """A rule of duties.toml."""
    rules = [each for each in demo().duties if (each.kind, each.record) == (kind, record)]
    path, name = f"{_RULEBOOK}/duties.toml", DUTY_WORDS[kind][0]
    basis = rules[0].basis if rules else ""
    without = {path: edits.without_duty_rule(_read(path), kind, record)}
    of = f"（`{record}`）" if record else ""
    lost = "该职责没有自己的期限和依据，不能按期到期。"
    return Carrier(f"期限 `{kind}`{of} {name}（`duties.toml`）：{basis}。", lost, without)


def _setting(kind: str, key: str) -> Carrier:
    """A key of the rules of duties.toml."""
    path, name = f"{_RULEBOOK}/duties.toml", DUTY_WORDS[kind][0]
    words, lost = SETTINGS[key]
    without = {path: edits.without_setting(_read(path), kind, key)}
    return Carrier(f"规则 `{kind}` {name}的 `{key}`（`duties.toml`）：{words}。", lost, without)


def _rung(rung: str) -> Carrier:
    """A rung of every ladder."""
    path, name = "services/rulebook/calendar.py", RUNGS[rung][0]
    without = {path: edits.without_rung(_read(path), rung.upper())}
    return Carrier(f"催办阶梯 `{rung}` {name}。", f"逾期不再有{name}。", without)


def _function(name: str) -> Carrier:
    """A rule that is no row of a table: its function."""
    module, _, function = name.partition(":")
    words, lost = FUNCTIONS[name]
    path = f"{module.replace('.', '/')}.py"
    return Carrier(
        f"规则 `{name}`：{words}。", lost, {path: edits.without_function(_read(path), function)}
    )


_KINDS: Final[Mapping[str, Callable[..., Carrier]]] = {
    "refusal": _refusal,
    "record": _record,
    "step": _step,
    "duty": _duty,
    "closing": _closing,
    "field": _field,
    "symbol": _symbol,
    "audience": _audience,
    "length": _length,
    "setting": _setting,
    "rung": _rung,
    "function": _function,
}


def _avsc(name: str) -> str:
    paths = (f"schemas/avro/{name}.avsc", f"schemas/avro/shared/{name}.avsc")
    return next(path for path in paths if (REPO / path).is_file())


def _zh(doc: str) -> str:
    return doc.partition(" | ")[0]


def _naming(words: str) -> set[str]:
    """Return the pure modules that hold these words."""
    whole = re.compile(re.escape(words) + r"(?!\w)")
    return {path for path, source in _modules().items() if whole.search(source)}


@cache
def _modules() -> dict[str, str]:
    found = (path for folder in _PURE for path in sorted((REPO / folder).glob("*.py")))
    return {str(path.relative_to(REPO)): path.read_text(encoding="utf-8") for path in found}


@cache
def _read(path: str) -> str:
    return Path(REPO / path).read_text(encoding="utf-8")
