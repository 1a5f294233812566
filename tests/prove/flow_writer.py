"""Writing straight to a flow topic as an organ, and finding what became of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from connectors.bus.clock import monotonic
from deploy.local import processes
from schemas.errors import Refusal
from schemas.messages import Accepted, Held, Rejected
from schemas.topics import DEAD_LETTERS, inbox_of
from services.exchange import workers
from tests.prove.letters import SENDER, keyring, message_on, sealed_value
from tests.prove.stand import Stand, ends_of, records, wait_until

SECONDS_MAX: Final = 60.0
WRITE_SECONDS_MAX: Final = 30.0
LEADS: Final = "leads"

Answer = Accepted | Rejected | Held


@dataclass(frozen=True, slots=True)
class Place:
    """Where the broker put a record."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Watch:
    """How far dead letters, the sender's inbox and the exchange were before something was tried."""

    stand: Stand
    dead_ends: dict[int, int]
    inbox_ends: dict[int, int]
    exchanges: dict[str, int]  # name → pid

    @classmethod
    def begin(cls, stand: Stand) -> "Watch":
        """Look at them now."""
        return cls(
            stand,
            ends_of(stand, "admin", DEAD_LETTERS),
            ends_of(stand, SENDER, inbox_of(SENDER)),
            exchange_pids(stand),
        )

    def dead(self, place: Place) -> str:
        """Wait for the dead letter of a record; return its code."""
        return wait_until(lambda: self._dead(place), SECONDS_MAX, f"the dead letter of {place}")

    def answer(self, message_id: str) -> Answer:
        """Wait for the bus's answer to a message, in the sender's inbox."""
        missed = f"an answer to {message_id}"
        return wait_until(lambda: self._answers(message_id), SECONDS_MAX, missed)[0]

    def goes_on(self, partition: int) -> float:
        """See a good lead through this partition of `leads`; return the seconds it took."""
        began = monotonic()
        lead = message_on(self.stand, partition)
        case = lead.envelope.case_id.encode()
        write(self.stand, LEADS, partition, case, sealed_value(self.stand, lead))
        answer = self.answer(lead.envelope.message_id)
        assert isinstance(answer, Accepted), f"a good lead behind it: {type(answer).__name__}"
        assert exchange_pids(self.stand) == self.exchanges, "an exchange was started anew"
        return monotonic() - began

    def _dead(self, place: Place) -> str | None:
        for letter in records(self.stand, "admin", DEAD_LETTERS, self.dead_ends):
            headers: Any = letter.headers() or ()  # pairs; the stubs allow other forms, too
            told = {name: value.decode() for name, value in headers}
            where = [told[f"__connect.errors.{name}"] for name in ("topic", "partition", "offset")]
            if where == [place.topic, str(place.partition), str(place.offset)]:
                return str(told["yichuan-code"])
        return None

    def _answers(self, message_id: str) -> list[Answer]:
        found: list[Answer] = []
        for record in records(self.stand, SENDER, inbox_of(SENDER), self.inbox_ends):
            at = datetime.fromtimestamp(record.timestamp()[1] / 1000, tz=UTC)
            opened = keyring(self.stand).open(record.value() or b"", at)
            assert not isinstance(opened, Refusal), f"an inbox value does not hold: {opened.code}"
            message = opened.message
            if isinstance(message, Answer) and message.envelope.in_reply_to == message_id:
                found.append(message)
        return found


def write(
    stand: Stand,
    topic: str,
    partition: int,
    key: bytes | None,
    value: bytes | None,
    login: str = SENDER,
) -> Place:
    """Write one record as an organ; AssertionError when the broker does not take it."""
    places: list[Place] = []
    errors: list[KafkaError] = []

    def note(error: KafkaError | None, record: Message) -> None:
        if error is not None:
            errors.append(error)
            return
        found = (record.topic(), record.partition(), record.offset())
        places.append(Place(*found))  # type: ignore[arg-type] # a delivered record has them

    producer = Producer(stand.client(login) | {"acks": "all", "message.max.bytes": 1_048_576})
    producer.produce(topic, value, key, partition, on_delivery=note)
    left = producer.flush(WRITE_SECONDS_MAX)
    assert not left, f"{topic}: not acknowledged within {WRITE_SECONDS_MAX:g} s"
    assert not errors, f"{topic}: {errors[0].name()}"
    return places[0]


def exchange_pids(stand: Stand) -> dict[str, int]:
    """Return the pid of each of the demo's exchanges; AssertionError when one does not run."""
    found = {}
    for worker in workers.numbers(stand.settings):
        name = workers.name_of(worker)
        process = processes.running(stand.home, name)
        assert process is not None, f"{name} does not run"
        found[name] = process.pid
    return found
