"""What was sent in a run of the demo, and how each message fared: counted by flow and by record."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.parts import Flow
from services.cli.demo_events import Answered, Drop

STATES = ("accepted", "held", "rejected")


@dataclass(slots=True)
class Tally:
    """The documents that agencies put into their outboxes, by name."""

    records: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)  # name → what the bus said at first

    def dropped(self, drop: Drop) -> Drop:
        """Note what is sent."""
        self.records[drop.name] = drop.document["record"]
        return drop

    def answered(self, event: Answered) -> None:
        """Note the first answer: what was held and is released later stays one that was held."""
        if event.name in self.records:
            self.first.setdefault(event.name, event.state)

    @property
    def messages(self) -> int:
        """How many were answered."""
        return len(self.first)

    def by_record(self) -> dict[str, int]:
        """Return how many of each record were answered."""
        return dict(Counter(self.records[name] for name in sorted(self.first)))

    def by_flow(self, flow_of: Callable[[int], str]) -> dict[str, dict[str, int]]:
        """Return stories, messages and first answers of each flow. `flow_of` a story's number."""
        flows: dict[str, dict[str, int]] = {}
        seen: set[int] = set()
        for name, state in self.first.items():
            number = int(name.split("-", 2)[1])
            empty = dict.fromkeys(("stories", "messages", *STATES), 0)
            counts = flows.setdefault(flow_of(number), empty)
            counts["stories"] += number not in seen
            counts["messages"] += 1
            counts[state] += 1
            seen.add(number)
        return {flow.value: flows[flow] for flow in Flow if flow in flows}
