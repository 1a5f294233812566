"""What anybody may have written is printed and never obeyed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.errors import text
from services.cli import output
from services.cli.output import (
    emit_json,
    error_object,
    harmless,
    note,
    one_line,
    print_error,
    say,
    table,
)
from services.cli.words import clock_time

EVIL = "张\x1b[2J\x9b31m\x07\x7f\u202e\u2066\u061c\r伟"
SHOWN = "张\\u001b[2J\\u009b31m\\u0007\\u007f\\u202e\\u2066\\u061c\\u000d伟"


def test_what_a_terminal_obeys_is_an_escape_and_all_else_stays() -> None:
    assert harmless(EVIL) == SHOWN
    assert harmless("张伟\t（甲）\u3000\U00020bb7\n乙") == "张伟\t（甲）\u3000\U00020bb7\n乙"
    assert one_line("甲\n状态: 已处理") == "甲\\n状态: 已处理"


def test_json_says_the_same_and_holds_nothing_that_is_obeyed(capsys: Any) -> None:
    emit_json({"name": EVIL, "lines": "甲\u2028乙\n丙"})
    printed = capsys.readouterr().out
    assert printed.removesuffix("\n").isprintable()
    assert json.loads(printed) == {"name": EVIL, "lines": "甲\u2028乙\n丙"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tables_lines_and_errors_are_harmless(
    language: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YICHUAN_LANG", language)
    table(["x"], [[EVIL]])
    say(EVIL, EVIL)
    note(EVIL, EVIL)
    print_error(error_object(text("organ.unknown"), EVIL, f"{EVIL}\n  → 无须处理"), as_json=True)
    out, err = capsys.readouterr()
    for line in (out + err).split("\n"):
        assert line.isprintable()
    assert out.count(SHOWN) == 2
    assert err.count(SHOWN) == 3
    assert "  → 无须处理" not in err.splitlines()


@pytest.mark.parametrize(
    ("at", "shown", "in_words"),
    [
        (
            datetime(2026, 9, 21, 2, tzinfo=UTC),
            "2026-09-21T10:00:00.000+08:00",
            "2026-09-21 10:00:00",
        ),
        (
            datetime(9999, 12, 31, 23, tzinfo=UTC),
            "9999-12-31T23:00:00.000+00:00",
            "9999-12-31 23:00:00",
        ),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T08:00:00.000+08:00", "1-01-01 08:00:00"),
    ],
)
def test_any_instant_that_a_message_may_hold_is_shown(
    at: datetime, shown: str, in_words: str, capsys: Any
) -> None:
    """Dead letters and exported files say what they will: no instant ends the command."""
    emit_json({"sent_at": at})
    assert json.loads(capsys.readouterr().out) == {"sent_at": shown}
    assert clock_time(at).lstrip("0") == in_words


@pytest.mark.parametrize("width", [1, 8, 20, 40])
def test_a_table_in_a_terminal_that_is_too_narrow_for_it_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setattr(output, "_WIDTH_WITHOUT_TERMINAL", width)
    cells = ["".join(chr(code) for code in range(at, at + 20)) for at in range(0x4E00, 0x4E78, 20)]
    output.table(list("abcdef"), [cells], whole=("a", "b"))
    printed = capsys.readouterr().out
    assert all(sign in printed for sign in "".join(cells) + "abcdef")
