"""The county chapter: `yichuan doctor` finds each planted fault and names its cure."""

import json
from typing import Any, Final

from connectors.bus.home import Home
from deploy.local import processes
from deploy.local.stack import GRACE_SECONDS
from tests.doctor_faults import EXCHANGE, FAULTS, healthy, second_writer, start_everything
from tests.prove.chapter import Check, Ground
from tests.prove.stand import DEMO_SECONDS_MAX, DOWN_SECONDS_MAX, beside, free_base

FAULTS_MIN: Final = 10
_SECONDS_MAX: Final = 120


def doctor_finds_faults(ground: Ground) -> str:
    """Plant them all in an installation of its own that was found sound before."""
    home = Home(ground.scratch / "doctor")
    home.path.mkdir(mode=0o700)
    text = f"[ports]\nbase = {free_base()}\n[kafka]\nmemory_mb = 384\n"
    home.config.write_text(text, encoding="utf-8")

    def yichuan(*argv: str, seconds_max: float = _SECONDS_MAX, exit_code: int = 0) -> str:
        return ground.command(
            beside("yichuan"),
            *argv,
            "--home",
            home.path,
            seconds_max=seconds_max,
            exit_code=exit_code,
        )

    ground.ends.callback(yichuan, "down", seconds_max=DOWN_SECONDS_MAX)
    yichuan("up", seconds_max=DEMO_SECONDS_MAX)
    settings = home.settings()
    start_everything(home)
    ground.ends.callback(processes.stop, home, EXCHANGE, GRACE_SECONDS)
    healthy(home, settings)
    before = _findings(yichuan("doctor", "--json"))
    with second_writer(home):
        two = _findings(yichuan("doctor", "--json", exit_code=1))
    assert [one["code"] for one in two if one["severity"] == "error"] == ["casebook.in_use"]
    for fault in FAULTS:
        fault.plant(home, settings)
    found = _findings(yichuan("doctor", "--json", exit_code=1))
    named = {"casebook.in_use"}
    for fault in FAULTS:
        cures = [
            one["remedy_zh"] and one["remedy_en"]
            for one in found
            if one["code"] == fault.code and one["where"].startswith(fault.where)
        ]
        assert any(cures), f"{fault.told}: not found as {fault.code} at {fault.where}"
        named.add(fault.code)
    assert len(named) >= FAULTS_MIN
    return (
        f"sound: exit 0, {len(before)} warnings and notes; {len(FAULTS) + 1} faults planted, each "
        f"named with its place and cure in both languages, exit 1: {', '.join(sorted(named))}"
    )


CHECKS: Final = (Check("doctor_finds_faults", doctor_finds_faults),)


def _findings(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]
