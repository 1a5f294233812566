"""What a batch did: counted for the metrics, and what it has still to publish."""

from dataclasses import dataclass, field

from services.casebook.rows import Unsent


@dataclass(slots=True)
class Tally:
    """What a batch did; told only once it has committed."""

    messages: list[tuple[str, str, str]] = field(default_factory=list)  # flow, record, outcome
    dead: list[str] = field(default_factory=list)
    secrets: set[tuple[str, int]] = field(default_factory=set)  # partitions that got one
    unsent: list[Unsent] = field(default_factory=list)  # as in the outbox: all, or none
