"""What happens between the demo's play and the agencies' systems: drops, arrivals, answers."""

from dataclasses import dataclass

from services.cli.demo_setting import Document


@dataclass(frozen=True, slots=True)
class Drop:
    """A document that an agency puts into its outbox. `name` is its file's or row's."""

    alias: str
    name: str
    document: Document


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that an agency found in its own system."""

    alias: str
    document: Document


@dataclass(frozen=True, slots=True)
class Answered:
    """What an agency's connector shows at something it sent."""

    alias: str
    name: str
    state: str  # accepted, held or rejected
    code: str | None
    message_id: str | None
    case_id: str | None
