"""What a batch did, counted for the metrics."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What a batch did, for the metrics; counted only once it has committed."""

    messages: list[tuple[str, str, str]] = field(default_factory=list)  # flow, record, outcome
    dead: list[str] = field(default_factory=list)
    rungs: list[tuple[str, str]] = field(default_factory=list)  # duty, rung
