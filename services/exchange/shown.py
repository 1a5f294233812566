"""What a relation sees of a case's messages, by one table of clearances: each looked at once.

A text that is shown must not tell what the case's other messages hide from that relation either.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.codec import Opened
from schemas.ids import MessageId, OrganCode
from schemas.inline import fingerprint_of, schema_of
from schemas.messages import Message
from schemas.parts import Relation
from services.casebook.work import Work
from services.casework.case import Case
from services.confidentiality.free_text import SECRETS_MAX, Value
from services.confidentiality.redact import Redacted, Redaction, Redactor
from services.exchange.office import Office
from services.exchange.unsealed import is_erased, original_in, reopened

# Messages of one case that are looked through for what a copy must not tell. In a case with more,
# the texts of its copies are masked whole.
SEARCHED_MAX: Final = 200
PARENTS_MAX: Final = 20  # cases that one was split from, one after the other; likewise

Key = tuple[OrganCode, MessageId]


class Shown:
    """The messages of one case, as `redaction` lets them be seen."""

    def __init__(
        self, office: Office, work: Work, case: Case | None, redaction: Redaction | None = None
    ) -> None:
        """`redaction`: that of the office's rulebook, if left out."""
        self._office, self._work, self._case = office, work, case
        self._redaction = redaction or office.redaction
        self._opened: dict[Key, Opened] = {}
        self._redacted: dict[tuple[Key, Relation], Redacted[Message]] = {}

    def know(self, key: Key, opened: Opened) -> None:
        """Take a message that is open already: its original is what it was opened from."""
        self._opened[key] = opened

    def original(self, key: Key) -> Opened:
        """Return a sealed message. Raises Broken casebook.original_missing, case.erased."""
        if key not in self._opened:
            self._opened[key] = reopened(self._office, original_in(self._work, *key))
        return self._opened[key]

    def copy(self, key: Key, relation: Relation) -> Redacted[Message]:
        """Return what the relation sees of it: once for all recipients of one relation."""
        found = self._redacted.get((key, relation))
        if found is None:
            opened = self.original(key)
            redactor = self.redactor(opened, relation)
            also = self._hidden_elsewhere(key, relation) if redactor.reads else ()
            found = self._redacted[key, relation] = redactor(opened.message, also)
        return found

    def redactor(self, opened: Opened, relation: Relation) -> Redactor:
        """Return what makes the relation's copies of such messages."""
        schema = self._office.codec_of(opened.schema).schema
        return self._redaction.redactor(schema, relation, opened.schema)

    def _hidden_elsewhere(self, key: Key, relation: Relation) -> tuple[Value, ...] | None:
        """Return what the case's other messages hide from that relation.

        None: it is too much, or one of them opens no more.
        """
        line = self._line()
        if line is None:
            return None
        hiding = list(self._hiding(line, key, relation))
        if len(hiding) > SEARCHED_MAX or any(is_erased(self._work, *other) for other in hiding):
            return None
        found: dict[Value, None] = {}
        for other in hiding:
            opened = self.original(other)
            found |= dict.fromkeys(self.redactor(opened, relation).hidden(opened.message))
            if len(found) > SECRETS_MAX:
                return None
        return tuple(found)

    def _hiding(self, line: Sequence[Case], key: Key, relation: Relation) -> Iterator[Key]:
        """Yield the other messages of the cases that may hide something: few records ever do."""
        told = (each for case in line for each in case.handed)
        records = {(each.author, each.message): each.record for each in told}
        for other, record in records.items():
            redactor = self._redaction.redactor(schema_of(record), relation, fingerprint_of(record))
            if other != key and redactor.hides:
                yield other

    def _line(self) -> list[Case] | None:
        """Return the case, and those that it was split from: their letters are its own.

        None: they are more than are looked at.
        """
        line: list[Case] = []
        case = self._case
        while case is not None:
            if len(line) > PARENTS_MAX:
                return None
            line.append(case)
            case = self._work.case(case.parent) if case.parent else None
        return line
