"""A steady stream of sealed letters, written to the flows by organs that have no connector here.

Each is of a case of its own, from an organ and to an organ whose inbox no connector of the stand
reads, so that the judge of the connectors' traffic meets none of them.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from math import ceil
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, Self

from confluent_kafka import KafkaError, Producer

from connectors.bus.clock import monotonic, now
from connectors.bus.keys import load_signer
from schemas.codec import current, frame
from schemas.errors import Refusal
from schemas.messages import LeadTransfer, Message
from schemas.seal import seal_message
from schemas.topics import flow_partition, inbox_of
from services.rulebook.calendar import local_date
from services.rulebook.jurisdiction import Question, route
from tests.bench.letters import lead
from tests.history import demo
from tests.prove.county_sending import outcomes
from tests.prove.letters import keyring
from tests.prove.stand import Stand, records, wait_until

if TYPE_CHECKING:
    from schemas.jwk import Signer

TURN_SECONDS: Final = 0.1
FLUSH_SECONDS_MAX: Final = 60.0
DECIDED_SECONDS_MAX: Final = 300.0
DELIVERED_SECONDS_MAX: Final = 120.0  # of one inbox, read whole each time
ASKED_MAX: Final = 10_000  # ids in one question to the casebook
LEADS: Final = "leads"


@dataclass(slots=True)
class Sent:
    """What was written: by whom, for whom, when."""

    handlers: dict[str, str] = field(default_factory=dict)  # message id → alias of who gets it
    refused: list[KafkaError] = field(default_factory=list)  # by the broker


class Stream:
    """Writes so many a second from a thread of its own, between `with` and its end."""

    def __init__(self, stand: Stand, per_second: float, without: Collection[str]) -> None:
        self._stand, self._per_second, self._without = stand, per_second, frozenset(without)
        self._stop, self._thread = Event(), Thread(target=self._run, daemon=True)
        self._broken: list[BaseException] = []
        self._signers: dict[str, Signer] = {}
        self._producers: dict[str, Producer] = {}
        self.sent = Sent()
        self.is_held = False  # what comes from outside may wait; the rate is not made up for

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, when the broker has acknowledged what was written."""
        self._stop.set()
        self._thread.join()

    def judged(self) -> str:
        """Wait until all is decided; return the figure. AssertionError: something is missing."""
        assert not self._broken, self._broken
        assert not self.sent.refused, self.sent.refused[0].name()
        ids = tuple(self.sent.handlers)
        wait_until(
            lambda: sum(self._outcomes(ids).values()) == len(ids),
            DECIDED_SECONDS_MAX,
            lambda: f"all {len(ids)} letters of the stream decided: {self._outcomes(ids)}",
        )
        found = self._outcomes(ids)
        assert found == {"accepted": len(ids)}, f"of {len(ids)} letters of the stream: {found}"
        for alias in set(self.sent.handlers.values()):
            self._is_delivered(alias)
        return f"{len(ids)} letters of the stream, each accepted and in its inbox once"

    def _is_delivered(self, alias: str) -> None:
        """See that an inbox has each letter that is for it, once, and no other of them."""
        owed = {each for each, handler in self.sent.handlers.items() if handler == alias}
        found = wait_until(
            lambda: (
                there if owed <= (there := Counter(copies(self._stand, alias))).keys() else None
            ),
            DELIVERED_SECONDS_MAX,
            f"all {len(owed)} letters of the stream in the inbox of {alias}",
        )
        wrong = [each for each, times in found.items() if times > 1 or each not in owed]
        assert not wrong, f"{len(wrong)} letters doubled, or of another, in the inbox of {alias}"

    def _outcomes(self, ids: Sequence[str]) -> Counter[str]:
        starts = range(0, len(ids), ASKED_MAX)
        parts = (outcomes(self._stand, ids[at : at + ASKED_MAX]) for at in starts)
        return Counter(outcome for part in parts for outcome in part.values())

    def _run(self) -> None:
        try:
            letters, due = self._letters(), monotonic()
            while not self._stop.wait(max(due - monotonic(), 0)):
                if self.is_held:
                    due = monotonic() + TURN_SECONDS
                    continue
                for _ in range(ceil(self._per_second * TURN_SECONDS)):
                    self._write(next(letters))
                    due += 1 / self._per_second
            for producer in self._producers.values():
                assert producer.flush(FLUSH_SECONDS_MAX) == 0, "not acknowledged"
        except BaseException as error:
            self._broken.append(error)
            raise

    def _letters(self) -> Iterator[tuple[str, str, Message]]:
        """Yield (sender, handler, letter), both with no connector on this stand."""
        for number in count():
            found = lead(number, now())
            sender, handler = parties(found)
            if sender not in self._without and handler not in self._without:
                yield sender, handler, found

    def _write(self, told: tuple[str, str, Message]) -> None:
        sender, handler, letter = told
        if sender not in self._producers:
            self._signers[sender] = load_signer(self._stand.home.key(sender), None)
            self._producers[sender] = Producer(
                self._stand.client(sender) | {"acks": "all", "linger.ms": 5}
            )
        producer, envelope = self._producers[sender], letter.envelope
        value = frame(self._schema, seal_message(letter, self._signers[sender]).body)
        key = envelope.case_id.encode()
        partition = flow_partition(key, self._stand.settings.kafka.partitions)
        producer.produce(LEADS, value, key, partition, on_delivery=self._note)
        producer.poll(0)
        self.sent.handlers[envelope.message_id] = handler

    def _note(self, error: KafkaError | None, _: object) -> None:
        if error is not None:
            self.sent.refused.append(error)

    @cached_property
    def _schema(self) -> int:
        return keyring(self._stand).id_for(current(LeadTransfer.__name__).fingerprint)


def parties(letter: Message) -> tuple[str, str]:
    """Return the aliases of who sends a lead of the bench, and of who is to get it."""
    assert isinstance(letter, LeadTransfer)
    (violation,) = letter.violations or ()
    day = violation.found_on
    assert day is not None  # the act's too: of one day
    sent = local_date(letter.envelope.sent_at)  # by it the power to handle it may have moved
    asked = Question(violation.place, violation.matter, day, day, None, sent)
    (handler,) = route(demo(), asked).organs
    organs = demo().directory.organs
    return str(organs[letter.envelope.sender].alias), str(organs[handler].alias)


def copies(stand: Stand, alias: str) -> Iterator[str]:
    """Yield the id of each lead that lies in an inbox."""
    for record in records(stand, alias, inbox_of(alias)):
        at = datetime.fromtimestamp(record.timestamp()[1] / 1000, tz=UTC)
        opened = keyring(stand).open(record.value() or b"", at)
        assert not isinstance(opened, Refusal), f"an inbox value does not hold: {opened.code}"
        if isinstance(opened.message, LeadTransfer):
            yield opened.message.envelope.message_id
