"""What a command says where a path cannot be written: the disk is full, or it is not ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import UserError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of a path that it cannot be written. Raises UserError file.unwritable."""
    try:
        yield
    except OSError as error:
        raise UserError("file.unwritable", str(path), error.strerror, exit_code=3) from None
