"""Single Avro values, in their one canonical form: numbers, strings, dates, instants, decimals.

A reader takes (bytes, position) and returns (value, new position); a writer appends to a
bytearray. Readers raise one of UNREADABLE, writers one of UNWRITABLE, without a text: what lies
in the bytes is nobody's business but the recipient's.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, Final

Reader = Callable[[bytes, int], tuple[Any, int]]
Writer = Callable[[Any, bytearray], None]

UNREADABLE: Final = (ValueError, IndexError, KeyError, OverflowError)
UNWRITABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    ArithmeticError,
)
STRING_MAX_BYTES: Final = 65_536  # some 21,000 Chinese characters; longer texts are attachments
ARRAY_MAX: Final = 2_000  # elements; each takes at least a byte, and some hundred bytes once read
INT_LIMIT: Final = 2**31  # an int is from minus this to below it
LONG_LIMIT: Final = 2**63

_CONTINUES: Final = 0x80  # the top bit of a byte of a variable-length number: more follow
_LONG_BITS: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_BOOLEANS: Final = {False: 0, True: 1}  # null is neither
_MILLISECOND: Final = timedelta(milliseconds=1)


def decimal_size(unscaled: int) -> int:
    """Return how many bytes the shortest two's complement takes (as Java's BigInteger)."""
    return (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Read a zigzag number of at most 64 bits, in as few bytes as it needs."""
    number = data[at]
    at += 1
    if number >= _CONTINUES:
        number &= 0x7F
        shift = 7
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            if byte < _CONTINUES:
                break
            shift += 7
            if shift >= _LONG_BITS:
                raise ValueError
        if byte == 0 or number >> _LONG_BITS:  # a needless last byte, or more than 64 bits
            raise ValueError
    return (number >> 1) ^ -(number & 1), at


def read_int(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of 32 bits."""
    number, at = read_long(data, at)
    if not -INT_LIMIT <= number < INT_LIMIT:
        raise ValueError
    return number, at


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """Read a string: its length in bytes, then UTF-8."""
    size = data[at]
    if size < _CONTINUES and not size & 1:  # the usual case, without a call: under 64 bytes
        at += 1
        end = at + (size >> 1)
    else:
        size, at = read_long(data, at)
        end = at + size
        if not 0 <= size <= STRING_MAX_BYTES:
            raise ValueError
    # An end past the data is found by whoever reads next, or by the check that all was read.
    text = data[at:end].decode()
    if "\0" in text:  # no database column and no letter takes it
        raise ValueError
    return text, end


def read_boolean(data: bytes, at: int) -> tuple[bool, int]:
    """Read 0x00 or 0x01."""
    byte = data[at]
    if byte > 1:
        raise ValueError
    return byte == 1, at + 1


def read_date(data: bytes, at: int) -> tuple[date, int]:
    """Read days since 1970-01-01."""
    days, at = read_long(data, at)
    return date_of(days), at


def date_of(days: int) -> date:
    """Return the date so many days after 1970-01-01."""
    return date.fromordinal(_EPOCH_DAY + days)


def read_instant(data: bytes, at: int) -> tuple[datetime, int]:
    """Read milliseconds since 1970-01-01T00:00Z."""
    millis, at = read_long(data, at)
    return _EPOCH + timedelta(milliseconds=millis), at


PRIMITIVE_READERS: Final[Mapping[str, Reader]] = {
    "boolean": read_boolean,
    "int": read_int,
    "long": read_long,
    "string": read_string,
}


def decimal_reader(precision: int, scale: int) -> Reader:
    """Return the reader of a decimal: the shortest two's complement, big-endian."""
    limit = 10**precision

    def read(data: bytes, at: int) -> tuple[Decimal, int]:
        size, at = read_long(data, at)
        end = at + size
        unscaled = int.from_bytes(data[at:end], "big", signed=True) if 0 < size <= precision else 0
        if size != decimal_size(unscaled) or end > len(data) or not -limit < unscaled < limit:
            raise ValueError
        return Decimal(unscaled).scaleb(-scale), end

    return read


def write_long(number: int, out: bytearray) -> None:
    """Append a zigzag variable-length number of at most 64 bits."""
    number = number << 1 if number >= 0 else ~(number << 1)
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def write_string(text: str, out: bytearray) -> None:
    """Append a string: its length in bytes, then UTF-8."""
    data = text.encode()
    size = len(data) << 1
    if size <= 0x7F:  # noqa: PLR2004 - the usual case, without a call
        out.append(size)
    else:
        write_long(len(data), out)
    out += data


def decimal_writer(precision: int, scale: int) -> Writer:
    """Return the writer of a decimal; it never rounds."""
    exact = decimal_context(precision)
    unit = Decimal(1).scaleb(-scale)

    def write(value: Decimal, out: bytearray) -> None:
        unscaled = int(value.quantize(unit, context=exact).scaleb(scale))
        size = decimal_size(unscaled)
        write_long(size, out)
        out += unscaled.to_bytes(size, "big", signed=True)

    return write


def decimal_context(precision: int) -> Context:
    """Return a context in which rounding, or more digits than that, is an error."""
    return Context(prec=precision, traps=[Inexact, InvalidOperation])


def write_int(number: int, out: bytearray) -> None:
    """Append a number of 32 bits."""
    if not -INT_LIMIT <= number < INT_LIMIT:
        raise OverflowError
    write_long(number, out)


def write_wide(number: int, out: bytearray) -> None:
    """Append a number of 64 bits."""
    if not -LONG_LIMIT <= number < LONG_LIMIT:
        raise OverflowError
    write_long(number, out)


def write_boolean(value: bool, out: bytearray) -> None:  # noqa: FBT001 - a value, not a switch
    """Append a boolean."""
    out.append(_BOOLEANS[value])


def write_date(value: date, out: bytearray) -> None:
    """Append a date."""
    write_long(value.toordinal() - _EPOCH_DAY, out)


def write_instant(value: datetime, out: bytearray) -> None:
    """Append an instant, cut to milliseconds."""
    write_long((value - _EPOCH) // _MILLISECOND, out)


PRIMITIVE_WRITERS: Final[Mapping[str, Writer]] = {
    "boolean": write_boolean,
    "int": write_int,
    "long": write_wide,
    "string": write_string,
}
