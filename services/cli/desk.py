"""What a command needs of an installation: its home, settings, rulebook, and one organ's login."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.bus.clock import now
from connectors.bus.home import Home, Settings, home_at
from connectors.bus.registry import SchemaIds
from schemas.codec import Codec, current
from schemas.errors import UserError
from schemas.topics import RECORDS
from services.rulebook.calendar import local_date
from services.rulebook.directory import find
from services.rulebook.load import load
from services.rulebook.model import Organ, Rulebook


@dataclass(frozen=True, slots=True)
class Desk:
    """An installation, opened. `codecs` by the registry's id, `ids` by fingerprint."""

    home: Home
    settings: Settings
    rulebook: Rulebook
    codecs: Mapping[int, Codec]
    ids: Mapping[str, int]

    def organ(self, text: str) -> Organ:
        """Return the organ of that code, alias or exact name. Raises UserError organ.unknown."""
        found = find(self.rulebook.directory, text, local_date(now()))
        if found is None:
            raise UserError("organ.unknown", where=text)
        return found


def open_desk(home: Path | None) -> Desk:
    """Read what lies in a home. Raises UserError where `up` and the applies have not been."""
    place = home_at(home)
    settings = place.settings()
    known = SchemaIds.load(place.schema_ids)
    ours = {codec.fingerprint: codec for codec in map(current, RECORDS)}
    return Desk(
        home=place,
        settings=settings,
        rulebook=load(place.rulebook),
        codecs={
            number: ours[fingerprint]
            for number, fingerprint in known.by_id.items()
            if fingerprint in ours
        },
        ids={
            fingerprint: known.id_for(fingerprint)
            for fingerprint in ours
            if fingerprint in known.by_id.values()
        },
    )
