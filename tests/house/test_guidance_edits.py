"""How a rule is taken out of a file: that rule, and nothing else."""

import json
from collections.abc import Callable

import pytest

from tests.law import edits
from tests.law.edits import NothingToTake

CHECK = """
def check(x):
    if x < 2:
        return Refusal("a.few", where="x")
    if x > 9:
        return Refusal("a.many", where="x")
    found = ("a.few", "y") if x == 7 else None
    return found or (None if x != 8 else Refusal("a.few"))
"""


def _refuse(source: str, x: int) -> object:
    names: dict[str, Callable[..., object]] = {"Refusal": lambda code, **_: code}
    exec(source, names)  # noqa: S102 - the module under test is this text
    return names["check"](x)


def test_a_refusal_is_taken_out_wherever_it_is_given_and_the_next_one_stays() -> None:
    without = edits.without_refusal(CHECK, "a.few")
    assert [_refuse(CHECK, x) for x in (1, 7, 8, 10)] == [
        "a.few",
        ("a.few", "y"),
        "a.few",
        "a.many",
    ]
    assert [_refuse(without, x) for x in (1, 7, 8, 10)] == [None, None, None, "a.many"]


def test_a_function_does_nothing_any_more() -> None:
    assert _refuse(edits.without_function(CHECK, "check"), 10) is None


def test_a_rung_leaves_every_list_of_them() -> None:
    source = "RUNGS = ((Rung.RED, 1), (Rung.YELLOW, 2))\n"
    assert edits.without_rung(source, "RED") == "RUNGS = ((Rung.YELLOW, 2),)\n"


def test_a_member_leaves_its_enum_and_who_named_it_gets_unknown() -> None:
    source = 'class Kind(E):\n    A = "a"\n    B = "b"\nBOTH = (Kind.A, Kind.B)\n'
    without = edits.without_member(source, "Kind", "a")
    assert without == "class Kind(E):\n    B = 'b'\nBOTH = (Kind.UNKNOWN, Kind.B)\n"


def test_a_schema_asks_for_one_thing_less() -> None:
    field = {"name": "reason", "intake": "required"}
    schema = json.dumps({"requires": ["envelope.officers"], "fields": [field]})
    assert json.loads(edits.without_need(schema, "envelope.officers"))["requires"] == []
    assert json.loads(edits.without_need(schema, "reason"))["fields"] == [{"name": "reason"}]
    kinds = json.dumps({"symbols": ["a", "b"], "symbol_docs": {"a": "甲"}})
    assert json.loads(edits.without_symbol(kinds, "a")) == {"symbols": ["b"], "symbol_docs": {}}


TABLE = "# head\nAU-01,x\nAU-011,y\n"
DUTIES = """# head
[[duty]] # 1
kind = "sign_for"
roll = true
[[duty]] # 2
kind = "sign_for"
record = "Copy"
"""


def test_a_row_leaves_a_table() -> None:
    assert edits.without_line(TABLE, "AU-01,") == "# head\nAU-011,y\n"
    assert "record" not in edits.without_duty_rule(DUTIES, "sign_for", "Copy")
    assert "# 1" in edits.without_duty_rule(DUTIES, "sign_for", "Copy")
    assert edits.without_duty_rule(DUTIES, "sign_for", None) == "# head\n"
    assert edits.without_setting(DUTIES, "sign_for", "roll").count("roll") == 0
    several = '[[duty]]\nkind = "a"\nextensions = [\n    { length = "1 day" },\n]\nroll = true\n'
    without = edits.without_setting(several, "a", "extensions")
    assert without == '[[duty]]\nkind = "a"\nroll = true\n'


@pytest.mark.parametrize(
    "edit",
    [
        lambda: edits.without_refusal(CHECK, "a.none"),
        lambda: edits.without_function(CHECK, "uncheck"),
        lambda: edits.without_rung("RUNGS = ()", "RED"),
        lambda: edits.without_member("class Kind(E):\n    A = 'a'\n", "Kind", "b"),
        lambda: edits.without_symbol('{"symbols": []}', "a"),
        lambda: edits.without_need('{"fields": [{"name": "reason"}]}', "reason"),
        lambda: edits.without_line(TABLE, "AU-02,"),
        lambda: edits.without_line(TABLE, "AU-0"),  # two rows
        lambda: edits.without_duty_rule(DUTIES, "handle", None),
        lambda: edits.without_setting(DUTIES, "sign_for", "length"),
    ],
)
def test_what_is_not_there_is_not_taken(edit: Callable[[], str]) -> None:
    with pytest.raises(NothingToTake):
        edit()
