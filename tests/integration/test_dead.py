"""A planted defect, a frozen case, and the operator's way out: `yichuan dead list|show|retry`."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka import Producer

from connectors.bus.kafka import librdkafka_options
from deploy.local import processes
from deploy.local import stack as local_stack
from schemas.ids import OrganCode
from schemas.load import default_example
from services.cli.main import main
from tests.doctor_faults import EXCHANGE, whole_stack
from tests.history import merged, officers, organ

REPOSITORY = Path(__file__).parents[2]
SENDER: Final = "yanjiao"
NUMBER: Final = "案移〔2026〕77号"
CANARY: Final = "金丝雀不得外泄"
SECONDS_MAX = 30.0
LOOKS_MAX = 200
RANDOM = b"\x00\x00\x00\x00\x63not a message of ours"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, new_home: Any) -> Iterator[Any]:
    """A stack of its own: its exchange is swapped for one with a defect, and back."""
    made = new_home(tmp_path_factory.mktemp("dead") / "home")
    with whole_stack(made.home, made.settings):
        yield made


def swap(bench: Any, module: str, *options: str) -> None:
    """Put another build into the exchange's place."""
    processes.stop(bench.home, EXCHANGE, local_stack.GRACE_SECONDS)
    argv = (sys.executable, "-m", module, "--home", str(bench.home.path), *options)
    processes.start(bench.home, EXCHANGE, argv, os.environ, cwd=REPOSITORY)


class Command:
    """Runs `yichuan … --json` and returns (exit code, lines)."""

    def __init__(self, bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self._home, self._capsys = str(bench.home.path), capsys
        self.printed = ""

    def __call__(self, *argv: str) -> tuple[int, list[dict[str, Any]]]:
        """Run one command."""
        self._capsys.readouterr()
        code = main([*argv, "--json", "--home", self._home])
        self.printed = self._capsys.readouterr().out
        return code, [json.loads(line) for line in self.printed.splitlines()]

    def letters(self) -> list[dict[str, Any]]:
        """Return `dead list`."""
        return self("dead", "list")[1]


def a_lead(folder: Path) -> str:
    sender = OrganCode(organ(SENDER))
    changes = {
        "envelope": {"document_number": NUMBER, "officers": officers(sender)},
        "reason": CANARY,
    }
    path = folder / "lead.json"
    document = merged(default_example("lead_transfer"), changes)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return str(path)


def write_bytes(bench: Any, partition: int) -> None:
    producer = Producer(librdkafka_options(bench.settings, bench.home.credentials(SENDER)))
    producer.produce("leads", RANDOM, b"key", partition)
    assert producer.flush(SECONDS_MAX) == 0


def test_a_frozen_case_goes_on_when_it_is_retried_with_a_mended_exchange(
    bench: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yichuan = Command(bench, capsys)
    swap(bench, "tests.prove.planted_exchange", "--number", NUMBER)
    sending = ("send", "lead_transfer", a_lead(tmp_path), "--as", SENDER, "--wait", "90")
    code, (receipt,) = yichuan(*sending)
    assert (code, receipt["outcome"]) == (0, "held")
    frozen = newest(yichuan, "case.defect", 1)
    assert (frozen["status"], frozen["message"]) == ("frozen", receipt["message"])

    code, (shown,) = yichuan("dead", "show", frozen["id"])
    assert code == 0
    assert shown["content"]["envelope"]["document_number"] == NUMBER
    assert shown["headers"]["__connect.errors.topic"] == "leads"
    assert shown["headers"]["kafka_dlt-original-topic"] == "leads"
    assert CANARY not in yichuan.printed
    assert yichuan("dead", "show", receipt["message"], "--bytes")[1][0]["value"]

    # A dry run changes nothing; with the defect still there the case freezes again.
    code, (step,) = yichuan("dead", "retry", frozen["id"], "--dry-run")
    assert (code, step["as"], step["dry_run"]) == (0, "settled", True)
    code, (failed,) = yichuan("dead", "retry", frozen["id"], "--wait", "90")
    assert (code, failed["error"]["code"]) == (1, "dead.froze_again")
    again = newest(yichuan, "case.defect", 2)
    assert (again["status"], again["message"]) == ("frozen", receipt["message"])

    swap(bench, "services.exchange")
    retrying = ("dead", "retry", again["id"], "--wait", "90", "--reason", "规则已更正")
    code, (done,) = yichuan(*retrying)
    assert (code, done["state"]) == (0, "issued")
    assert {one["status"] for one in yichuan.letters() if one["message"]} == {"decided"}
    assert yichuan("trace", receipt["message"])[1][0]["stop"] is None
    code, (refused,) = yichuan("dead", "retry", again["id"])
    assert (code, refused["error"]["code"]) == (1, "case.not_frozen")


def test_dead_bytes_are_sent_again_to_where_they_lay_and_once(
    bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    yichuan = Command(bench, capsys)
    write_bytes(bench, 2)
    dead = newest(yichuan, "message.unknown_schema", 1)
    assert dead["status"] == "kept"
    assert dead["source"].startswith("leads/2/")
    code, (resent,) = yichuan("dead", "retry", dead["id"])
    assert (code, resent["as"], resent["to"], resent["partition"]) == (0, "resent", "leads", 2)
    died_again = newest(yichuan, "message.unknown_schema", 2)
    assert (died_again["bytes"], died_again["status"]) == (len(RANDOM), "kept")
    assert yichuan("dead", "list", "--status", "resent")[1][0]["id"] == dead["id"]
    code, (refused,) = yichuan("dead", "retry", dead["id"])
    assert (code, refused["error"]["code"]) == (1, "dead.already_retried")
    code, (refused,) = yichuan("dead", "retry", died_again["id"], "--discard")
    assert (code, refused["error"]["code"]) == (1, "case.not_frozen")
    code, (refused,) = yichuan("dead", "show", "4711")
    assert (code, refused["error"]["code"]) == (1, "dead.unknown")


def newest(yichuan: Command, code: str, number: int) -> dict[str, Any]:
    """Read the list until it has so many letters of the code; return the last of them."""
    found: list[dict[str, Any]] = []
    for _ in range(LOOKS_MAX):  # each look reads the topic, which takes a moment
        found = [one for one in yichuan.letters() if one["code"] == code]
        if len(found) >= number:
            return found[-1]
    raise AssertionError(found)
