"""Files that only their owner can read, written whole or not at all, and to stay.

Keys, logins and what was set aside: something else relies on each being found after a loss of
power, as the casebook does on its key.
"""

from pathlib import Path
from secrets import token_hex

from connectors.bus.durable import make_folder, put_in_place, write_new


def write_private(path: Path, text: str) -> None:
    """Write a text as UTF-8."""
    write_private_bytes(path, text.encode())


def write_private_bytes(path: Path, value: bytes) -> None:
    """Write bytes. Of several that write one file at a time each writes it whole; the last stays.

    Two exchanges do so that are started together, so each has a name of its own until then.
    """
    make_folder(path.parent, 0o700)
    partial = path.with_name(f".{path.name}.{token_hex(4)}.partial")
    try:
        write_new(partial, value, 0o600)
        put_in_place(partial, path)
    finally:
        partial.unlink(missing_ok=True)  # on a disk that is full nothing else could go on
