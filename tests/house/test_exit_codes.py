"""One error ends every command with one status, and so does a name that nobody knows."""

import ast
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Final, get_type_hints

import pytest

from connectors.bus.home import Home
from services.cli.commands import COMMANDS, Verb
from services.cli.exit_codes import NO, NOT_TRIED, WRONG_USE
from services.cli.main import main
from services.rulebook.load import locate
from tests.empty_casebook import empty_casebook
from tests.house.tree import PRODUCT, modules, read

BY_NAME: Final = {"NO": NO, "WRONG_USE": WRONG_USE, "NOT_TRIED": NOT_TRIED}
UNSAID: Final = 2  # as UserError itself has it

# What a name that is not there ends with: none of a fixed list · not in the bus's books · no file.
ENDS: Final = {
    "message.unknown_record": WRONG_USE,
    "organ.unknown": WRONG_USE,
    "place.unknown": WRONG_USE,
    "matter.unknown": WRONG_USE,
    "command.usage": WRONG_USE,
    "trace.unknown": NO,
    "resend.unknown": NO,
    "dead.unknown": NO,
    "key.unknown": NO,
    "log.gap_other": NO,
    "rules.not_found": NOT_TRIED,
    "scenario.not_found": NOT_TRIED,
    "file.unreadable": NOT_TRIED,
}
# Every parameter that names a thing, and what it is refused with.
NAMES: Final = {
    "send record": "message.unknown_record",
    "send file": "file.unreadable",
    "send organ": "organ.unknown",
    "inbox organ": "organ.unknown",
    "trace named": "trace.unknown",
    "resend message": "resend.unknown",
    "resend to": "organ.unknown",
    "route sender": "organ.unknown",
    "route place": "place.unknown",
    "route matter": "matter.unknown",
    "route rulebook": "rules.not_found",
    "deadline rulebook": "rules.not_found",
    "schemas docs record": "message.unknown_record",
    "rules lint rulebook": "rules.not_found",
    "rules show rulebook": "rules.not_found",
    "rules diff old": "rules.not_found",
    "rules diff new": "rules.not_found",
    "rules activate rulebook": "rules.not_found",
    "keys new organ": "organ.unknown",
    "keys rotate organ": "organ.unknown",
    "keys revoke kid": "key.unknown",
    "dead show named": "dead.unknown",
    "dead retry named": "dead.unknown",
    "statistics organ": "organ.unknown",
    "statistics line": "organ.unknown",
    "connector kit organ": "organ.unknown",
    "exchange gap accept": "log.gap_other",
}
# Texts and values of a form of their own.
NO_NAMES: Final = {
    "deadline length",
    "deadline start",
    "dead retry reason",
    "exchange gap by",
    "exchange gap reason",
    "route address",
    "statistics list_",
    "statistics period",
}

_DATES: Final = " --act-date 2026-01-01 --found-date 2026-01-01 --transfer-date 2026-01-01"
_ROUTE: Final = f"route{_DATES} --rulebook demo"
# Those that need no broker, no registry and no key: run, with a name that is not there.
RUN: Final = (
    ("send nosuch - --as yanjiao --home HOME", "message.unknown_record"),
    ("send lead_transfer /nosuch --as yanjiao --home HOME", "file.unreadable"),
    ("schemas docs nosuch", "message.unknown_record"),
    ("trace nosuch --home HOME", "trace.unknown"),
    (f"{_ROUTE} --from nosuch --place 520203102000 --matter CG-001", "organ.unknown"),
    (f"{_ROUTE} --from yanjiao --place nosuch --matter CG-001", "place.unknown"),
    (f"{_ROUTE} --from yanjiao --place 520203102000 --matter nosuch", "matter.unknown"),
    ("rules lint nosuch --home HOME", "rules.not_found"),
    ("rules show duties --rulebook nosuch --home HOME", "rules.not_found"),
    ("rules show nosuch --home HOME", "command.usage"),
    ("rules diff demo nosuch", "rules.not_found"),
    ("rules activate nosuch --home HOME", "rules.not_found"),
    ("statistics --organ nosuch --home HOME", "organ.unknown"),
    ("statistics --line nosuch --home HOME", "organ.unknown"),
    ("simulate nosuch", "scenario.not_found"),
    ("restore nosuch --home HOME", "file.unreadable"),
    ("verify nosuch", "file.unreadable"),
)


def given(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (code, status, line) of each UserError with a literal code."""
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UserError"):
            continue
        code = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        said = [word.value for word in node.keywords if word.arg == "exit_code"]
        status: object = UNSAID
        for value in said:
            named = BY_NAME.get(getattr(value, "id", ""))
            status = value.value if isinstance(value, ast.Constant) else named
        if isinstance(code, str) and isinstance(status, int):
            yield code, status, node.lineno


def clashes(texts: dict[str, str]) -> list[str]:
    """Return the places at which a code ends with another status than elsewhere."""
    first: dict[str, tuple[int, str]] = {}
    found: list[str] = []
    for path, text in texts.items():
        for code, status, line in given(text):
            known, where = first.setdefault(code, (status, f"{path}:{line}"))
            if known != status:
                found.append(f"{path}:{line}: {code} ends with {status}, at {where} with {known}")
    return found


def parameters() -> Iterator[str]:
    """Yield each parameter of a command that takes any text."""
    for noun, entry in COMMANDS.items():
        if isinstance(entry, Verb):
            verbs = {noun: entry}
        else:
            verbs = {f"{noun} {name}": verb for name, verb in entry.verbs.items()}
        for words, verb in verbs.items():
            hints = get_type_hints(getattr(import_module(verb.module), verb.function))
            yield from (f"{words} {name}" for name, kind in hints.items() if takes_text(name, kind))


def takes_text(name: str, kind: object) -> bool:
    """Whether anything can be typed there: choices are refused by the parser."""
    return name != "return" and kind in {str, str | None}


def test_an_error_ends_every_command_with_the_same_status() -> None:
    assert clashes({str(path): read(path) for path in modules(*PRODUCT)}) == []


def test_one_that_ends_two_commands_unlike_is_found() -> None:
    told = 'raise UserError("a.b", where=x)\nraise UserError("a.b", exit_code=NO)\n'
    assert clashes({"x.py": told}) == ["x.py:2: a.b ends with 1, at x.py:1 with 2"]
    assert clashes({"x.py": 'UserError("a.b")', "y.py": 'UserError("a.b", exit_code=2)'}) == []


def test_a_name_that_nobody_knows_ends_as_its_kind_does() -> None:
    found = {
        code: status
        for path in modules(*PRODUCT)
        for code, status, _ in given(read(path))
        if code in ENDS
    }
    assert found == ENDS


def test_every_command_that_takes_a_name_is_held_to_it() -> None:
    assert set(parameters()) == NAMES.keys() | NO_NAMES
    assert set(NAMES.values()) <= ENDS.keys()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a rulebook and a casebook."""
    made = Home(tmp_path_factory.mktemp("named") / "home")
    made.path.mkdir(mode=0o700)
    made.rulebook.symlink_to(locate("demo"))
    empty_casebook(made.casebook).close()
    return made


@pytest.mark.parametrize(("command", "code"), RUN)
def test_a_command_with_a_name_that_is_not_there(
    command: str, code: str, place: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(place.path) if each == "HOME" else each for each in command.split()]
    assert main([*arguments, "--json"]) == ENDS[code]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["error"]["code"] == code
