"""The mutants of the demo rulebook: its duties and ladders, and who may see what."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from tests.mutation.mutant import Change, Group, Mutant, Names
from tests.mutation.served import REPO

DUTIES: Final = "deploy/rulebooks/demo/duties.toml"
CLEARANCES: Final = "deploy/rulebooks/demo/clearances.csv"
_FIRST: Final = ("tests/unit/services/rulebook/test_demo.py",)
_SEES: Final = ("tests/unit/services/confidentiality/test_clearances_hold.py", *_FIRST)
_OTHERWISE: Final = {"keep": "withhold", "withhold": "keep", "mask": "keep", "generalise": "keep"}
_RULE: Final = "[[duty]]"
_LENGTH: Final = re.compile(r'"(\d+) (working|calendar) days?"|"(\d+) (hour|minute)s?"')
_KEY: Final = re.compile(r"^(\w+) = ([^#\n]*[^#\s])", re.MULTILINE)  # without the comment
_WAITS: Final = ("custody_wait", "waived_if_in_force_under")
# Their last day is the message's, or the year's: of the length its unit alone is looked at (by the
# ladder), and they never roll.
_DAY_GIVEN: Final = frozenset({"assist", "answer_supervision", "yearly_guidance"})
# What runs by the clock, day and night, asks for no hour of the day.
_NOT_AT_ONCE: Final = frozenset({"hour", "reminder_lead_hours"})
_WAIVED: Final = "waived_if_contact_unknown"


def clearance_mutants() -> list[Mutant]:
    """Return every row of clearances.csv taken out, and treating the field otherwise."""
    text = (REPO / CLEARANCES).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines(keepends=True) if line[0] != "#"][1:]
    return [_clearance(text, line, now) for line in lines for now in ("", _other_treatment(line))]


def _other_treatment(line: str) -> str:
    relation, field_class, path, treatment, rest = line.split(",", 4)
    return ",".join((relation, field_class, path, _OTHERWISE[treatment], rest))


def _clearance(text: str, line: str, now: str) -> Mutant:
    relation, field_class, path, treatment, _ = line.split(",", 4)
    return Mutant(
        Group.CLEARANCES,
        CLEARANCES,
        " ".join(filter(None, (relation, field_class, path))),
        treatment,
        now.split(",")[3] if now else "",
        _other_file("clearances.csv", text.replace(line, now, 1)),
        (("clearance", relation, field_class, path or None),),
        _SEES,
    )


def duty_mutants() -> list[Mutant]:
    """Return every rule of duties.toml taken out or altered, every value of a ladder moved."""
    text = (REPO / DUTIES).read_text(encoding="utf-8")
    head, *rules = text.split(_RULE)
    found: list[Mutant] = []
    for number, rule in enumerate(rules):
        others = (rules[:number], rules[number + 1 :])
        for was, now, other in _otherwise(rule):
            whole = [*others[0], *([other] if other is not None else []), *others[1]]
            found.append(_duty(rule, was, now, head + "".join(_RULE + each for each in whole)))
    return found + list(_ladders(head, text))


def _otherwise(rule: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield what of a rule is not as it was, how it is then, and the rule as it is then."""
    yield "the rule", "", None
    values = dict(_KEY.findall(rule))
    for key in ("length", *_WAITS):
        if key in values:
            given = key == "length" and values["kind"].strip('"') in _DAY_GIVEN
            longer = '"4 hours"' if given else _one_more(values[key])
            yield f"{key} = {values[key]}", longer, _put(rule, key, longer)
    other = '"demo"' if values["ladder"] == '"standard"' else '"standard"'
    yield f"ladder = {values['ladder']}", other, _put(rule, "ladder", other)
    if _WAIVED in values:
        yield f"{_WAIVED} = true", "false", _put(rule, _WAIVED, "false")
    if "roll" in values and values["kind"].strip('"') not in _DAY_GIVEN:
        rolls = "false" if values["roll"] == "true" else "true"
        yield f"roll = {values['roll']}", rolls, _put(rule, "roll", rolls)
    for key in _WAITS:
        if key in values:
            yield key, "", re.sub(rf"^{key} = .*\n", "", rule, flags=re.MULTILINE)
    for reason in re.findall(r'"(\w+)"', values.get("suspend_for", "")):
        fewer = re.sub(rf'"{reason}"(, )?', "", values["suspend_for"])
        yield f"suspend_for {reason}", "", _put(rule, "suspend_for", fewer)
    for extension in re.findall(r"\{ length = .* \}", rule):
        yield extension, "", rule.replace(extension, "").replace("    ,\n", "")
        length = _LENGTH.search(extension)
        assert length is not None
        more = extension.replace(length[0], _one_more(length[0]))
        yield extension, more, rule.replace(extension, more, 1)


def _duty(rule: str, was: str, now: str, text: str) -> Mutant:
    values = {key: value.strip('"') for key, value in _KEY.findall(rule)}
    selectors = tuple(values.get(key) for key in ("sector", "record", "author"))
    return Mutant(
        Group.DUTIES,
        DUTIES,
        " ".join(filter(None, (values["kind"], *selectors))),
        was,
        now,
        _other_file("duties.toml", text),
        (("duty", values["kind"], *selectors),),
        _FIRST,
    )


def _ladders(head: str, text: str) -> Iterator[Mutant]:
    for block in head.split("[ladder.")[1:]:
        name = block.split("]")[0]
        for key, value in _KEY.findall(block):
            if key in _NOT_AT_ONCE and "at_once" in block:
                continue
            now = _moved(value)
            other = _put(block, key, now)
            yield Mutant(
                Group.DUTIES,
                DUTIES,
                f"ladder {name}",
                f"{key} = {value}",
                now,
                _other_file("duties.toml", text.replace(block, other, 1)),
                (("file", "services/rulebook/calendar.py"),),
                (*_FIRST, "tests/unit/services/rulebook/test_ladder.py"),
            )


def _moved(value: str) -> str:
    if value == "09:00:00":
        return "10:00:00"
    if value in {'"working"', '"at_once"'}:
        return '"any"' if value == '"working"' else '"working"'
    return _one_more(value)


def _one_more(length: str) -> str:
    """Return a length that is longer by one of its units."""
    number, unit = length.strip('"').split(" ", 1)
    return f'"{int(number) + 1} {unit if unit.endswith("s") else unit + "s"}"'


def _put(rule: str, key: str, value: str) -> str:
    return re.sub(
        rf"^{key} = [^#\n]*", lambda _: f"{key} = {value} ", rule, count=1, flags=re.MULTILINE
    )


def _other_file(name: str, text: str) -> Change:
    return Change("services.rulebook.load", patch=partial(_reading, name, text.encode()))


def _reading(name: str, content: bytes, names: Names) -> None:
    read: Any = names["read_files"]

    def read_files(folder: Any) -> dict[str, bytes]:
        files: dict[str, bytes] = read(folder)
        is_demo = folder == names["bundled"]("demo")
        return files | ({name: content} if is_demo else {})

    names["read_files"] = read_files
