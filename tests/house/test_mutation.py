"""The harness of `make mutate`: kills what a test notices, reports what none does, no trace."""

import ast
import json
import signal
import subprocess
import sys

import pytest

from tests.house.tree import REPO
from tests.mutation import code, rulebook_rows, survivors
from tests.mutation.child import fate_of
from tests.mutation.killers import may_kill
from tests.mutation.mutant import ALIVE, Change, Fate, Group, Mutant
from tests.mutation.reach import Reach, _merged
from tests.mutation.sites import changed, sites

MODULE = '''"""About."""

LIMIT: Final[int] = 3


def f(a: int, b: int) -> tuple[int, ...]:
    """Say."""
    if not a:
        return ()
    if a < b and g(a, b):
        raise ValueError
    x = replace(a, one=1)
    assert_never(x)
    return (a + b, b)
'''
# A process that has imported no product code: as `make mutate` has it, with two files of tests.
JUDGE = """
import json
from tests.mutation.child import warm
from tests.mutation.code import mutants_of
from tests.mutation.mutant import Change, Group, Mutant
from tests.mutation.reach import Reach
from tests.mutation.run import _from_scratch, judge

warm()
FILE = "services/rulebook/duties.py"
TESTS = "tests/unit/services/rulebook/test_duties.py"
TEST = f"{TESTS}::test_the_most_specific_rule_of_the_day_wins[the general rule]"
reached = Reach([TEST], [0.1], of={"it": frozenset({0})})
source = open(FILE, encoding="utf-8").read()

def mutant(was, now):
    assert was in source
    import ast
    change = Change("services.rulebook.duties", tree=lambda: ast.parse(source.replace(was, now)))
    return Mutant(Group.CODE, FILE, "duty_rule", was, now, change, ("it",))

planted = [
    mutant("rule.kind == kind", "rule.kind != kind"),
    mutant("New lengths apply", "New lengths do not apply"),
    mutant("from datetime import date", "from datetime import no_such_name"),
    Mutant(Group.CODE, FILE, "duty_rule", "a", "b", Change("services.rulebook"), ("not it",)),
]
judged = judge(planted, reached, 1, _from_scratch)
print(json.dumps([[each.mutant.now, each.fate] for each in judged]))
"""
# The same for rows of tables, which are spoilt after the tests were collected.
STAND = """
import json
from functools import partial
from tests.mutation.child import ask, warm
from tests.mutation.mutant import Group
from tests.mutation.reach import Reach
from tests.mutation.run import _rows
from tests.mutation.rulebook_rows import duty_mutants
from tests.mutation.stand import on_a_stand
from tests.mutation.step_rows import span_mutants, step_mutants

warm()
FILE = "tests/unit/services/casework/test_spans.py"
TEST = f"{FILE}::test_each_duty_has_its_owner_its_last_day_and_its_card[decide_filing]"
every = [*ask(step_mutants), *ask(span_mutants), *duty_mutants()]
WANTED = (
    ("transfer issued sign", "received"), ("transfer filed supervise", "filed"),
    ("decide_filing", "opened by sign"), ("designate", "opened by request"),
    ("decide_filing", 'length = "7 working days"'), ("negotiate", "the rule"),
)
planted = [
    each for each in every
    if (each.within, each.was) in WANTED and (each.group is not Group.TRANSITIONS or not each.now)
]
keys = [key for each in planted for key in each.reached_by]
reached = Reach([TEST], [0.1], of=dict.fromkeys(keys, frozenset({0})))
judged = ask(partial(on_a_stand, partial(_rows, planted, reached, 1), [FILE]))
told = [[each.mutant.within, each.mutant.was, each.is_killed] for each in judged]
print("\\n" + json.dumps(told))
"""


def shown() -> list[tuple[str, str]]:
    return [(site.was, changed(MODULE, site)[1]) for site in sites(MODULE)]


def test_every_kind_of_change_is_made_once() -> None:
    assert shown() == [
        ("3", "4"),
        ("if not a: return ()", "pass"),
        ("not a", "a"),
        ("return ()", "return None"),
        ("if a < b and g(a, b): raise ValueError", "pass"),
        ("a < b and g(a, b)", "a < b or g(a, b)"),
        ("a < b and g(a, b)", "g(a, b)"),
        ("a < b and g(a, b)", "a < b"),
        ("a < b", "a <= b"),
        ("g(a, b)", "g(b, a)"),
        ("raise ValueError", "pass"),
        ("replace(a, one=1)", "replace(a)"),
        ("1", "2"),
        ("return (a + b, b)", "return None"),
        ("return (a + b, b)", "return (b,)"),
        ("return (a + b, b)", "return (a + b,)"),
        ("a + b", "a - b"),
    ]


