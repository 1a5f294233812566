"""One thing has one name in the Chinese that officials see: terms.csv says which, and what not."""

import csv
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.house.tree import REPO, tracked

TABLE: Final = REPO / "tests" / "house" / "terms.csv"
QUOTED: Final = re.compile(r"“[^”]*”")  # the guidance and the law keep their own words
# Names of records, and what the generated page quotes sentence by sentence.
GENERATED: Final = frozenset({"deploy/guidance.md"})
SHOWN: Final = (
    "schemas/errors.toml",
    "services/",
    "connectors/",
    "deploy/",
    "README.zh-CN.md",
    "tests/law/wording.py",
    "tests/faults/table.py",
)
SUFFIXES: Final = frozenset({".py", ".toml", ".md", ".csv", ".yml"})


def terms() -> list[dict[str, str]]:
    """The glossary."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def shown() -> Iterator[tuple[str, int, str]]:
    """Every line of what an official may read, without its quotations."""
    for path in tracked():
        name = str(path)
        if path.suffix in SUFFIXES and name.startswith(SHOWN) and name not in GENERATED:
            lines = (REPO / path).read_text(encoding="utf-8").splitlines()
            yield from ((name, at, QUOTED.sub("", line)) for at, line in enumerate(lines, start=1))


LINES: Final = tuple(shown())


@pytest.mark.parametrize("row", terms(), ids=lambda row: row["english"])
def test_a_thing_has_one_name(row: dict[str, str]) -> None:
    other = re.compile(row["not"])
    found = [
        f"{name}:{at}: {match[0]}" for name, at, line in LINES for match in other.finditer(line)
    ]
    assert found == [], f"it is called {row['term']}"


def test_no_name_is_another_thing_s_and_each_is_used() -> None:
    names = [name for row in terms() for name in row["term"].split("、")]
    assert len(names) == len(set(names))
    for row in terms():
        assert not any(re.search(row["not"], name) for name in names)
    text = "\n".join(line for _, _, line in LINES)
    assert [name for name in names if name not in text] == []
