"""What is wrong with a key of a configuration, in words: the library says it in English alone."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

_SECTION: Final = ("应为一节，形如 [名称] 之下的各行", "needs a section, lines below [name]")
_TEXT: Final = ("应为文本，写在引号内", "needs a text, in quotes")
_WHOLE: Final = ("应为整数", "needs a whole number")
_NUMBER: Final = ("应为数字", "needs a number")
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "extra_forbidden": ("没有这一项", "there is no such key"),
    "missing": ("缺少这一项", "it is missing"),
    "string_type": _TEXT,
    "path_type": _TEXT,
    "model_type": _SECTION,
    "dict_type": _SECTION,
    "bool_type": ("应为 true 或 false", "needs true or false"),
    "bool_parsing": ("应为 true 或 false", "needs true or false"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "greater_than": ("须大于 {gt}", "must be more than {gt}"),
    "greater_than_equal": ("不得小于 {ge}", "must be {ge} at least"),
    "less_than_equal": ("不得大于 {le}", "must be {le} at most"),
    "string_pattern_mismatch": ("写法须符合 {pattern}", "must be written as {pattern}"),
    "literal_error": ("须为 {expected}", "must be {expected}"),
}


def first_fault(error: ValidationError) -> tuple[tuple[str, ...], str]:
    """Return the first key at fault and why, without its value: it may hold a password."""
    first = error.errors(include_input=False, include_url=False)[0]
    key = tuple(map(str, first["loc"]))
    if first["type"] not in _WORDS:
        return key, first["msg"].removeprefix("Value error, ")  # of a check of ours
    return key, " | ".join(_WORDS[first["type"]]).format_map(first.get("ctx", {}))
