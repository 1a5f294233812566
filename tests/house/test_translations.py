"""The Chinese README has what the English one has: sections, folders, words, commands."""

import re

from tests.house.tree import REPO


def both() -> list[str]:
    """The two texts, English first."""
    names = ("README.md", "README.zh-CN.md")
    return [(REPO / name).read_text(encoding="utf-8") for name in names]


def test_both_have_the_same_sections_tables_and_commands() -> None:
    english, chinese = both()
    for pattern in (r"^## ", r"^\| ", r"^make \w+", r"^yichuan \w+"):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (english, chinese)]
        assert found[0] == found[1], pattern


def test_both_name_the_same_folders_and_records() -> None:
    english, chinese = both()
    for pattern in (r"^\| `([a-z/]+)` \|", r"\| ((?:[A-Z][a-zA-Z]+(?:, )?)+) \|", r"\]\(([^)]+)\)"):
        sides = [
            sorted(set(re.findall(pattern, text, re.MULTILINE))) for text in (english, chinese)
        ]
        other = [[one for one in side if not one.startswith("README")] for side in sides]
        assert other[0] == other[1], pattern
