"""A flow that was deleted and made anew on the real broker, and has grown past the progress."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka import KafkaException, Producer

from connectors.bus.admin import connect
from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import librdkafka_options
from deploy.local import processes
from deploy.local import stack as local_stack
from schemas.parts import Flow
from services.casebook.progress import Place, progress_now
from services.cli.casebook_view import reading
from services.cli.log_reader import open_log
from services.cli.main import main
from tests.doctor_faults import EXCHANGE, healthy, whole_stack

REPOSITORY: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 90.0
POLL_SECONDS: Final = 0.2
BROKEN: Final = 70
LEADS: Final = Flow.LEADS.value
ARGV: Final = (sys.executable, "-m", "services.exchange", "--home")


def test_an_exchange_goes_on_with_its_own_log_and_with_no_other(
    tmp_path: Path, new_home: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    home, settings = new_home(tmp_path / "home")
    with whole_stack(home, settings):
        processes.stop(home, EXCHANGE, local_stack.GRACE_SECONDS)
        processes.start(home, EXCHANGE, (*ARGV, str(home.path)), os.environ, cwd=REPOSITORY)
        healthy(home, settings)  # every partition has Ticks that were decided, and it went on
        processes.stop(home, EXCHANGE, local_stack.GRACE_SECONDS)
        progress = decided(home)
        make_anew(home, settings)
        grow(home, settings, progress)
        argv = (*ARGV, str(home.path))
        log = home.logs / f"{EXCHANGE}.log"
        with log.open("ab") as out:
            done = subprocess.run(
                argv, cwd=REPOSITORY, stdout=out, stderr=out, timeout=SECONDS_MAX, check=False
            )
        assert done.returncode == BROKEN
        assert "log.replaced" in log.read_text("utf-8")
        assert decided(home) == progress
        capsys.readouterr()
        assert main(["doctor", "--json", "--home", str(home.path)]) == 1
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        named = {line["where"] for line in lines if line["code"] == "log.replaced"}
        assert named == {f"{topic}/{number}" for topic, number in progress}


def decided(home: Home) -> dict[Place, int]:
    """Return how far each partition of the leads is decided."""
    with reading(home) as connection:
        found = progress_now(connection)
    return {place: each.next_offset for place, each in found.items() if place[0] == LEADS}


def make_anew(home: Home, settings: Settings) -> None:
    """Delete the leads, and let `topics apply` make them again, as a careless administrator does.

    A broker deletes behind its answer: until it has, nothing of that name can be made.
    """
    client = connect(settings, home.credentials("admin"))
    for future in client.delete_topics([LEADS]).values():
        future.result()
    until = monotonic() + SECONDS_MAX
    while main(["topics", "apply", "--home", str(home.path)]) != 0:
        assert monotonic() < until, "it is not made again"
        time.sleep(POLL_SECONDS)


def grow(home: Home, settings: Settings, progress: dict[Place, int]) -> None:
    """Write into each new partition until it is past what was decided of the old one."""
    producer = Producer(librdkafka_options(settings, home.credentials(EXCHANGE)))
    ends = dict.fromkeys(progress, 0)
    until = monotonic() + SECONDS_MAX
    while any(ends[place] <= progress[place] for place in progress):
        assert monotonic() < until, (ends, progress)
        for (topic, number), end in ends.items():
            for _ in range(max(0, progress[topic, number] + 2 - end)):
                producer.produce(topic, b"new", b"key", partition=number)
        try:
            assert producer.flush(SECONDS_MAX) == 0
            with open_log(home, settings, SECONDS_MAX) as log:
                ends = {place: end for place, (_, end) in log.spans(LEADS).items()}
        except KafkaException:  # the client has the old topic in mind for a while
            time.sleep(POLL_SECONDS)
