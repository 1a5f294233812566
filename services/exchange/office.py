"""What one exchange decides with: rulebook, key, codecs by registry id. Read once, at the start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from schemas.codec import Codec, current
from schemas.errors import Broken
from schemas.file_key import Openers, encryption_key
from schemas.ids import Alias, OrganCode
from schemas.jwk import Signer
from schemas.jws import KeyRecord, Keys
from schemas.seal import Unvouched, vouched
from schemas.secrecy import Gate
from services.casework.turns import turning_days
from services.confidentiality.places import Places
from services.confidentiality.redact import Redaction
from services.rulebook.guidance import GuidanceYear, guidance_years
from services.rulebook.model import PublicKey, Rulebook


def no_others(_kid: str) -> None:
    """Know no key of the bus but the rulebook's."""


@dataclass(frozen=True, slots=True)
class Office:
    """The exchange's means. Frozen: a new rulebook is a new Office."""

    rulebook: Rulebook
    signer: Signer
    partitions: int  # of each flow
    codecs: Mapping[int, Codec]  # by the id in the frame
    ids: Mapping[str, int]  # fingerprint → id in the frame
    # Of the keys of files; none: a replay.
    openers: Openers = field(default_factory=dict, repr=False)
    own_keys: Keys = no_others  # of the bus, that the rulebook does not know yet (own_keys.py)
    # Of this rulebook and no other: who sees what, and how an address is generalised.
    redaction: Redaction = field(init=False, repr=False, compare=False)
    gate: Gate = field(init=False, repr=False, compare=False)  # its no-sharing list, compiled
    _turns: list[tuple[date, ...]] = field(init=False, repr=False, compare=False)
    _guidance: dict[int, tuple[GuidanceYear, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the redactors' home, each compiled when it is first asked for, and the gate."""
        places = Places(self.rulebook.divisions)
        object.__setattr__(self, "redaction", Redaction(self.rulebook.clearances, places))
        object.__setattr__(self, "gate", Gate(self.rulebook.no_sharing))
        object.__setattr__(self, "_guidance", {})
        object.__setattr__(self, "_turns", [])

    def guidance(self, year: int) -> tuple[GuidanceYear, ...]:
        """Return who owes whom guidance in the year: found once, when it is first asked for."""
        if year not in self._guidance:
            self._guidance[year] = guidance_years(self.rulebook, year)
        return self._guidance[year]

    def turning_days(self) -> tuple[date, ...]:
        """Return the days on which another may be competent: found once, when first asked for."""
        if not self._turns:
            self._turns.append(turning_days(self.rulebook))
        return self._turns[0]

    def key(self, kid: str) -> KeyRecord | None:
        """A public key of the directory, or one of the bus's own that is newer."""
        return self.rulebook.directory.keys.get(kid) or self.own_keys(kid)

    def alias(self, organ: OrganCode) -> Alias | None:
        """The organ's inbox name; None for an organ that the directory does not know."""
        found = self.rulebook.directory.organs.get(organ)
        return found.alias if found else None

    def encryption_key(self, organ: OrganCode, at: datetime) -> PublicKey | None:
        """Return the key of the directory that files are encrypted to for an organ."""
        return encryption_key(self.rulebook.directory.keys.values(), organ, at)

    def id_of(self, fingerprint: str) -> int:
        """The registry id of a schema. Raises Broken schema.not_applied."""
        try:
            return self.ids[fingerprint]
        except KeyError:
            raise Broken("schema.not_applied", detail=fingerprint[:12]) from None

    def codec_of(self, fingerprint: str) -> Codec:
        """The codec of a schema that a stored original was written with."""
        return self.codecs[self.id_of(fingerprint)]

    def vouch(self, values: Sequence[Unvouched]) -> tuple[bytes, ...]:
        """Give the bus's word on what goes to inboxes, all under one signature."""
        return vouched(values, self.rulebook.bus, self.signer)

    def own(self, record: str) -> int:
        """Return the registry id of our own version of a record."""
        return self.id_of(current(record).fingerprint)
