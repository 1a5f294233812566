"""Which tests may kill: those of what the product does, not those of how its tables are written."""

from pathlib import Path
from typing import Final

from tests.mutation.mutant import Group, Mutant
from tests.mutation.served import REPO

# The tests of the pure parts, and the scenarios of the law: those of the shells around them are not
# to be needed. tests/house is none: it compares texts, among them the diagram of the steps.
FOLDERS: Final = (
    "tests/unit/schemas/test_checks.py",
    "tests/unit/schemas/test_seal.py",
    "tests/unit/schemas/test_seal_copy.py",
    "tests/unit/schemas/test_seal_list.py",
    "tests/unit/schemas/test_seal_proof.py",
    "tests/unit/schemas/test_secrecy.py",
    "tests/unit/schemas/test_secrecy_list.py",
    "tests/unit/schemas/test_text_form.py",
    "tests/unit/schemas/test_transfer_form.py",
    "tests/contract/test_examples.py",  # a bad example for each unlawful form
    "tests/unit/services/casework",
    "tests/unit/services/rulebook",
    "tests/unit/services/confidentiality",
    "tests/unit/services/cli/test_scenarios.py",
)
# Tests whose expectation is the table itself, or a copy of it: no kill of theirs counts there.
NOT_OF: Final[dict[Group, tuple[str, ...]]] = {
    Group.TRANSITIONS: ("tests/unit/services/casework/test_transitions.py",),
    Group.SPANS: (
        "tests/unit/services/casework/test_duties.py::test_every_kind_of_duty_has_an_end_and",
    ),
    Group.DUTIES: (
        "tests/unit/services/rulebook/test_demo.py::test_the_lengths_are_those_of_the_readme",
    ),
}


def test_files() -> list[Path]:
    """Return the files of these tests."""
    tops = [REPO / each for each in FOLDERS]
    return sorted(
        path for top in tops for path in ([top] if top.is_file() else top.rglob("test_*.py"))
    )


def may_kill(test: str, mutant: Mutant) -> bool:
    """Whether it counts when this test fails."""
    return not test.startswith(NOT_OF.get(mutant.group, ()))
