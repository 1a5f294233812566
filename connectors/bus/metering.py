"""How much may come out of an archive while it is read through (archives.py)."""

import io
from typing import IO, Any, Final

from schemas.errors import Refusal

EXPANDED_MAX_BYTES: Final = 4 * 1024**3  # all that comes out of one attachment
RATIO_MAX: Final = 200  # times its size; below EXPANDED_FREE_BYTES any
EXPANDED_FREE_BYTES: Final = 64 * 1024**2
READ_BYTES: Final = 256 * 1024
BOMB: Final = "attachment.archive_bomb"


class Found(Exception):
    """Ends the reading; never leaves archives.py."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.refusal: Final = Refusal(code, detail=detail)


class Budget:
    """What may still come out."""

    def __init__(self, size_bytes: int) -> None:
        allowed = max(size_bytes * RATIO_MAX, EXPANDED_FREE_BYTES)
        self._most_bytes = min(allowed, EXPANDED_MAX_BYTES)
        self._out_bytes = 0

    def spend(self, out_bytes: int) -> None:
        """Note what came out. Raises Found."""
        self._out_bytes += out_bytes
        if self._out_bytes > self._most_bytes:
            raise Found(BOMB, f"> {self._most_bytes} bytes")

    def forecast(self, out_bytes: int) -> None:
        """Refuse what an archive says of itself, before any is read. Raises Found."""
        if out_bytes > self._most_bytes:
            raise Found(BOMB, f"> {self._most_bytes} bytes")


class Metered(io.RawIOBase):
    """A stream inside an archive: whatever is read of it, forwards or anew, is spent."""

    def __init__(self, inner: IO[bytes], budget: Budget) -> None:
        self._inner, self._budget = inner, budget
        self._at = 0

    def readable(self) -> bool:
        """As of any stream."""
        return True

    def seekable(self) -> bool:
        """By reading on, or anew from the start."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        """Read, and spend what was read."""
        data = self._inner.read(min(len(buffer), READ_BYTES))
        buffer[: len(data)] = data
        self._budget.spend(len(data))
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there by reading: what is skipped was decompressed too."""
        if whence == 2:  # noqa: PLR2004 - os.SEEK_END
            offset += self._skip(None)
        elif whence == 1:
            offset += self._at
        if offset < self._at:
            self._inner.seek(0)
            self._at = 0
        return self._skip(offset)

    def tell(self) -> int:
        """How far it was read."""
        return self._at

    def _skip(self, to: int | None) -> int:
        while to is None or self._at < to:
            data = self._inner.read(READ_BYTES if to is None else min(READ_BYTES, to - self._at))
            if not data:
                break
            self._budget.spend(len(data))
            self._at += len(data)
        return self._at
