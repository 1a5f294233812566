"""Each house rule refuses what it must: planted text, and the finding it gives."""

from pathlib import PurePosixPath

import pytest

from tests.house import rules

MODULE = PurePosixPath("services/casework/thing.py")


def test_a_module_over_its_limit_is_refused() -> None:
    text = "a = 1\n" * (rules.MODULE_LINES_MAX + 1)
    assert list(rules.too_long(MODULE, text)) == [
        "services/casework/thing.py: 251 lines, at most 250: split it by subject"
    ]
    assert list(rules.too_long(PurePosixPath("tests/unit/test_thing.py"), text)) == []


def test_a_function_over_its_limit_is_refused() -> None:
    body = "    a = 1\n" * rules.FUNCTION_LINES_MAX
    found = list(rules.too_long(MODULE, f"async def decide() -> None:\n{body}"))
    assert found == [
        (
            "services/casework/thing.py:1: decide has 61 lines, at most 60: "
            "branches stay, leaves become functions"
        )
    ]


@pytest.mark.parametrize("path", ["schemas/utils.py", "services/common/law.py"])
def test_a_name_without_a_subject_is_refused(path: str) -> None:
    assert len(list(rules.badly_named(PurePosixPath(path)))) == 1


@pytest.mark.parametrize("text", ["", '"""Doc."""\nimport os\n', "import os\n"])
def test_an_init_with_code_or_without_docstring_is_refused(text: str) -> None:
    assert len(list(rules.init_with_code(PurePosixPath("schemas/__init__.py"), text))) == 1


@pytest.mark.parametrize(
    "line",
    ["# TO" + "DO later", "x = 1  # FIX" + "ME", "break" + "point()", "pdb.set" + "_trace()"],
)
def test_a_leftover_is_refused(line: str) -> None:
    assert len(list(rules.leftovers(MODULE, line))) == 1


def test_a_print_is_refused_but_in_a_command() -> None:
    assert len(list(rules.prints(MODULE, "print(1)"))) == 1
    assert list(rules.prints(PurePosixPath("services/cli/send.py"), "print(1)")) == []


@pytest.mark.parametrize(
    "line",
    [
        'path = "/wor' + 'k/main"',
        'path = "/ro' + 'ot/x"',
        "index = py" + "pi.org",
        "--index-url https:" + "//mirror.invalid/simple",
        "jdbc:postgresql:" + "//db.invalid/x",
    ],
)
def test_what_works_on_one_machine_only_is_refused(line: str) -> None:
    assert len(list(rules.tied_to_a_machine(MODULE, line))) == 1


@pytest.mark.parametrize(
    "line", ["http://127.0.0.1:19010/apis", "org.apache.kafka:kafka_2.13", "services/work/x"]
)
def test_what_works_everywhere_is_not(line: str) -> None:
    assert list(rules.tied_to_a_machine(MODULE, line)) == []


@pytest.mark.parametrize(
    "text",
    [
        'Refusal("officer.missing")',
        'errors.Refusal(code="officer.missing", where="x")',
        'raise Broken("officer.missing")',
    ],
)
def test_a_code_given_to_an_error_is_seen(text: str) -> None:
    assert list(rules.codes_given(text)) == [(1, "officer.missing")]


def test_a_package_without_hash_is_seen() -> None:
    lock = "good==1.0 \\\n    --hash=sha256:00\nbad==2.0 ; sys_platform == 'linux'\n"
    assert rules.unhashed(lock) == ["bad"]
    assert rules.pins(lock) == {"good": "1.0", "bad": "2.0"}


def test_a_requirement_is_read_without_extras_and_bounds() -> None:
    assert rules.package_of("confluent-kafka[avro]>=2,<3") == "confluent-kafka"
