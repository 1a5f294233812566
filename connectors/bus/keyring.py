"""The keys and schemas that a connector judges its inbox by, from the home's files.

Both files grow while a connector runs (an organ joins, a schema is added), so what is not found
is looked for once more when the file has changed since. One that is only half copied takes nothing
away; what it may yet name waits for the other half.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.bus.clock import SKEW_MAX
from connectors.bus.fresh import Patient
from connectors.bus.key_rows import KEYS_CSV, read_rows, unreadable
from connectors.bus.known_schemas import KnownSchemas
from schemas.codec import Codec, Opened, unframe
from schemas.errors import Malformed, Refusal, Unavailable, UserError
from schemas.file_key import encryption_key
from schemas.ids import OrganCode
from schemas.jws import is_in_force
from schemas.seal import check_sender, verify, verify_copy


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A row of keys.csv."""

    kid: str
    organ: OrganCode
    algorithm: str
    x: str
    y: str
    valid_from: datetime
    valid_to: datetime | None
    compromised_since: datetime | None = None


# Nothing is sealed or sent so shortly before a key ends: the broker's clock may be ahead of ours.
KEY_LEFT_MIN: Final = SKEW_MAX


class Keyring:
    """Opens inbox values and verifies their seals.

    What is not known while its file is not whole raises Unavailable file.unreadable.
    """

    def __init__(self, rulebook: Path, schema_ids: Path, bus: str) -> None:
        self._bus = bus
        self._path = rulebook / KEYS_CSV
        self._keys = Patient(self._path, read_keys, _is_less)
        self._schemas = KnownSchemas(schema_ids)

    @property
    def unread(self) -> tuple[tuple[str, str], ...]:
        """Which files are not whole, so that what they said before stands: name and code."""
        found = ((KEYS_CSV, self._keys.unread), self._schemas.unread)
        return tuple((name, code) for name, code in found if code is not None)

    def organ_of(self, kid: str) -> OrganCode | None:
        """Return whose key it is."""
        key = self._key(kid)
        return key.organ if key else None

    def is_believed(self, kid: str, at: datetime) -> bool:
        """Whether the bus takes what that key seals, and will for a moment more."""
        self._keys.changed()
        key = self._keys.value.get(kid)
        return key is not None and is_in_force(key, at) and is_in_force(key, at + KEY_LEFT_MIN)

    def encryption_key(self, organ: OrganCode, at: datetime) -> ListedKey | None:
        """Return the key that files are encrypted to for an organ; None: it has none."""
        self._keys.changed()
        return encryption_key(self._keys.value.values(), organ, at)

    def id_for(self, fingerprint: str) -> int:
        """Return the registry id to write a schema with. Raises UserError registry.ids_missing."""
        return self._schemas.id_for(fingerprint)

    def open(self, value: bytes, at: datetime) -> Opened | Refusal:
        """Return the message of an inbox value if its seal holds, else why not.

        The exchange vouches for it, and its sender's seal holds for what it shows. `at` is the
        broker's time of the record; a delivered copy is judged at the time that its delivery tells,
        when the exchange had the original: a key may have ended in between.
        """
        opened = self._decoded(value)
        if isinstance(opened, Refusal):
            return opened
        key = verify_copy(opened, self._key, at, self._bus)
        return key if isinstance(key, Refusal) else opened

    def open_original(self, value: bytes, at: datetime) -> Opened | Refusal:
        """Return the message of a flow's value if its sender's own seal holds, else why not."""
        opened = self._decoded(value)
        if isinstance(opened, Refusal):
            return opened
        key = verify(opened, self._key, at)
        if isinstance(key, Refusal):
            return key
        return check_sender(opened.message.envelope, key, self._bus) or opened

    def _decoded(self, value: bytes) -> Opened | Refusal:
        try:
            schema_id, body = unframe(value)
            codec = self.codec(schema_id)
            if codec is None:
                return Refusal("message.unknown_schema", detail=str(schema_id))
            return codec.open(body)
        except Malformed as error:
            return Refusal(error.code, error.where)

    def _key(self, kid: str) -> ListedKey | None:
        self._keys.changed()  # each time: a key that is known may have been revoked
        key = self._keys.value.get(kid)
        if key is None and self._keys.unread is not None:
            raise Unavailable("file.unreadable", where=str(self._path))
        return key

    def codec(self, schema_id: int) -> Codec | None:
        """Return the codec of a registry id; None for a schema that we do not have."""
        return self._schemas.get(schema_id)


def read_keys(path: Path) -> Mapping[str, ListedKey]:
    """Return keys.csv by kid. Raises UserError keys.none or file.unreadable."""
    rows = read_rows(path)
    if not rows:
        raise UserError("keys.none", where=str(path), exit_code=3)
    try:
        keys = [
            ListedKey(
                kid=row["kid"],
                organ=OrganCode(row["organ"]),
                algorithm=row["algorithm"],
                x=row["x"],
                y=row["y"],
                valid_from=_aware(row["valid_from"]),
                valid_to=_instant(row["valid_to"]),
                compromised_since=_instant(row.get("compromised_since", "")),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(path, str(error)) from None
    return {key.kid: key for key in keys}


def _is_less(now: Mapping[str, ListedKey], before: Mapping[str, ListedKey]) -> bool:
    return not before.keys() <= now.keys()  # a row stays once it is there


def _instant(text: str) -> datetime | None:
    return _aware(text) if text else None


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:  # nothing could be held against it
        raise ValueError(f"no zone: {text}")  # noqa: TRY003 - as fromisoformat's own
    return at
