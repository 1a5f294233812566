"""What `yichuan send` sent from this home, so that a later message can answer it by id or 文号."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from connectors.bus.home import Home
from schemas.document import Target
from schemas.document_number import normal_document_number
from schemas.ids import Alias, CaseId, MessageId
from schemas.messages import Message
from schemas.parts import Flow
from schemas.topics import RECORDS


@dataclass(frozen=True, slots=True)
class Known:
    """A message that this organ sent or got: what in_reply_to may mean."""

    target: Target
    number: str | None
    record: str

    @classmethod
    def of(cls, message: Message) -> Self:
        """Return what is to be known of a message; of what the bus says, that which it is about.

        So a message that a connector sent can be answered by its id: its receipt names it.
        """
        envelope = message.envelope
        said = not RECORDS[type(message).__name__].on_flows  # by the bus, to one organ
        if said and envelope.in_reply_to is not None:
            about = Target(envelope.in_reply_to, envelope.case_id, envelope.flow)
            return cls(about, None, "")
        target = Target(envelope.message_id, envelope.case_id, envelope.flow)
        return cls(target, envelope.document_number, envelope.record)

    def is_named(self, text: str) -> bool:
        """Whether the text is its message id or its number."""
        if text == self.target.message_id:
            return True
        return self.number is not None and normal_document_number(text) == self.number


def targets_of(known: Iterable[Known], named: str) -> tuple[Target, ...]:
    """Return what a message id or a number means, each once; two senders may have used one id."""
    return tuple(dict.fromkeys(one.target for one in known if one.is_named(named)))


def note_sent(home: Home, alias: Alias, known: Known) -> None:
    """Write down what was sent; a line for each, no content."""
    path = _ledger(home, alias)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = known.target
    line = {
        "id": target.message_id,
        "case": target.case_id,
        "flow": target.flow,
        "number": known.number,
        "record": known.record,
    }
    with path.open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(line, ensure_ascii=False) + "\n")


def sent_before(home: Home, alias: Alias) -> Iterator[Known]:
    """Yield what was sent from this home as the organ, the oldest first.

    A line that a full disk or a loss of power cut short is passed over: what it named is looked for
    in the inbox, among the bus's receipts.
    """
    path = _ledger(home, alias)
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as ledger:
        for line in ledger:
            known = _known(line)
            if known is not None:
                yield known


def _known(line: str) -> Known | None:
    try:
        found = json.loads(line)
        target = Target(MessageId(found["id"]), CaseId(found["case"]), Flow(found["flow"]))
        return Known(target, found["number"], found["record"])
    except (ValueError, KeyError, TypeError):
        return None


def _ledger(home: Home, alias: Alias) -> Path:
    return home.path / "sent" / f"{alias}.jsonl"
