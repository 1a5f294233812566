"""Writes deploy/lifecycle.md from the table of steps: `make lifecycle`."""

from typing import Final

from services.casework.diagram import lifecycle
from tests.house.tree import REPO

PAGE: Final = REPO / "deploy" / "lifecycle.md"

if __name__ == "__main__":
    PAGE.write_text(lifecycle(), encoding="utf-8")
