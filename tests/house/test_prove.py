"""The runner of the proof: what it prints, what it writes, what it keeps."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.prove import kept, run
from tests.prove.chapter import REPO, Check, Ground, Promise, read_results

SHORT = Promise("short", "it is short", is_long=False)
LONG = Promise("long", "it is long", is_long=True)
BOTH = {"short": SHORT, "long": LONG}


def _passes(_: Ground) -> str:
    return "3 of 3"


def _fails(_: Ground) -> str:
    message = "saw 2 of 3"
    raise AssertionError(message)


def _breaks(_: Ground) -> str:
    return str(Path("no-such-file").read_text(encoding="utf-8"))


def test_a_passed_check_gives_its_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = tmp_path / "chapter.json"
    assert run.prove({"short": SHORT}, [SHORT], [Check("short", _passes)], proof) == 0
    result = read_results(proof)["short"]
    assert (result.result, result.figure, result.promise) == ("PASS", "3 of 3", "it is short")
    assert result.cores == len(os.sched_getaffinity(0))
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("PASS  short (")
    assert printed[-1] == "1 passed, 0 failed"


def test_a_failed_check_says_what_was_seen_and_fails_the_run(tmp_path: Path) -> None:
    proof = tmp_path / "chapter.json"
    assert run.prove({"short": SHORT}, [SHORT], [Check("short", _fails)], proof) == 1
    result = read_results(proof)["short"]
    assert (result.result, result.figure) == ("FAIL", "saw 2 of 3")


def test_a_check_that_breaks_is_a_failure_too_and_the_next_one_runs(tmp_path: Path) -> None:
    proof = tmp_path / "chapter.json"
    checks = [Check("short", _breaks), Check("long", _passes)]
    assert run.prove(BOTH, [SHORT, LONG], checks, proof) == 1
    results = read_results(proof)
    assert results["short"].figure.startswith("FileNotFoundError: ")
    assert results["long"].result == "PASS"


def test_a_long_check_that_did_not_run_keeps_its_last_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = tmp_path / "chapter.json"
    checks = [Check("short", _passes), Check("long", _passes)]
    run.prove(BOTH, [LONG], checks, proof)
    before = read_results(proof)["long"]
    run.prove(BOTH, [SHORT], checks, proof)
    assert read_results(proof)["long"] == before
    assert list(read_results(proof)) == ["short", "long"]  # in the order of the promises
    assert f"long: not run (PASS at {before.when})" in capsys.readouterr().out


def test_a_figure_names_no_path_of_this_machine(tmp_path: Path) -> None:
    def shows_paths(ground: Ground) -> str:
        own = f"{tempfile.gettempdir()}/yichuan-faults-a_1"
        return f"{ground.scratch}/a {ground.repo}/b {own}/backup.tar"

    proof = tmp_path / "chapter.json"
    run.prove({"short": SHORT}, [SHORT], [Check("short", shows_paths)], proof)
    assert read_results(proof)["short"].figure == "<scratch>/a <repo>/b <scratch>/backup.tar"


def test_what_a_check_leaves_for_the_others_is_ended_before_the_scratch_folder_goes(
    tmp_path: Path,
) -> None:
    seen: list[bool] = []

    def starts(ground: Ground) -> str:
        ground.ends.callback(lambda: seen.append(ground.scratch.is_dir()))
        return "started"

    run.prove({"short": SHORT}, [SHORT], [Check("short", starts)], tmp_path / "chapter.json")
    assert seen == [True]


def test_a_failed_check_leaves_the_end_of_its_logs_and_nothing_else_of_its_homes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(kept, "FILE_BYTES_MAX", 4)

    def dies(ground: Ground) -> str:
        home = ground.scratch / "stand-1"
        (home / "logs").mkdir(parents=True)
        (home / "logs" / "exchange-1.log").write_bytes(b"long ago, why")
        (home / "casebook.log").write_text("a file of another folder", encoding="utf-8")
        return _fails(ground)

    run.prove({"short": SHORT}, [SHORT], [Check("short", dies)], tmp_path / "chapter.json")
    told = capsys.readouterr().out.splitlines()[-2].split()
    assert told[0] == "logs:"
    left = [path for path in Path(told[1]).rglob("*") if path.is_file()]
    assert left == [Path(told[1]) / "stand-1" / "logs" / "exchange-1.log"]
    assert left[0].read_bytes() == b" why"
    assert not list(tmp_path.glob("yichuan-prove-*"))


def test_a_check_that_passes_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def writes(ground: Ground) -> str:
        (ground.scratch / "logs").mkdir()
        (ground.scratch / "logs" / "broker.log").write_text("all well", encoding="utf-8")
        return "done"

    proof = tmp_path / "chapter.json"
    run.prove({"short": SHORT}, [SHORT], [Check("short", writes)], proof)
    assert list(tmp_path.iterdir()) == [proof]


def test_a_promise_that_is_not_there_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["bus", "--only", "no_such_promise"]) == run.WRONG_USE
    assert "no_such_promise: not promised" in capsys.readouterr().err


def test_a_command_that_exits_with_another_code_fails_with_what_it_said(tmp_path: Path) -> None:
    ground = Ground(REPO, tmp_path, ends=ExitStack())
    assert ground.command("bash", "-c", "echo said", seconds_max=10) == "said\n"
    with pytest.raises(AssertionError, match="exited 3, not 0: why"):
        ground.command("bash", "-c", "echo why >&2; exit 3", seconds_max=10)
