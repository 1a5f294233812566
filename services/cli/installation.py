"""What a command needs of an installation: its home, settings, rulebook and keys."""

from dataclasses import dataclass
from pathlib import Path

from connectors.bus.clock import now
from connectors.bus.home import Home, Settings, home_at
from connectors.bus.keyring import Keyring
from schemas.errors import UserError
from services.rulebook.calendar import local_date
from services.rulebook.directory import find
from services.rulebook.load import load
from services.rulebook.model import Organ, Rulebook


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation, opened."""

    home: Home
    settings: Settings
    rulebook: Rulebook
    keyring: Keyring

    def organ(self, text: str) -> Organ:
        """Return the organ of that code, alias or exact name. Raises UserError organ.unknown."""
        found = find(self.rulebook.directory, text, local_date(now()))
        if found is None:
            raise UserError("organ.unknown", where=text)
        return found


def open_installation(home: Path | None) -> Installation:
    """Read what lies in a home. Raises UserError where `up` and the applies have not been."""
    place = home_at(home).checked()
    settings = place.settings()
    rulebook = load(place.rulebook)
    return Installation(
        home=place,
        settings=settings,
        rulebook=rulebook,
        keyring=Keyring(place.rulebook, place.schema_ids, rulebook.bus),
    )
