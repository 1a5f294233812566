"""A small installation of real parts, and what is done to it behind the bus's back.

For tests/integration/test_doctor.py and for `make prove WHAT=county`: each fault is planted as
somebody would make it, with the tools of the part that it spoils.
"""

import asyncio
import io
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from confluent_kafka import Producer
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.bus.admin import carry_out, connect
from connectors.bus.changes import DropLogin, Grant, Revoke, SetConfig
from connectors.bus.clock import monotonic, now
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.layout import Acl
from connectors.bus.registry import SchemaIds, registry_of
from deploy.local import processes
from deploy.local import stack as local_stack
from schemas.codec import current, frame
from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.inline import schema_of
from schemas.jwk import signer_from_pem
from schemas.messages import Tick
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from services.cli.doctor import examine
from services.cli.doctor_finding import Symptom
from services.cli.main import main
from services.rulebook.finding import Severity
from tests.prove.kill_stand import kill

EXCHANGE: Final = "exchange"
ROBBED, SPY, DROPPED, SWAPPED = "yanjiao", "langdai", "mugang", "liuzhi-cgj"  # organs of the demo
SUBJECT: Final = "leads-yichuan.LeadTransfer"
STUCK_INBOX: Final = f"inbox.{ROBBED}"
READY_SECONDS_MAX: Final = 90.0
SECONDS_MAX: Final = 30.0
_POLL_SECONDS: Final = 0.5
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done, and by which code and place the doctor has to name it."""

    told: str
    plant: Callable[[Home, Settings], None]
    code: str
    where: str


def start_everything(home: Home) -> None:
    """Apply topics and schemas to a stack that is up, and start the exchange."""
    with redirect_stdout(io.StringIO()):
        for noun in ("topics", "schemas"):
            assert main([noun, "apply", "--home", str(home.path)]) == 0
    argv = (sys.executable, "-m", "services.exchange", "--home", str(home.path))
    processes.start(home, EXCHANGE, argv, os.environ)


@contextmanager
def whole_stack(home: Home, settings: Settings) -> Iterator[None]:
    """Hold a stack and its exchange up, found sound; whatever became of it, all of it ends."""
    ours: tuple[processes.Process, ...] = ()
    try:
        local_stack.up(home, settings, print)
        start_everything(home)
        ours = processes.all_recorded(home)
        healthy(home, settings)
        yield
    finally:
        local_stack.down(home, print)
        for process in ours:
            processes.end(process, local_stack.GRACE_SECONDS)


def healthy(home: Home, settings: Settings) -> tuple[Symptom, ...]:
    """Wait until the doctor finds no error, and the clock judged; return what is left."""
    until = monotonic() + READY_SECONDS_MAX
    while True:
        found = examine(home, settings)
        bad = [s for s in found if s.severity is Severity.ERROR or s.code == "clock.unjudged"]
        if not bad:
            return found
        assert monotonic() < until, f"a sound installation is called ill: {bad}"
        time.sleep(_POLL_SECONDS)


@contextmanager
def second_writer(home: Home) -> Iterator[None]:
    """Hold the casebook open for writing beside the exchange, as a careless tool does."""
    connection = sqlite3.connect(home.casebook)
    try:
        connection.execute("SELECT count(*) FROM settings").fetchone()
        yield
    finally:
        connection.close()


def _change(home: Home, settings: Settings, *changes: Any) -> None:
    client = connect(settings, home.credentials("admin"))
    carry_out(client, home, settings, changes)


def _stop_exchange(home: Home, _: Settings) -> None:
    kill(home, EXCHANGE)  # what is stopped by `down` is no longer expected to run


def _revoke(home: Home, settings: Settings) -> None:
    acl = Acl(f"User:{ROBBED}", "topic", "literal", f"inbox.{ROBBED}", "read")
    _change(home, settings, Revoke(acl))


def _grant(home: Home, settings: Settings) -> None:
    _change(home, settings, Grant(Acl(f"User:{SPY}", "topic", "literal", "leads", "read")))


def _drop_login(home: Home, settings: Settings) -> None:
    _change(home, settings, DropLogin(DROPPED))


def _drift(home: Home, settings: Settings) -> None:
    _change(home, settings, SetConfig("leads", "message.timestamp.type", "", "CreateTime"))


def _fake_stamp(home: Home, settings: Settings) -> None:
    """Write a Tick as the broker would stamp it were its clock an hour slow."""
    at = now()
    envelope = Envelope(
        bus="liuzhi-demo",
        message_id=MessageId(derive("tick", "fake", at.isoformat())),
        case_id=CaseId(derive("ticks", "leads", "0")),
        flow=Flow.LEADS,
        record="Tick",
        sender=BUS,
        sent_at=at,
    )
    signer = signer_from_pem(home.key("bus").read_bytes())
    body = seal_message(Tick(envelope, Flow.LEADS, 0), signer).body
    schema_id = SchemaIds.load(home.schema_ids).id_for(current("Tick").fingerprint)
    producer = Producer(librdkafka_options(settings, home.credentials("admin")))
    stamp, key = int((at - _HOUR).timestamp() * 1000), envelope.case_id.encode()
    stamped: list[int] = []
    until = monotonic() + SECONDS_MAX
    while stamped[-1:] != [stamp]:  # the changed setting reaches the topic a moment later
        assert monotonic() < until, "the broker stamps by its own clock still"
        producer.produce(
            "leads",
            frame(schema_id, body),
            key,
            0,
            timestamp=stamp,
            on_delivery=lambda _, record: stamped.append(record.timestamp()[1]),
        )
        assert producer.flush(SECONDS_MAX) == 0


def _lower_class(home: Home, settings: Settings) -> None:
    """Register, as the registry's admin, a version in which a reason is public."""
    schema: dict[str, Any] = json.loads(json.dumps(schema_of("LeadTransfer")))
    field = next(entry for entry in schema["fields"] if entry["name"] == "reason")
    field["confidentiality"] = "public"

    async def register() -> None:
        login = home.credentials("registry-admin")
        async with registry_of(settings, login) as registry:
            await registry.register(SUBJECT, json.dumps(schema))

    asyncio.run(register())


