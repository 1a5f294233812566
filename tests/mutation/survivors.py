"""The survivors that are known, each with its reason: tests/mutation/survivors.toml."""

import tomllib
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("survivors.toml")
Key = tuple[str, str, str, str]


def known(path: Path = LIST) -> dict[Key, str]:
    """Return the reason of each, by file, function or row, what stood there and what stands now."""
    listed = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    return {
        (each["file"], each["within"], each["was"], each["now"]): each["reason"] for each in listed
    }
