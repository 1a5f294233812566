"""YAML as scenarios need it: safe, bounded, no key twice, and no value guessed.

A plain scalar is null, true, false, a whole number or its own text. What YAML 1.1 would guess
besides (dates, floats, `on` and `no` for booleans, 0858 for an octal) stays text: a date is read by
the record's schema, an amount stays exact, and a key may be called `on`.
"""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from schemas.errors import UserError

SCENARIO_MAX_BYTES: Final = 2_000_000
NODES_MAX: Final = 200_000  # values, counted as often as an alias repeats them
_RESOLVED: Final = {
    "tag:yaml.org,2002:null": (re.compile(r"(?:null|~)?\Z", re.ASCII), "n~"),
    "tag:yaml.org,2002:bool": (re.compile(r"(?:true|false)\Z", re.ASCII), "tf"),
    "tag:yaml.org,2002:int": (re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z", re.ASCII), "-0123456789"),
    "tag:yaml.org,2002:merge": (re.compile(r"<<\Z", re.ASCII), "<"),
}


class _Loader(yaml.SafeLoader):
    """The safe loader with resolvers of our own."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - yaml's own name

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is there twice: the second would silently win."""
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(problem=f"{twice}: twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


for _tag, (_pattern, _first) in _RESOLVED.items():
    _Loader.add_implicit_resolver(_tag, _pattern, list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"\Z"), [""])


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - any plain values
    """Return what the file holds as plain values.

    Raises UserError scenario.not_found, scenario.too_large, scenario.not_yaml with line and column.
    """
    if not path.is_file():
        raise UserError("scenario.not_found", where=str(path), exit_code=3)
    if path.stat().st_size > SCENARIO_MAX_BYTES:
        raise UserError("scenario.too_large", where=str(path), detail=f"> {SCENARIO_MAX_BYTES} B")
    try:
        found = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 - a SafeLoader
        _count(found, [0])
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise UserError("scenario.not_yaml", f"{path.name}{place}", error.problem) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError("scenario.not_yaml", path.name, type(error).__name__) from None
    return found


def _count(value: object, seen: list[int]) -> None:
    seen[0] += 1
    if seen[0] > NODES_MAX:
        raise UserError("scenario.too_large", detail=f"> {NODES_MAX} values")
    match value:
        case dict():
            for each in value.values():
                _count(each, seen)
        case list():
            for each in value:
                _count(each, seen)
