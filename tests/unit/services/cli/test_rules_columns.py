"""`rules show` for people: in a terminal of 100 columns what is typed again stands on one line."""

import json

import pytest

from services.cli import output
from services.cli.main import main
from services.cli.output import table
from services.cli.rules_columns import COLUMNS, Part, drawn_of

TERMINAL_COLUMNS = 100


@pytest.mark.parametrize("part", Part)
def test_what_is_typed_again_is_never_folded(
    part: Part, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_WIDTH_WITHOUT_TERMINAL", TERMINAL_COLUMNS)
    command = ["rules", "show", part.value, "--rulebook", "demo"]
    assert main([*command, "--json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(command) == 0
    found = capsys.readouterr()
    assert "--json" in found.err
    assert max(map(output_width, found.out.splitlines())) <= TERMINAL_COLUMNS
    for column in COLUMNS[part]:
        if column.is_whole:
            cells = {" ".join(filter(None, map(each.get, column.keys))) for each in objects}
            assert [cell for cell in cells if cell not in found.out] == [], column


def output_width(line: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 - as the product does

    return cell_len(line)


def test_a_column_in_which_nothing_stands_is_left_out() -> None:
    every = ("kind", "length", "sector", "record", "author", "basis", "valid_from", "valid_to")
    row = dict.fromkeys(every) | {"kind": "sign_for", "ladder": {"name": "standard"}, "author": "x"}
    heads, rows, whole = drawn_of(Part.DUTIES, [row])
    assert rows == [["sign_for", "x", "standard"]]
    assert len(heads) == 3
    assert whole == {heads[0]}
    assert drawn_of(Part.DUTIES, []) == ([], [], frozenset())


def test_where_it_does_not_fit_everything_wraps_and_nothing_is_cut_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_WIDTH_WITHOUT_TERMINAL", 20)
    table(["a", "b"], [["0" * 24, "1" * 24]], whole={"a"})
    shown = capsys.readouterr().out
    assert (shown.count("0"), shown.count("1")) == (24, 24)
