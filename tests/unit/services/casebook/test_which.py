"""A casebook's mark: its own in its place, and another's wherever the same is put again."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from services.casebook.backed_up import note_in_copy
from services.casebook.sqlite import readers, writers
from services.casebook.standalone import copy_alone
from services.casebook.which import made_mark, mark_there
from tests.empty_casebook import empty_casebook

AT = datetime(2026, 11, 28, tzinfo=UTC)


def opened(path: Path) -> str:
    """Return the mark, as an exchange makes it."""
    engine = writers(path)
    try:
        with engine.begin() as connection:
            return made_mark(connection, path)
    finally:
        engine.dispose()


def looked_at(path: Path) -> str | None:
    engine = readers(path)
    with engine.connect() as connection:
        return mark_there(connection, path)


def test_the_mark_stays_and_is_what_a_reader_finds(tmp_path: Path) -> None:
    path, link = tmp_path / "casebook.sqlite", tmp_path / "link.sqlite"
    empty_casebook(path).close()
    assert looked_at(path) is None
    mark = opened(path)
    link.symlink_to(path)
    assert [opened(path), looked_at(path), looked_at(link)] == [mark] * 3


def test_what_was_copied_with_its_home_or_put_back_from_a_backup_is_another(
    tmp_path: Path,
) -> None:
    path, copied, restored = (tmp_path / name for name in ("a.sqlite", "b.sqlite", "c.sqlite"))
    empty_casebook(path).close()
    mark = opened(path)
    shutil.copy(path, copied)
    copy_alone(path, restored)
    note_in_copy(restored, AT)
    assert looked_at(restored) is None
    assert len({mark, opened(copied), opened(restored)}) == 3
    assert opened(path) == mark
