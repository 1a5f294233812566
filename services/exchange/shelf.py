"""The rulebooks of one exchange, and the Office that each makes; read when they are first needed.

A partition is decided by the rulebook that was activated in it last (design D8), so at one time
two of them may decide, and a replay takes up old ones again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from schemas.errors import Broken
from schemas.ids import RulebookHash
from schemas.messages import RulebookActivated, Tick
from schemas.parts import Flow
from services.exchange.incoming import Incoming
from services.exchange.intake import Intake, Sound, take_in
from services.exchange.office import Office
from services.rulebook.calendar import local_date
from services.rulebook.model import Rulebook

Read = Callable[[RulebookHash], Rulebook | None]
InForce = Mapping[tuple[str, int], RulebookHash | None]


def nothing_else(_rulebook: RulebookHash) -> None:
    """Read no rulebook beside the first one."""


class Shelf:
    """Gives an Office by the hash of its rulebook. `first` decides where none was activated yet."""

    def __init__(self, first: Office, read: Read = nothing_else) -> None:
        self.first = first
        self._read = read
        self._offices = {first.rulebook.hash: first}

    def find(self, rulebook: RulebookHash | None) -> Office | None:
        """Return the Office of a rulebook (None: the first); None when it is not here."""
        if rulebook is None:
            return self.first
        if rulebook not in self._offices:
            found = self._read(rulebook)
            if found is None:
                return None
            self._offices[rulebook] = replace(self.first, rulebook=found)
        return self._offices[rulebook]

    def office(self, rulebook: RulebookHash | None) -> Office:
        """Return the Office of a rulebook. Raises Broken rulebook.unknown when it is not here."""
        found = self.find(rulebook)
        if found is None:
            raise Broken("rulebook.unknown", detail=(rulebook or "")[:12])
        return found

    def take_in(self, records: Sequence[Incoming], in_force: InForce) -> list[Intake]:
        """Judge records, each by the rulebook that will be in force at its place in the log.

        A forecast only: the desk, which knows what was in force, judges again what was judged by
        another. Raises Broken rulebook.unknown.
        """
        offices = {place: self.office(rulebook) for place, rulebook in in_force.items()}
        taken: list[Intake] = []
        for incoming in records:
            place = incoming.position.place
            intake = take_in(incoming, offices.get(place, self.first))
            taken.append(intake)
            message = intake.opened.message if isinstance(intake, Sound) else None
            if isinstance(message, Tick):
                # Found here if it must be found, before any row of the database is locked.
                by = offices.get(place, self.first)
                by.turning_days()
                if place[0] == Flow.COPIES:
                    by.guidance(local_date(incoming.stamped_at).year)
            if isinstance(message, RulebookActivated):
                offices[place] = self.find(message.rulebook) or self.first
        return taken
