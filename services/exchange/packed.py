"""How a record came out of the broker's log, where that matters for what is made of it. Pure."""

from dataclasses import dataclass

from schemas.errors import Refusal


@dataclass(frozen=True, slots=True)
class Packed:
    """The batch that a record came in."""

    first: int  # offset of the batch's first record
    is_inflated: bool  # it was many times as small on the wire as any letters make it


@dataclass(frozen=True, slots=True)
class Unread:
    """Offsets up to that of a record that stands for them: what lay there is not given out."""

    first: int
    refusal: Refusal  # why; its detail says which offsets


def unread(code: str, first: int, last: int) -> Unread:
    """Return that the records from one offset to another are not given out, by a code."""
    return Unread(first, Refusal(code, detail=f"{first}-{last}"))
