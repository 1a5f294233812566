"""The command line: which command runs, and how it ends."""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import IO, Final

import pytest
import typer

from connectors.bus import build
from schemas.errors import Broken, Malformed, Unavailable, UserError, YichuanError, texts
from services.cli import errors_cmd, main
from services.cli.commands import COMMANDS, Noun, Verb
from tests.house.tree import REPO

SECONDS_MAX: Final = 60.0  # for one command to end

VERBS = [
    verb
    for entry in COMMANDS.values()
    for verb in (entry.verbs.values() if isinstance(entry, Noun) else (entry,))
]


def ending(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> Callable[..., int]:
    """Make `yichuan errors` end in an exception; return what runs the command line."""

    def errors(
        as_json: bool = typer.Option(False, "--json"),  # noqa: FBT001, FBT003 - as typer wants it
    ) -> None:
        del as_json
        if error is not None:
            raise error

    monkeypatch.setattr(errors_cmd, "errors", errors)
    return lambda *arguments: main.main(["errors", *arguments])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (UserError("command.usage"), 2),
        (UserError("case.unknown", exit_code=1), 1),
        (UserError("home.login_missing", exit_code=3), 3),
        (Malformed("message.malformed"), 1),
        (Unavailable("kafka.unreachable"), 3),
        (Broken("log.gap"), 3),
        (typer.Exit(1), 1),
    ],
)
def test_the_exit_code_says_whether_it_worked(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None, code: int
) -> None:
    assert ending(monkeypatch, error)() == code


def test_a_bug_is_not_dressed_up_as_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        ending(monkeypatch, ZeroDivisionError())()


def test_with_json_an_error_is_one_object_on_stdout_and_prose_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = UserError("case.unknown", where="x", detail="y", exit_code=1)
    assert ending(monkeypatch, error)("--json") == 1
    out, err = capsys.readouterr()
    found = json.loads(out)["error"]
    keys = ("code", "zh", "en", "remedy_zh", "remedy_en", "where", "detail")
    assert tuple(found) == keys
    assert found["code"] == "case.unknown"
    assert (found["where"], found["detail"]) == ("x", "y")
    assert found["zh"] == texts()["case.unknown"].zh
    assert texts()["case.unknown"].zh in err


@pytest.mark.parametrize("language", ["zh", "en", ""])
def test_prose_is_in_the_language_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    monkeypatch.setenv("YICHUAN_LANG", language)
    ending(monkeypatch, UserError("case.unknown"))()
    out, err = capsys.readouterr()
    words = texts()["case.unknown"]
    assert out == ""
    assert (words.en if language == "en" else words.zh) in err
    assert (words.remedy_en if language == "en" else words.remedy_zh) in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["errors", "--nonsense"], ["inbox"], ["send", "lead_transfer"], ["rules", "no"]],
)
def test_wrong_use_ends_with_2_and_says_so_in_json(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main.main([*arguments, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "command.usage"


@pytest.mark.parametrize("arguments", [[], ["rules"], ["schemas"]])
def test_a_noun_alone_prints_its_verbs_and_is_wrong_use(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main.main(arguments) == 2
    assert "Commands:" in capsys.readouterr().out


def test_help_lists_every_noun_without_importing_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: f"{verb.module}.{verb.function}")
def test_every_command_listed_is_there(verb: Verb) -> None:
    assert callable(getattr(import_module(verb.module), verb.function))


def test_the_version_is_told_with_the_digest_by_which_a_running_process_is_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out == f"yichuan {build.VERSION} ({build.code()})\n"


def test_errors_lists_every_code_with_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["errors", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {entry["code"] for entry in listed} == set(texts())
    assert all(all(entry.values()) for entry in listed)


def test_an_error_of_ours_without_a_text_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    error: YichuanError = UserError("no.such_code")
    with pytest.raises(KeyError):
        ending(monkeypatch, error)()


@pytest.mark.parametrize(
    "number",
    [
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.ESTALE,
        errno.EISDIR,
        errno.ENOTDIR,
    ],
)
def test_a_host_that_refuses_a_file_is_told_of_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    error = OSError(number, os.strerror(number), "/srv/home/rulebook")
    assert ending(monkeypatch, error)("--json") == 3
    out, err = capsys.readouterr()
    found = json.loads(out)["error"]
    assert (found["code"], found["where"]) == ("host.refuses", "/srv/home/rulebook")
    assert found["detail"] == os.strerror(number)
    assert found["detail"] not in err
    assert texts()["host.refuses"].remedy_zh in err


def test_who_interrupts_before_the_command_begins_sees_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "application", interrupted)
    assert main.main(["status"]) == 130


def test_what_else_the_system_says_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="descriptor"):
        ending(monkeypatch, OSError(errno.EBADF, os.strerror(errno.EBADF)))()


def test_what_the_system_says_of_a_file_is_in_the_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["connector", "doctor", "nowhere.toml"]
    assert main.main(arguments) == 3
    assert "没有这个文件或目录" in capsys.readouterr().err
    monkeypatch.setenv("YICHUAN_LANG", "en")
    assert main.main(arguments) == 3
    assert os.strerror(errno.ENOENT) in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: f"{verb.module}.{verb.function}")
def test_every_option_says_in_both_languages_what_it_is(verb: Verb) -> None:
    app = typer.Typer(add_completion=False)
    app.command()(getattr(import_module(verb.module), verb.function))
    told = {
        one.name: getattr(one, "help", None) or "" for one in typer.main.get_command(app).params
    }
    chinese, english = re.compile("[一-鿿]"), re.compile("[a-z]{2}")
    assert {
        name: words
        for name, words in told.items()
        if not (chinese.search(words) and english.search(words) and " / " in words)
    } == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_help_in_the_list_of_commands_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    monkeypatch.setenv("YICHUAN_LANG", language)
    assert main.main(["--help"]) == 0
    assert "..." not in capsys.readouterr().out.split("Commands:")[1]


def ran(arguments: list[str], output: int | IO[str]) -> "subprocess.CompletedProcess[str]":
    """Run it as people do: what a process cannot write is told at its end, if at all."""
    run = "from services.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", run, *arguments],
        cwd=REPO,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (["errors"], "host.refuses", 3),
        (["errors", "--json"], "host.refuses", 3),
        (["--help"], "host.refuses", 3),
        (["nonsense", "--json"], "command.usage", 2),
        (["status", "--home", "/dev/null", "--json"], "home.missing", 3),
    ],
)
def test_an_output_that_cannot_be_written_is_told_of_once(
    arguments: list[str], code: str, status: int
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = ran(arguments, full)
    assert ended.returncode == status
    first, remedy = ended.stderr.splitlines()
    assert first.startswith(code)
    assert remedy.startswith("  → ")


@pytest.mark.parametrize(
    ("arguments", "status"), [(["errors"], 1), (["--version"], 1), (["nonsense", "--json"], 2)]
)
def test_a_reader_that_has_seen_enough_hears_no_complaint(
    arguments: list[str], status: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = ran(arguments, writer)
    os.close(writer)
    assert ended.returncode == status
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
