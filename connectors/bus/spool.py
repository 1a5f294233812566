"""What goes out next of what waits to be published: of each case the first, within an allowance."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.bus.allowance import Allowance
from connectors.bus.ledger import Ledger, SpoolSize
from connectors.bus.system import State
from connectors.bus.unanswered import LiesAt
from schemas.ids import CaseId, MessageId
from schemas.parts import Flow

LOG: Final = logging.getLogger("yichuan.connector")

# What the connector says itself (Delivered) has no place. It answers what came, which was allowed
# to its sender; and were it counted, who is flooded could not send letters of its own.
_HEADS: Final = """
SELECT ordinal, sent.place IS NOT NULL FROM spool JOIN sent USING (message_id)
 WHERE ordinal IN (SELECT MIN(ordinal) FROM spool GROUP BY case_id)
 AND message_id NOT IN (SELECT message_id FROM uploads)
 AND spool.case_id NOT IN (SELECT value FROM json_each(?)) ORDER BY ordinal
"""
_VALUES: Final = """
SELECT message_id, flow, case_id, value FROM spool
 WHERE ordinal IN (SELECT value FROM json_each(?)) ORDER BY ordinal
"""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A value waiting to be published. Of one case, only the first may be tried."""

    message_id: MessageId
    flow: Flow
    case_id: CaseId
    value: bytes

    @property
    def record(self) -> tuple[str, bytes, bytes]:
        """The topic, key and value to publish."""
        return self.flow.value, self.case_id.encode(), self.value


class Spool:
    """The spool of a ledger, and what its agency may send."""

    def __init__(self, ledger: Ledger, allowance: Allowance, may_send: Callable[[], bool]) -> None:
        self._ledger, self._allowance, self._may_send = ledger, allowance, may_send
        self._letters: frozenset[MessageId] = frozenset()  # among the last heads
        self.holds_back = False  # whether the last heads were fewer than are ready
        self.is_shut = False  # whether nothing may be sent: the key's time is over

    def heads(self, cases_max: int, but: Iterable[CaseId], at: float) -> tuple[Spooled, ...]:
        """Return the first of each case but `but`, oldest first, whose files are all stored.

        Letters of the agency within its allowance; `at` in monotonic seconds.
        """
        room, taken, letters = self._allowance.room(at), list[int](), set[int]()
        self.holds_back, self.is_shut = False, not self._may_send()
        if self.is_shut:
            return ()
        for ordinal, is_letter in self._ledger.db.execute(_HEADS, (json.dumps(list(but)),)):
            if len(taken) == cases_max:
                break
            if is_letter and len(letters) == room:
                self.holds_back = True
                continue
            taken.append(ordinal)
            if is_letter:
                letters.add(ordinal)
        rows = self._ledger.db.execute(_VALUES, (json.dumps(taken),)).fetchall()
        heads = [Spooled(MessageId(m), Flow(f), CaseId(c), v) for m, f, c, v in rows]
        self._letters = frozenset(
            head.message_id
            for ordinal, head in zip(taken, heads, strict=True)
            if ordinal in letters
        )
        return tuple(heads)

    def size(self) -> SpoolSize:
        """Return how much waits."""
        return self._ledger.spool_size()

    def is_full(self) -> bool:
        """Whether nothing more may be taken from the agency."""
        return self.size().is_full or self._ledger.unanswered.is_full()

    def published(self, written: Mapping[MessageId, LiesAt], at: float, now: datetime) -> None:
        """Note what the broker acknowledged of the last heads; `at` in monotonic seconds."""
        if given_up := self._ledger.published(written, now):
            LOG.warning("never answered, kept no longer: %d", given_up)
        letters = [each for each in written if each in self._letters]
        self._allowance.published(letters, at)
        for each in letters:
            row = self._ledger.sent(each)
            if row is not None and row.state is not State.PUBLISHED:
                self._allowance.answered(each)  # the answer was here before the acknowledgement

    def answered(self, message_id: MessageId) -> None:
        """Note that the bus has said what became of a letter."""
        self._allowance.answered(message_id)

    def silent(self, now: datetime) -> int:
        """Return of how many published letters the bus has said nothing for long."""
        return self._ledger.unanswered.silent(now)
