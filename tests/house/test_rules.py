"""The house rules, held against the tree. How each refuses is in test_rules_refuse.py."""

import os
import re
import tomllib

from services.rulebook.layout import FILES
from tests.house import rules
from tests.house.tree import PRODUCT, REPO, modules, read, tracked


def test_no_module_and_no_function_is_too_long() -> None:
    assert [found for path in modules() for found in rules.too_long(path, read(path))] == []


def test_every_name_says_its_subject() -> None:
    assert [found for path in modules() for found in rules.badly_named(path)] == []


def test_an_init_holds_a_docstring_only() -> None:
    found = [found for path in modules() for found in rules.init_with_code(path, read(path))]
    assert found == []


def test_nothing_is_left_over() -> None:
    assert [found for path in tracked() for found in rules.leftovers(path, read(path))] == []


def test_only_a_command_prints() -> None:
    assert [found for path in modules(*PRODUCT) for found in rules.prints(path, read(path))] == []


def test_no_file_is_tied_to_a_machine_or_a_registry() -> None:
    found = [found for path in tracked() for found in rules.tied_to_a_machine(path, read(path))]
    assert found == []


def test_every_folder_has_its_line_in_the_readme() -> None:
    kept = {path.parent for path in tracked() if path.parts[0] in {*PRODUCT, "tests"}}
    folders = {"/".join(folder.parts[:2]) + "/" for folder in kept if folder.parts}
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    assert sorted(folder for folder in folders if f"`{folder}`" not in readme) == []


def test_every_file_of_a_rulebook_has_its_line_on_the_demo_s_page() -> None:
    page = (REPO / "deploy" / "rulebooks" / "demo" / "README.md").read_text(encoding="utf-8")
    assert sorted(file for file in FILES if f"| `{file}` |" not in page) == []


def test_what_is_run_is_executable() -> None:
    assert os.access(REPO / ".ci" / "run", os.X_OK)


def test_locks_carry_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (REPO / name).read_text(encoding="utf-8")
        assert "://" not in lock, name
        assert "--index" not in lock, name
        assert rules.unhashed(lock) == [], name


def test_both_locks_agree() -> None:
    runtime = rules.pins((REPO / "requirements.lock").read_text(encoding="utf-8"))
    dev = rules.pins((REPO / "requirements-dev.lock").read_text(encoding="utf-8"))
    assert {name: dev.get(name) for name in runtime} == runtime


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = rules.pins((REPO / "requirements.lock").read_text(encoding="utf-8"))
    named = [rules.package_of(requirement) for requirement in project["project"]["dependencies"]]
    assert [name for name in named if name not in runtime] == []


def test_every_path_that_a_document_names_exists() -> None:
    kept = {str(path) for path in tracked()}
    kept |= {f"{parent}/" for path in tracked() for parent in path.parents}
    for document in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        text = (REPO / document).read_text(encoding="utf-8")
        named = set(re.findall(r"`([A-Za-z._/-]+/[A-Za-z._/-]*)`", text))
        ours = {path for path in named if path.split("/")[0] in {*PRODUCT, "tests", ".ci"}}
        assert sorted(ours - kept) == [], document
