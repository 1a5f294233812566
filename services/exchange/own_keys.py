"""The bus's own keys, as the home's keys.csv lists them now.

What brings a new key of the bus into force is itself sealed by it: the rulebook in force cannot
know it yet. So a key of the bus, and of nobody else, that this rulebook does not know is looked up
in the operator's file, which grows while we run. What the rulebook says of a key stands.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from connectors.bus.fresh import Fresh
from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV
from connectors.bus.keyring import KEY_LEFT_MIN, ListedKey, read_keys
from schemas.errors import Unavailable, UserError
from schemas.ids import BUS
from schemas.jws import KeyRecord, is_in_force


class OwnKeys:
    """Gives the bus's keys by kid; none where there is no such file."""

    def __init__(self, home: Home) -> None:
        """Read them. Raises UserError file.unreadable."""
        self._keys = Fresh(home.rulebook / KEYS_CSV, _listed)

    def __call__(self, kid: str) -> ListedKey | None:
        """Return a key of the bus.

        A list that cannot be read adds none, and takes none away: somebody may just be copying it
        here, and the county's letters are not to wait for that.
        """
        with suppress(UserError):  # file.unreadable, which doctor tells, and the next start
            self._keys.changed()
        key = self._keys.value.get(kid)
        return key if key is not None and key.organ == BUS else None


def refuse_ended(key: KeyRecord | None, at: datetime) -> None:
    """Raise Unavailable key.not_in_force where nobody will believe what the key seals.

    Started again, the exchange takes the key that lies there by now.
    """
    if key is not None and not is_in_force(key, at + KEY_LEFT_MIN):
        raise Unavailable("key.not_in_force", where=key.kid)


def _listed(path: Path) -> Mapping[str, ListedKey]:
    return read_keys(path) if path.exists() else {}
