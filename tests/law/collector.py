"""A pytest plugin: writes the rows that collected tests carry to the file that `--rows` names.

    @pytest.mark.guidance("二(二)2·1", "refusal transfer.officers_too_few", words="2名以上")

on a test, or among the marks of a parameter: then the row names the test with that parameter.
`note` says what of the sentence is not carried, and why.
"""

import json
from pathlib import Path

import pytest

from tests.law.rows import Row, as_json


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows", help="the file to which the rows of the guidance are written")


def pytest_collection_finish(session: pytest.Session) -> None:
    rows = {row: None for item in session.items for row in _rows_of(item)}
    path = Path(session.config.getoption("--rows"))
    path.write_text(json.dumps([as_json(row) for row in rows]), encoding="utf-8")


def _rows_of(item: pytest.Item) -> list[Row]:
    callspec = getattr(item, "callspec", None)
    of_parameter = list(callspec.marks) if callspec else []
    rows = []
    for mark in item.iter_markers("guidance"):
        test = item.nodeid if mark in of_parameter else item.nodeid.partition("[")[0]
        sentence, carrier = mark.args
        rows.append(Row(sentence, carrier, test, **mark.kwargs))
    return rows
