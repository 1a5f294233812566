"""Files that only their owner can read, written whole or not at all, and to stay.

Keys, logins and what was set aside: something else relies on each being found after a loss of
power, as the casebook does on its key.
"""

import os
from pathlib import Path
from tempfile import mkstemp

from connectors.bus.durable import make_folder, put_in_place


def write_private(path: Path, text: str) -> None:
    """Write a text as UTF-8."""
    write_private_bytes(path, text.encode())


def write_private_bytes(path: Path, value: bytes) -> None:
    """Write bytes. Of several that write one file at a time each writes it whole; the last stays.

    Two exchanges do so that are started together, so each has a name of its own until then.
    """
    make_folder(path.parent, 0o700)
    descriptor, name = mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
