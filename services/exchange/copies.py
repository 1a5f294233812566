"""The copy of a message for one recipient: redacted for its relation before anything is written.

Where nothing is hidden the copy is the sender's bytes with the delivery put in. Else it has digests
in place of what is not shown: the sender's seal stands on either. The exchange vouches for the
whole of it, masked values and delivery included (domain, section 6, items 4 and 5).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from schemas.batch import VOUCHED_MAX_CHARACTERS
from schemas.codec import BODY_MAX_BYTES, Opened
from schemas.ids import MessageId, OrganCode
from schemas.inline import fingerprint_of, schema_of
from schemas.messages import Message
from schemas.parts import Delivery, Relation
from schemas.seal import Unvouched, copied
from services.casebook.rows import ToVouch
from services.casebook.work import Work
from services.casework.case import Case
from services.casework.effects import Deliver
from services.confidentiality.free_text import SECRETS_MAX, Value
from services.confidentiality.redact import Redacted, Redactor, coarser
from services.exchange.lookups import original_in, reopened
from services.exchange.office import Office

# Messages of one case that are looked through for what a copy must not tell. In a case with more,
# the texts of its copies are masked whole.
SEARCHED_MAX: Final = 200
# Of a copy before the exchange's word; with more, lists of which a part is hidden go as a whole.
COPY_MAX_BYTES: Final = BODY_MAX_BYTES - VOUCHED_MAX_CHARACTERS - 100

_Key = tuple[OrganCode, MessageId]


class Copies:
    """The copies that one decision writes. `case` is as that decision leaves it."""

    def __init__(self, office: Office, work: Work, case: Case | None, at: datetime) -> None:
        self._office, self._work, self._case, self._at = office, work, case, at
        self._opened: dict[_Key, Opened] = {}
        self._redacted: dict[tuple[_Key, Relation], Redacted[Message]] = {}

    def know(self, key: _Key, opened: Opened) -> None:
        """Take a message that is open already: its original is what it was opened from."""
        self._opened[key] = opened

    def value(self, effect: Deliver) -> ToVouch:
        """Return the copy that the effect writes.

        Raises Broken casebook.original_missing, schema.not_applied.
        """
        key = (effect.author, effect.message)
        opened = self._original(key)
        shown = self._shown(key, opened, effect.relation)
        copy = self._copied(effect, opened, shown)
        if len(copy.body) > COPY_MAX_BYTES:  # what it carries for each hidden part is too much
            copy = self._copied(effect, opened, coarser(shown))
        return ToVouch(self._office.id_of(opened.schema), copy)

    def _copied(self, effect: Deliver, opened: Opened, shown: Redacted[Message]) -> Unvouched:
        delivery = Delivery(
            to=effect.to,
            relation=effect.relation,
            rule=effect.rule,
            at=self._at,
            withheld=shown.withheld,
            masked=shown.masked,
        )
        return copied(opened, self._office.codec_of(opened.schema), delivery, shown.message)

    def _original(self, key: _Key) -> Opened:
        if key not in self._opened:
            self._opened[key] = reopened(self._office, original_in(self._work, *key))
        return self._opened[key]

    def _shown(self, key: _Key, opened: Opened, relation: Relation) -> Redacted[Message]:
        """Return what the relation sees of it: once for all recipients of one relation."""
        found = self._redacted.get((key, relation))
        if found is None:
            redactor = self._redactor(opened, relation)
            also = self._hidden_elsewhere(key, relation) if redactor.reads else ()
            found = self._redacted[key, relation] = redactor(opened.message, also)
        return found

    def _redactor(self, opened: Opened, relation: Relation) -> Redactor:
        schema = self._office.codec_of(opened.schema).schema
        return self._office.redaction.redactor(schema, relation, opened.schema)

    def _hidden_elsewhere(self, key: _Key, relation: Relation) -> tuple[Value, ...] | None:
        """Return what the case's other messages hide from that relation; None: it is too much."""
        hiding = list(self._hiding(key, relation))
        if len(hiding) > SEARCHED_MAX:
            return None
        found: dict[Value, None] = {}
        for other in hiding:
            opened = self._original(other)
            found |= dict.fromkeys(self._redactor(opened, relation).hidden(opened.message))
            if len(found) > SECRETS_MAX:
                return None
        return tuple(found)

    def _hiding(self, key: _Key, relation: Relation) -> Iterator[_Key]:
        """Yield the other messages of the case that may hide something: few records ever do."""
        told = () if self._case is None else self._case.handed
        records = {(each.author, each.message): each.record for each in told}
        for other, record in records.items():
            redactor = self._office.redaction.redactor(
                schema_of(record), relation, fingerprint_of(record)
            )
            if other != key and redactor.hides:
                yield other
