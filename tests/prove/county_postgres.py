"""The county chapter: what the bus chapter shows holds on PostgreSQL with two exchanges, too.

The very checks of the bus chapter, on a ground whose stands have their casebook in PostgreSQL.
"""

import http.client
import json
from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import LOOPBACK
from schemas.parts import Flow
from services.exchange import workers
from tests.prove import (
    bus_clients,
    bus_defect,
    bus_doors,
    bus_flows,
    bus_intake,
    bus_kills,
    bus_schemas,
    bus_tools,
)
from tests.prove.chapter import Check, Ground
from tests.prove.flow_writer import exchange_pids
from tests.prove.letters import partitions
from tests.prove.stand import (
    COMMAND_SECONDS_MAX,
    DEMO_SECONDS_MAX,
    Stand,
    demo,
    on_postgresql,
    python,
    wait_until,
)

ACCEPTED_MIN: Final = 100  # by each exchange of the demo; fewer would not be sharing
SECONDS_MAX: Final = 60.0
NOT_TRIED: Final = 3
ALREADY_RUNNING: Final = "exchange.already_running"

Place = tuple[str, int]


def bus_on_postgres_demo(ground: Ground) -> str:
    """Run the demo, and again on what it left running; both times it checks itself."""
    stand = demo(on_postgresql(ground))
    before = exchange_pids(stand)
    printed = ground.command(
        *stand.command("demo", "--json"), env=stand.environment, seconds_max=DEMO_SECONDS_MAX
    )
    again = json.loads(printed)
    assert again["ok"], f"the second run: {again['wrong']} {again['unfinished']}"
    assert exchange_pids(stand) == before, "an exchange was started anew"
    shown = {one["name"]: one for one in stand.objects("status")}
    for name, pid in before.items():
        assert (shown[name]["running"], shown[name]["pid"]) == (True, pid), f"status: {name}"
    # The disk is the host's: what may not be found is anything of the bus's own.
    ill = [one for one in _examined(stand) if one["code"].split(".")[0] != "disk"]
    errors = [f"{one['code']} {one['where']}" for one in ill if one["severity"] == "error"]
    assert not errors, f"doctor: {errors}"
    return (
        f"two runs, each found all as expected ({again['transfers']} transfers, the second in "
        f"{again['seconds']} s), by {len(before)} exchanges on one casebook: {', '.join(before)}; "
        "status shows them, doctor finds no error"
    )


def two_workers_share(ground: Ground) -> str:
    """Look at what each exchange has and has done; start one of a number that is taken."""
    stand = demo(ground)
    shares = wait_until(lambda: _shares(stand), SECONDS_MAX, "every partition with one exchange")
    accepted = {name: _accepted(stand, name) for name in shares}
    for name, count in accepted.items():
        assert count >= ACCEPTED_MIN, f"{name} accepted {count} messages"
    pids = exchange_pids(stand)
    complaint = stand.ground.scratch / "same-number"
    ground.command(
        "sh",
        "-c",
        '"$0" -m services.exchange --home "$1" --worker 1 2>"$2"',
        python(),
        stand.home.path,
        complaint,
        env=stand.environment,
        exit_code=NOT_TRIED,
        seconds_max=COMMAND_SECONDS_MAX,
    )
    said = complaint.read_text(encoding="utf-8")
    assert ALREADY_RUNNING in said, f"it does not say {ALREADY_RUNNING}: {said}"
    assert exchange_pids(stand) == pids, "an exchange ended"
    told = ", ".join(
        f"{name}: {len(places)} partitions, {accepted[name]} messages accepted"
        for name, places in shares.items()
    )
    return f"{told}; one of a number that is taken: exit {NOT_TRIED}, {ALREADY_RUNNING}"


def _joined(*checks: Check) -> Callable[[Ground], str]:
    """Run checks of the bus chapter on PostgreSQL; one that fails does not hide the others."""

    def run(ground: Ground) -> str:
        figures, failures = [], []
        for check in checks:
            try:
                figures.append(f"{check.id}: {check.run(on_postgresql(ground))}")
            except AssertionError as error:
                failures.append(f"{check.id}: {error}")
        assert not failures, " | ".join(failures)
        return f"{len(figures)} of {len(checks)} hold: {' | '.join(figures)}"

    return run


def _but(checks: Sequence[Check], *ids: str) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.id not in ids)


FROZEN: Final = Check("freeze_exchange", bus_kills.freeze_exchange)
SHARED: Final = Check("two_workers_share", two_workers_share)
TOOLS: Final = _but(bus_tools.CHECKS, "one_sqlite_worker")  # whose counterpart is SHARED

CHECKS: Final = (
    Check("bus_on_postgres_demo", bus_on_postgres_demo),
    Check("bus_on_postgres_doors", _joined(*bus_doors.CHECKS, *bus_schemas.CHECKS)),
    Check("bus_on_postgres_clients", _joined(*bus_clients.CHECKS)),
    Check("bus_on_postgres_intake", _joined(*bus_intake.CHECKS)),
    Check("bus_on_postgres_flows", _joined(*bus_flows.CHECKS)),
    Check("bus_on_postgres_kills", _joined(*bus_kills.CHECKS)),
    Check("bus_on_postgres_frozen", _joined(FROZEN)),
    Check("bus_on_postgres_defect", _joined(*bus_defect.CHECKS)),
    Check("bus_on_postgres_tools", _joined(*TOOLS, SHARED)),
)


def _examined(stand: Stand) -> list[dict[str, str]]:
    """Return what the doctor finds; whether it is an error is looked at by the caller."""
    argv = ("sh", "-c", '"$0" doctor --json || test $? = 1', *stand.command())
    printed = stand.ground.command(*argv, env=stand.environment, seconds_max=COMMAND_SECONDS_MAX)
    return [json.loads(line) for line in printed.splitlines()]


def _shares(stand: Stand) -> dict[str, set[Place]] | None:
    """Return which exchange has which partitions; None while not each is with exactly one."""
    every = {(flow.value, number) for flow in Flow for number in range(partitions(stand))}
    shares = {
        workers.name_of(worker): {
            (labels["flow"], int(labels["partition"]))
            for labels, _ in _samples(stand, worker, "yichuan_lag_messages")
        }
        for worker in workers.numbers(stand.settings)
    }
    given = [place for places in shares.values() for place in places]
    return shares if sorted(given) == sorted(every) and all(shares.values()) else None


def _accepted(stand: Stand, name: str) -> int:
    worker = next(n for n in workers.numbers(stand.settings) if workers.name_of(n) == name)
    samples = _samples(stand, worker, "yichuan_exchange_messages_total")
    return round(sum(value for labels, value in samples if labels["outcome"] == "accepted"))


def _samples(stand: Stand, worker: int, name: str) -> list[tuple[dict[str, str], float]]:
    port = workers.port_of(stand.settings, worker)
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=SECONDS_MAX)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]