def test_every_change_of_the_pure_parts_is_a_module_that_compiles() -> None:
    for file in ("services/casework/custody.py", "services/rulebook/duties.py"):
        source = (REPO / file).read_text(encoding="utf-8")
        for site in sites(source):
            compile(changed(source, site)[0], file, "exec")


def test_the_seed_chooses_and_the_same_seed_chooses_the_same() -> None:
    first, of = code.code_mutants(seed=1, number=5)
    again, _ = code.code_mutants(seed=1, number=5)
    other, _ = code.code_mutants(seed=2, number=5)
    assert [str(each) for each in first] == [str(each) for each in again]
    assert [str(each) for each in first] != [str(each) for each in other]
    assert of > code.NUMBER


def test_a_planted_survivor_is_reported_a_killed_one_too_and_the_tree_stays_as_it_is() -> None:
    file = REPO / "services/rulebook/duties.py"
    before = file.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", JUDGE], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert sorted(json.loads(done.stdout)) == sorted(
        [
            ["rule.kind != kind", "killed"],
            ["New lengths do not apply", "survived"],
            ["from datetime import no_such_name", "unfit"],
            ["b", "unreached"],
        ]
    )
    assert file.read_bytes() == before


def test_a_row_that_a_test_needs_is_killed_on_the_stand_and_another_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STAND], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert sorted(json.loads(done.stdout.splitlines()[-1])) == sorted(
        [
            ["transfer issued sign", "received", True],
            ["transfer filed supervise", "filed", False],
            ["decide_filing", "opened by sign", True],
            ["designate", "opened by request", False],
            ["decide_filing", 'length = "7 working days"', True],
            ["negotiate", "the rule", False],
        ]
    )


def test_what_never_ends_counts_as_killed() -> None:
    assert fate_of(None, signal.SIGXCPU)[0] is Fate.ENDLESS
    assert fate_of(None, 1 << 8)[0] is Fate.UNFIT


def test_a_defect_of_the_harness_is_no_kill() -> None:
    fate, _ = fate_of(("", 0, int(pytest.ExitCode.INTERNAL_ERROR)), 0)
    assert fate is Fate.BROKEN
    assert fate in ALIVE


def test_each_row_of_the_rulebooks_tables_is_taken_out_and_altered() -> None:
    rows = (REPO / rulebook_rows.CLEARANCES).read_text(encoding="utf-8").splitlines()
    number = len([row for row in rows if not row.startswith("#")]) - 1
    assert len(rulebook_rows.clearance_mutants()) == 2 * number
    rules = (REPO / rulebook_rows.DUTIES).read_text(encoding="utf-8").count("[[duty]]")
    taken_out = [each for each in rulebook_rows.duty_mutants() if each.was == "the rule"]
    assert len(taken_out) == rules


def test_a_test_that_repeats_a_table_kills_none_of_its_rows() -> None:
    test = "tests/unit/services/casework/test_transitions.py::test_it"
    change = Change("services.casework.transitions")
    row = Mutant(Group.TRANSITIONS, "f", "w", "a", "b", change, ("row",))
    line = Mutant(Group.CODE, "f", "w", "a", "b", change, ("row",))
    reached = Reach([test], [0.1], of={"row": frozenset({0})})
    assert not may_kill(test, row)
    assert reached.killers(row) == []
    assert reached.killers(line) == [test]


def test_the_likely_test_comes_first_then_the_quick_one() -> None:
    reached = Reach(["a::1", "b::1", "b::2"], [1.0, 3.0, 2.0], of={"x": frozenset({0, 2})})
    mutant = Mutant(Group.CODE, "f", "w", "a", "b", Change("m"), ("x",), first=("b",))
    assert reached.killers(mutant) == ["b::2", "b::1", "a::1"]


def test_a_changed_file_of_tests_takes_the_place_of_what_was_known_of_it() -> None:
    known = Reach(["a::1", "b::1"], [1.0, 2.0], of={"x": frozenset({0, 1})})
    found = Reach(["a::2"], [3.0], of={"x": frozenset({0}), "y": frozenset({0})})
    merged = _merged(known, found, {"a"})
    assert (merged.tests, merged.seconds) == (["b::1", "a::2"], [2.0, 3.0])
    assert merged.of == {"x": frozenset({0, 1}), "y": frozenset({1})}


def test_every_listed_survivor_has_a_reason_and_still_stands_there() -> None:
    for (file, within, was, now), reason in survivors.known().items():
        assert len(reason) > len("equivalent"), was
        source = (REPO / file).read_text(encoding="utf-8")
        there = [each for each in sites(source) if (each.within, each.was) == (within, was)]
        assert now in {changed(source, each)[1] for each in there}, (file, was)


def test_a_module_that_is_imported_already_cannot_be_changed() -> None:
    from tests.mutation.served import serve  # noqa: PLC0415 - next to what it must refuse

    with pytest.raises(RuntimeError, match=r"imported before .* ast"):
        serve(Change("ast", tree=lambda: ast.parse("")))
