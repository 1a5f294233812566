"""A changed program has another digest; what a process never reads has none."""

from pathlib import Path

import pytest

from connectors.bus.build import DIGITS, code, digest_of


@pytest.fixture
def program(tmp_path: Path) -> Path:
    for name in ("connectors/a.py", "schemas/avro/B.avsc", "schemas/errors.toml", "services/c.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "name", ["connectors/a.py", "schemas/avro/B.avsc", "schemas/errors.toml", "services/new.py"]
)
def test_another_program_has_another_digest(program: Path, name: str) -> None:
    before = digest_of(program)
    assert digest_of(program) == before
    (program / name).write_text("changed", encoding="utf-8")
    assert digest_of(program) != before


def test_a_file_under_another_name_is_another_program(program: Path) -> None:
    before = digest_of(program)
    (program / "services/c.py").rename(program / "services/d.py")
    assert digest_of(program) != before


def test_what_no_process_reads_as_it_starts_changes_nothing(program: Path) -> None:
    before = digest_of(program)
    (program / "services/README.md").write_text("words", encoding="utf-8")
    (program / "tests").mkdir()
    (program / "tests/test_x.py").write_text("pass", encoding="utf-8")
    assert digest_of(program) == before


def test_this_program_has_one() -> None:
    assert len(code()) == DIGITS
