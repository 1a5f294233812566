"""Which words of the command line name the command, and what they were typed in."""

import io
import json
import os
from pathlib import Path
from typing import Annotated

import pytest
import typer

from services.cli import doctor, errors_cmd, rules, rules_diff, trace
from services.cli.main import application, main
from services.cli.options import HomeFolder
from services.cli.output import emit_json, print_all

GBK = os.fsdecode("木岗镇".encode("gb18030"))


@pytest.fixture(autouse=True)
def home_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--home` before the noun sets it: it is as before after the test."""
    monkeypatch.setenv("YICHUAN_HOME", "/nowhere")


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `yichuan trace` was asked for."""
    asked: list[str] = []

    def traced(named: str) -> None:
        asked.append(named)

    monkeypatch.setattr(trace, "trace", traced)
    return asked


@pytest.mark.parametrize(
    "arguments",
    [
        ["--home", "demo", "doctor"],
        ["--home=demo", "doctor"],
        ["--home", "rules", "doctor"],
        ["doctor", "--home", "demo"],
    ],
)
def test_a_home_named_like_a_command_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    asked: list[str] = []

    def looked(home: HomeFolder = None) -> int:
        asked.append(str(home or os.environ["YICHUAN_HOME"]))
        return 1

    monkeypatch.setattr(doctor, "doctor", looked)
    assert main(arguments) == 1
    assert asked == ["rules" if "rules" in arguments else "demo"]


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (["rules", "lint", "--rulebook", "rules"], "rules"),
        (["rules", "diff", "demo", "rules"], "rules"),
    ],
)
def test_a_last_argument_named_like_a_noun_is_an_argument(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], given: str
) -> None:
    asked: list[str] = []

    def lint(rulebook: Annotated[str, typer.Option("--rulebook")]) -> None:
        asked.append(rulebook)

    def diff(_old: str, new: str) -> None:
        asked.append(new)

    monkeypatch.setattr(rules, "lint", lint)
    monkeypatch.setattr(rules_diff, "diff", diff)
    assert (main(arguments), asked) == (0, [given])


@pytest.mark.parametrize("before", [(), ("--home", "keys")])
def test_a_number_named_like_a_noun_is_traced(traced: list[str], before: tuple[str, ...]) -> None:
    assert main([*before, "trace", "keys"]) == 0
    assert traced == ["keys"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--home", "x", "rules"], 2), (["rules", "--help"], 0), (["--home", "rules"], 2)],
)
def test_a_noun_alone_prints_its_verbs_wherever_the_home_stands(
    arguments: list[str], code: int
) -> None:
    assert main(arguments) == code


def test_a_command_that_was_not_imported_never_ends_as_if_it_had_worked() -> None:
    """Were the chosen one ever found otherwise than by the parser, that is a bug, and seen."""
    with pytest.raises(AssertionError):
        typer.main.get_command(application([])).main(["errors"], standalone_mode=False)


def test_an_argument_that_a_terminal_wrote_in_gbk_is_read(traced: list[str]) -> None:
    assert main(["trace", GBK]) == 0
    assert traced == ["木岗镇"]


def test_an_argument_that_is_no_text_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", os.fsdecode(b"a\xff\xff"), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["where"]) == ("command.usage", r"a\udcff\udcff")


def test_a_file_whose_name_is_in_gbk_stays_what_it_is_called_and_can_be_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / GBK).touch()
    body = io.BytesIO()
    out = io.TextIOWrapper(body, encoding="utf-8")
    print_all(out)
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr(
        errors_cmd, "errors", lambda name: emit_json({"there": Path(name).exists(), "name": name})
    )
    assert main(["errors", str(tmp_path / GBK)]) == 0
    told = json.loads(body.getvalue())
    assert (told["there"], told["name"]) == (True, str(tmp_path / GBK))