def _open_key(home: Home, _: Settings) -> None:
    home.key("bus").chmod(0o644)


def _swap_key(home: Home, _: Settings) -> None:
    key = generate_private_key(SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    home.key(SWAPPED).write_bytes(pem)


def _open_casebook(home: Home, _: Settings) -> None:
    home.casebook.chmod(0o644)


def _break_rulebook(home: Home, _: Settings) -> None:
    """Give a matter to a kind of department that there is none of."""
    table = home.rulebook / "jurisdiction.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("kind:urban_management", "kind:nobody", 1), encoding="utf-8")


def _stick(home: Home, _: Settings) -> None:
    with sqlite3.connect(home.casebook) as connection:
        connection.execute(
            "INSERT INTO outbox (source_topic, source_partition, topic) VALUES ('leads', 0, ?)",
            (STUCK_INBOX,),
        )


def _lose_log(home: Home, _: Settings) -> None:
    """Let the casebook be further than the log is, as after the loss of a broker's disk."""
    with sqlite3.connect(home.casebook) as connection:
        connection.execute(
            "UPDATE progress SET next_offset = 1000000 WHERE topic = 'copies' AND partition = 1"
        )


FAULTS: Final = (
    Fault("the exchange killed", _stop_exchange, "part.stopped", EXCHANGE),
    Fault("a right taken away", _revoke, "acl.missing", f"User:{ROBBED}"),
    Fault("a right too many", _grant, "acl.surplus", f"User:{SPY}"),
    Fault("a login dropped", _drop_login, "login.missing", DROPPED),
    Fault("a topic's setting changed", _drift, "topic.setting_drifted", "leads"),
    Fault("a stamp an hour slow", _fake_stamp, "clock.skew", "leads/0"),
    Fault("a class lowered in the registry", _lower_class, "schema.class_lowered", SUBJECT),
    Fault("a key that all can read", _open_key, "file.readable_by_others", "keys/bus.pem"),
    Fault("a key that is not listed", _swap_key, "key.unlisted", f"keys/{SWAPPED}.pem"),
    Fault("a casebook that all can read", _open_casebook, "file.readable_by_others", "casebook"),
    Fault("the rulebook's copy broken", _break_rulebook, "rules.lint_failed", "rulebook/juris"),
    Fault("the same copy, not the one chosen", lambda *_: None, "rules.copy_differs", "rulebook"),
    Fault("an outbox that stands still", _stick, "outbox.stuck", STUCK_INBOX),
    Fault("a log shorter than the casebook", _lose_log, "log.shorter", "copies/1"),
)
