"""The mutants of the code: chosen by a seed from all that can be changed in the pure parts."""

import ast
import re
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from tests.mutation.killers import test_files
from tests.mutation.mutant import Change, Group, Mutant
from tests.mutation.served import REPO
from tests.mutation.sites import Site, changed, sites

if TYPE_CHECKING:
    from collections.abc import Hashable

NUMBER: Final = 300
PURE: Final = (
    "services/casework/*.py",
    "services/rulebook/*.py",
    "services/confidentiality/*.py",
    "schemas/checks.py",
    "schemas/*_form.py",
    "schemas/secrecy*.py",
    "schemas/seal*.py",
)
LEFT_OUT: Final = frozenset(
    {
        "services/rulebook/load.py",  # reads files
        "services/casework/diagram.py",  # the words of a page of the docs
        "services/casework/transitions.py",  # these two are mutated row by row
        "services/casework/spans.py",
        "schemas/json_form.py",  # the form of JSON, not of a letter
    }
)


def files() -> list[str]:
    """Return the modules that are mutated."""
    found = {str(path.relative_to(REPO)) for each in PURE for path in REPO.glob(each)}
    return sorted(found - LEFT_OUT)


def code_mutants(seed: int, number: int = NUMBER) -> tuple[list[Mutant], int]:
    """Return so many mutants, by the seed, and from how many they were chosen."""
    sources = {file: (REPO / file).read_text(encoding="utf-8") for file in files()}
    every = [(file, site) for file, source in sources.items() for site in sites(source)]
    chosen = sorted(every, key=lambda each: _lot(seed, *each))[:number]
    importers = _importers(sources)
    return [_mutant(file, sources[file], site, importers) for file, site in chosen], len(every)


def _lot(seed: int, file: str, site: Site) -> bytes:
    """Return the lot that the seed draws for a site: a change elsewhere leaves it as it is."""
    text = repr((seed, file, site.within, site.was, site.way))
    return sha256(text.encode()).digest()


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Return every mutant of one module."""
    return [_mutant(file, source, site, {}) for site in sites(source)]


def _mutant(file: str, source: str, site: Site, importers: dict[str, list[str]]) -> Mutant:
    module = file.removesuffix(".py").replace("/", ".")
    _, now = changed(source, site)
    reached: list[Hashable] = [("line", file, line) for line in site.lines]
    folder, _, name = file.rpartition("/")
    first = [f"tests/unit/{folder}/test_{name}"]
    if "." not in site.within and not _is_in_a_function(source, site):
        reached += [("file", each) for each in (file, *importers.get(file, ()))]
        first += _tests_that_import(module)
    return Mutant(
        Group.CODE,
        file,
        site.within,
        site.was,
        now,
        Change(module, tree=partial(_tree, source, site)),
        tuple(reached),
        tuple(first),
    )


def _tree(source: str, site: Site) -> ast.Module:
    return changed(source, site)[0]


def _is_in_a_function(source: str, site: Site) -> bool:
    """What is done when the module is imported is reached by every test of it."""
    return any(
        isinstance(node, ast.FunctionDef)
        and node.lineno < site.lines[-1]
        and site.lines[-1] <= (node.end_lineno or 0)
        for node in ast.walk(ast.parse(source))
    )


@cache
def _tests_that_import(module: str) -> list[str]:
    """A test of a table that is a constant reaches no line of its module."""
    return [
        str(path.relative_to(REPO))
        for path in test_files()
        if f"from {module} import " in path.read_text(encoding="utf-8")
    ]


def _importers(sources: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file, source in sources.items():
        for module in re.findall(
            r"^from ((?:services|schemas)[\w.]*) import", source, re.MULTILINE
        ):
            found.setdefault(module.replace(".", "/") + ".py", []).append(file)
    return found
