"""The stack under the kill runs: fresh, in a home and on ports of its own."""

import os
from pathlib import Path
from typing import Final

from connectors.bus.home import Home, Settings
from tests.prove.chapter import Ground

PORT_BASE: Final = 28_000
UP_SECONDS_MAX: Final = 400
PORTS_OF_A_STACK: Final = 100

_given: list[int] = []


def stack(ground: Ground) -> tuple[Home, Settings]:
    """Bring up a stack for one run, applied and ready; it ends with the prove run."""
    base = PORT_BASE + PORTS_OF_A_STACK * len(_given)
    _given.append(base)
    home = Home(Path(ground.scratch) / f"kill-{base}")
    home.path.mkdir(parents=True)
    text = f"[ports]\nbase = {base}\n[exchange]\ntick_seconds = 2.0\n"
    home.config.write_text(text, encoding="utf-8")
    env = {**os.environ, "YICHUAN_HOME": str(home.path)}
    env.pop("YICHUAN_PORTS__BASE", None)
    yichuan = ground.repo / ".venv" / "bin" / "yichuan"
    ground.ends.callback(lambda: ground.command(yichuan, "down", env=env, seconds_max=120))
    for words in (("up",), ("topics", "apply"), ("schemas", "apply")):
        ground.command(yichuan, *words, env=env, seconds_max=UP_SECONDS_MAX)
    return home, home.settings()
