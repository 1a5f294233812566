"""Which program this process runs: its version, and a digest of its code.

The version alone does not tell whether a process was started anew after an upgrade: a checkout
keeps its number from commit to commit.
"""

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

VERSION: Final = version("yichuan")
DIGITS: Final = 12  # of the digest
_ROOT: Final = Path(__file__).parents[2]
_FOLDERS: Final = ("connectors", "schemas", "services")
_SUFFIXES: Final = frozenset({".py", ".avsc", ".toml"})  # what a process reads once, as it starts


@cache
def code() -> str:
    """Return the digest of the code as it lay on the disk when this process first asked."""
    return digest_of(_ROOT)


def digest_of(root: Path) -> str:
    """Return the digest of the code in a folder: of each file's path and bytes, in one order."""
    whole = sha256()
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _SUFFIXES:
                raw = path.read_bytes()
                whole.update(f"{path.relative_to(root).as_posix()} {len(raw)}\n".encode())
                whole.update(raw)
    return whole.hexdigest()[:DIGITS]
