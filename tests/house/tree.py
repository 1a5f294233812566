"""What the house rules are held against: the files that are, or would be, committed."""

import subprocess
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

REPO: Final = Path(__file__).resolve().parents[2]
PRODUCT: Final = ("schemas", "services", "connectors", "deploy")


@cache
def tracked() -> tuple[PurePosixPath, ...]:
    """Return the files that git keeps, new ones included and removed ones not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = (PurePosixPath(name) for name in listed.split("\0") if name)
    return tuple(sorted(path for path in set(paths) if (REPO / path).is_file()))


def modules(*roots: str) -> tuple[PurePosixPath, ...]:
    """Return the Python files under the roots; all of them when none is given."""
    return tuple(
        path for path in tracked() if path.suffix == ".py" and (not roots or path.parts[0] in roots)
    )


def read(path: PurePosixPath) -> str:
    """Return a file's text; of a binary file what can be read of it."""
    return (REPO / path).read_text(encoding="utf-8", errors="replace")
