"""The copy of a message for one recipient: redacted for its relation before anything is written.

Where nothing is hidden the copy is the sender's bytes with the delivery put in. Else it has digests
in place of what is not shown: the sender's seal stands on either. The exchange vouches for the
whole of it, masked values and delivery included (domain, section 6, items 4 and 5).
"""

from datetime import datetime
from typing import Final

from schemas.batch import VOUCHED_MAX_CHARACTERS
from schemas.codec import BODY_MAX_BYTES, Opened
from schemas.messages import Message
from schemas.parts import Delivery
from schemas.seal import Unvouched, copied
from services.casebook.rows import ToVouch
from services.casebook.work import Work
from services.casework.case import Case
from services.casework.effects import Deliver
from services.confidentiality.redact import Redacted, coarser
from services.exchange.file_keys import keys_for
from services.exchange.office import Office
from services.exchange.shown import Key, Shown

# Of a copy before the exchange's word; with more, lists of which a part is hidden go as a whole.
COPY_MAX_BYTES: Final = BODY_MAX_BYTES - VOUCHED_MAX_CHARACTERS - 100


class Copies:
    """The copies that one decision writes. `case` is as that decision leaves it."""

    def __init__(self, office: Office, work: Work, case: Case | None, at: datetime) -> None:
        self._office, self._work, self._at = office, work, at
        self._shown = Shown(office, work, case)

    def know(self, key: Key, opened: Opened) -> None:
        """Take a message that is open already: its original is what it was opened from."""
        self._shown.know(key, opened)

    def value(self, effect: Deliver) -> ToVouch:
        """Return the copy that the effect writes.

        Raises Broken casebook.original_missing, schema.not_applied.
        """
        key = (effect.author, effect.message)
        opened = self._shown.original(key)
        shown = self._shown.copy(key, effect.relation)
        copy = self._copied(effect, opened, shown)
        if len(copy.body) > COPY_MAX_BYTES:  # what it carries for each hidden part is too much
            copy = self._copied(effect, opened, coarser(shown))
        return ToVouch(self._office.id_of(opened.schema), copy)

    def _copied(self, effect: Deliver, opened: Opened, shown: Redacted[Message]) -> Unvouched:
        delivery = Delivery(
            to=effect.to,
            relation=effect.relation,
            rule=effect.rule,
            at=self._received_at(effect),
            withheld=shown.withheld,
            masked=shown.masked,
            keys=keys_for(shown.message.envelope, self._office, effect.to, self._at),
        )
        return copied(opened, self._office.codec_of(opened.schema), delivery, shown.message)

    def _received_at(self, effect: Deliver) -> datetime:
        """Return when the bus had the message, which may have been held, or handed on since.

        By that time its sender's key is judged: it may have ended in the meantime.
        """
        known = self._work.message(effect.author, effect.message)
        return known.received_at if known else self._at
