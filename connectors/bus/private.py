"""Files that only their owner can read, written whole or not at all, and to stay.

Keys, logins and what was set aside: something else relies on each being found after a loss of
power, as the casebook does on its key.
"""

import os
from pathlib import Path

from connectors.bus.durable import make_folder, put_in_place


def write_private(path: Path, text: str) -> None:
    """Write a text as UTF-8."""
    write_private_bytes(path, text.encode())


def write_private_bytes(path: Path, value: bytes) -> None:
    """Write bytes."""
    make_folder(path.parent, 0o700)
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    put_in_place(partial, path)
