"""The house rules as functions: text in, findings out. A finding says the place and the mending."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

MODULE_LINES_MAX: Final = 250
TEST_LINES_MAX: Final = 400
DECLARATION_LINES_MAX: Final = 400
# Modules that only declare: frozen classes and enums, one after the other, read like a table.
DECLARATIONS: Final = frozenset(
    {"schemas/messages.py", "schemas/parts.py", "services/rulebook/model.py"}
)
FUNCTION_LINES_MAX: Final = 60
BANNED_NAMES: Final = frozenset(
    {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
)
# Documents that are cited, and this machine; an index or a mirror never.
HOSTS_ALLOWED: Final = frozenset(
    {"127.0.0.1", "localhost", "keepachangelog.com", "semver.org", "www.apache.org"}
    | {"www.w3.org"}  # the namespace of a picture
    | {"host", "主机", "bucket"}  # the word for one, in a form to fill in
)
# Names that take a code of errors.toml as their first argument, or as `code=`.
CODE_TAKERS: Final = frozenset(
    {"Refusal", "YichuanError", "Malformed", "Unavailable", "Broken", "UserError"}
)
# Patterns that do not match themselves, so that this file passes its own rules.
_LEFTOVER: Final = re.compile(r"\b(?:TO[D]O|FIX[M]E|X{3}|HA[C]K)\b|break[p]oint\(|set_[t]race\(")
_MACHINE_PATH: Final = re.compile(r"(?<![\w.])/(?:work|root|home|Users|tmp)/")
_REGISTRY: Final = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|crates|maven|maven\.apache|deb\.debian)\.(?:org|io|com)\b"
)
_URL: Final = re.compile(
    r"\b[a-z][a-z0-9+.-]*://(?:[^\s/@:]+(?::[^\s/@]+)?@)?([^\s/:\"'`<>(){}\[\]$]+)"
)
_CODE: Final = re.compile(r"[a-z_]+\.[a-z0-9_]+")


def too_long(path: PurePosixPath, text: str) -> Iterator[str]:
    """Yield a finding for a module, or a function in it, that is over its limit."""
    limit = TEST_LINES_MAX if path.parts[0] == "tests" else MODULE_LINES_MAX
    if str(path) in DECLARATIONS:
        limit = DECLARATION_LINES_MAX
    lines = len(text.splitlines())
    if lines > limit:
        yield f"{path}: {lines} lines, at most {limit}: split it by subject"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield (
                    f"{path}:{node.lineno}: {node.name} has {length} lines, "
                    f"at most {FUNCTION_LINES_MAX}: branches stay, leaves become functions"
                )


def badly_named(path: PurePosixPath) -> Iterator[str]:
    """Yield a finding for a module or folder whose name says nothing about its subject."""
    for part in (*path.parts[:-1], path.stem):
        if part in BANNED_NAMES:
            yield f"{path}: `{part}` names no subject: name it after what it is about"


def init_with_code(path: PurePosixPath, text: str) -> Iterator[str]:
    """Yield a finding for an `__init__.py` that holds more than its docstring, or none."""
    tree = ast.parse(text)
    if path.name == "__init__.py" and (len(tree.body) != 1 or ast.get_docstring(tree) is None):
        yield f"{path}: an __init__.py holds one docstring, nothing else"


def leftovers(path: PurePosixPath, text: str) -> Iterator[str]:
    """Yield a finding for each marker of unfinished work."""
    for number, line in enumerate(text.splitlines(), 1):
        for marker in _LEFTOVER.findall(line):
            yield f"{path}:{number}: `{marker}`: finish it, or file an issue and remove it"


def prints(path: PurePosixPath, text: str) -> Iterator[str]:
    """Yield a finding for each print; only the command and the runners of proof and seeds print."""
    if path.parts[:2] in {("services", "cli"), ("tests", "prove"), ("tests", "simulation")}:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            yield f"{path}:{node.lineno}: print: return it, or log ids and codes"


def tied_to_a_machine(path: PurePosixPath, text: str) -> Iterator[str]:
    """Yield a finding for each path of one machine, and each address of a host not allowed."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in _MACHINE_PATH.findall(line):
            yield f"{path}:{number}: `{found}` is a path of one machine"
        for found in _REGISTRY.findall(line):
            yield f"{path}:{number}: `{found}` is a package registry: its client knows it"
        for host in _URL.findall(line):
            if host not in HOSTS_ALLOWED and not host.endswith((".example", "example.com")):
                yield f"{path}:{number}: an address of {host}: cite by name, or allow the host"


def codes_given(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, code) for each literal code given to an error or a refusal."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = [word.value for word in node.keywords if word.arg == "code"]
        if name in CODE_TAKERS:
            given += node.args[:1]
        for argument in given:
            literal = argument.value if isinstance(argument, ast.Constant) else None
            if isinstance(literal, str):
                yield argument.lineno, literal


def literals(text: str) -> set[str]:
    """Return every string constant of a module that has the form of a code."""
    return {
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _CODE.fullmatch(node.value)
    }


def pins(lock: str) -> dict[str, str]:
    """Return the packages of a lock with their versions."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock, re.MULTILINE))


def unhashed(lock: str) -> list[str]:
    """Return the packages of a lock that carry no hash."""
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return [entry.split("==")[0] for entry in entries if entry and "--hash=sha256:" not in entry]


def package_of(requirement: str) -> str:
    """Return the package that a requirement of pyproject.toml names, without extras."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
