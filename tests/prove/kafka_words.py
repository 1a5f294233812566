"""Kafka's types as bytes, both ways: what a request of any kind is made of, and read from.

In answers a letter stands for a type: b h i q (integers of 1, 2, 4, 8 bytes), E (an error code),
s y (text, bytes), [ ] (array), U (uuid); S Y ( ) the same in the compact form, T tags, ? the rest.
"""

import struct
from dataclasses import dataclass, field
from typing import Final

NULL: Final = b"\xff\xff\xff\xff"  # no array
NO_TEXT: Final = b"\xff\xff"
NONE: Final = b"\0"  # a compact null, and no tags
NO_STRUCT: Final = b"\xff"
UUID: Final = bytes(16)
_SIZES: Final = {"b": 1, "h": 2, "i": 4, "q": 8, "U": 16}


def integers(form: str, *values: float) -> bytes:
    """Return integers of these widths, as `struct` names them."""
    return struct.pack(f">{form}", *values)


def text(value: str) -> bytes:
    """Return a text."""
    encoded = value.encode()
    return struct.pack(">h", len(encoded)) + encoded


def data(value: bytes) -> bytes:
    """Return bytes."""
    return struct.pack(">i", len(value)) + value


def array(*items: bytes) -> bytes:
    """Return an array."""
    return struct.pack(">i", len(items)) + b"".join(items)


def number(value: int) -> bytes:
    """Return a number of variable length."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def compact(value: str | bytes) -> bytes:
    """Return a text, or bytes, in the compact form."""
    encoded = value.encode() if isinstance(value, str) else value
    return number(len(encoded) + 1) + encoded


def several(*items: bytes) -> bytes:
    """Return an array in the compact form."""
    return number(len(items) + 1) + b"".join(items)


def errors_of(form: str, answer: bytes) -> tuple[int, ...]:
    """Return the error codes of an answer, in their order."""
    reader = _Reader(answer)
    reader.read(form.split())
    return tuple(reader.errors)


@dataclass(slots=True)
class _Reader:
    answer: bytes
    at: int = 0
    errors: list[int] = field(default_factory=list)
    is_over: bool = False

    def read(self, form: list[str]) -> None:
        index = 0
        while index < len(form) and not self.is_over:
            letter = form[index]
            if letter in "[(":
                end = _closing(form, index)
                for _ in range(self._count(compact=letter == "(")):
                    self.read(form[index + 1 : end])
                index = end
            else:
                self._one(letter)
            index += 1

    def _one(self, letter: str) -> None:
        if letter == "?":
            self.is_over = True
        elif letter == "E":
            self.errors.append(self._integer("h"))
        elif letter in _SIZES:
            self._take(_SIZES[letter])
        elif letter == "s":
            self._take(max(self._integer("h"), 0))
        elif letter == "y":
            self._take(max(self._integer("i"), 0))
        elif letter in "SY":
            self._take(self._count(compact=True))
        else:
            assert letter == "T", letter
            assert self._varying() == 0, "tags that nobody asked for"

    def _count(self, *, compact: bool) -> int:
        return max(self._varying() - 1 if compact else self._integer("i"), 0)

    def _integer(self, form: str) -> int:
        (found,) = struct.unpack(f">{form}", self._take(_SIZES[form]))
        return int(found)

    def _varying(self) -> int:
        found = shift = 0
        while True:
            (byte,) = self._take(1)
            found |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return found
            shift += 7

    def _take(self, length: int) -> bytes:
        taken = self.answer[self.at : self.at + length]
        assert len(taken) == length, "the answer ends too soon"
        self.at += length
        return taken


def _closing(form: list[str], opening: int) -> int:
    depth = 0
    for index in range(opening, len(form)):
        depth += (form[index] in "[(") - (form[index] in "])")
        if depth == 0:
            return index
    return len(form)  # what is left is not read
