"""One connector for an organ and home, and one for an exchange folder."""

import errno
import fcntl
from pathlib import Path

import pytest

from connectors.bus.alone import alone, owning
from schemas.errors import UserError


def refused(folder: Path, owner: str = "mugang") -> str:
    with pytest.raises(UserError) as found, owning(folder, owner):
        pass
    assert found.value.exit_code == 3
    return found.value.code


def test_a_folder_that_a_connector_has_is_not_taken_by_another_home_of_its_organ(
    tmp_path: Path,
) -> None:
    with owning(tmp_path / "exchange", "mugang"):
        assert refused(tmp_path / "exchange") == "connector.already_running"
    with owning(tmp_path / "exchange", "mugang"):
        pass


def test_a_folder_stays_its_organs_after_the_connector_has_ended(tmp_path: Path) -> None:
    with owning(tmp_path / "exchange", "mugang"):
        pass
    assert refused(tmp_path / "exchange", "langdai") == "folder.of_another"
    (tmp_path / "exchange" / ".connector").unlink()
    with owning(tmp_path / "exchange", "langdai"):
        pass


def test_what_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file") == "folder.unusable"
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / ".connector").symlink_to(tmp_path / "file")
    assert refused(tmp_path / "link") == "folder.unusable"


def test_a_share_without_locks_is_used_and_still_known_by_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with owning(tmp_path, "mugang"), owning(tmp_path, "mugang"):
        assert refused(tmp_path, "langdai") == "folder.of_another"


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.EACCES, "connector.already_running"), (errno.EIO, "folder.unusable")],
)
def test_a_share_whose_lock_another_machine_has_or_that_fails_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(fcntl, "flock", refuses)
    assert refused(tmp_path) == code


def test_which_file_may_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".connector").mkdir()
    with pytest.raises(UserError, match=r"folder\.unusable .*\.connector"), owning(tmp_path, "a"):
        pass


def test_one_connector_runs_for_an_organ_of_a_home(tmp_path: Path) -> None:
    code = "connector.already_running"
    lock, other = tmp_path / "mugang" / "lock", tmp_path / "langdai" / "lock"
    with alone(lock, code):
        with pytest.raises(UserError, match=r"connector\.already_running"), alone(lock, code):
            pass
        with alone(other, code):
            pass
