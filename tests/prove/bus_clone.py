"""The bus chapter: what a stranger sees in a fresh clone, and what the layers refuse."""

import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Final

from connectors.bus import clock
from tests.prove.chapter import Check, Ground

FIRST_DEMO_SECONDS_MAX: Final = 8 * 60
SECOND_DEMO_SECONDS_MAX: Final = 2 * 60
TEST_SECONDS_MAX: Final = 15 * 60
DOWN_SECONDS_MAX: Final = 120
PORT_BASE: Final = 27000  # away from a stack that somebody has running
PRODUCT: Final = ("schemas", "services", "connectors", "deploy")


def first_demo(ground: Ground) -> str:
    """Time `make demo` in a fresh clone with an empty cache."""
    return f"{_first_demo_seconds(ground):.0f} s"


def second_demo(ground: Ground) -> str:
    """Time it again, in the clone that has run it once and was stopped."""
    _first_demo_seconds(ground)
    return f"{_demo_seconds(ground, SECOND_DEMO_SECONDS_MAX):.0f} s"


def fresh_test(ground: Ground) -> str:
    """Time `make test` in another fresh clone, with an empty cache of its own."""
    clone = _clone(ground, "test")
    empty = {"YICHUAN_CACHE": str(ground.scratch / "test-cache")}
    started = clock.monotonic()
    output = ground.command("make", "test", cwd=clone, env=empty, seconds_max=TEST_SECONDS_MAX)
    closing = [line.strip("= ") for line in output.splitlines() if " passed" in line]
    return f"{clock.monotonic() - started:.0f} s; {'; '.join(closing)}"


def no_tests_in_product(ground: Ground) -> str:
    """Plant `import tests` in each product package of a copy, and see import-linter refuse it."""
    linter = Path(sys.executable).with_name("lint-imports")
    copy = ground.scratch / "layers"
    for name in (*PRODUCT, "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ground.repo / name, copy / name, ignore=ignored)
    shutil.copy(ground.repo / "pyproject.toml", copy)
    arguments = (linter, "--no-logo", "--no-cache", "--contract", "no-tests")
    here = {"PYTHONPATH": str(copy)}  # before the editable install's own path
    ground.command(*arguments, cwd=copy, env=here, seconds_max=60)
    for name in PRODUCT:
        planted = copy / name / "planted.py"
        planted.write_text("import tests.prove\n", encoding="utf-8")
        said = ground.command(*arguments, cwd=copy, env=here, seconds_max=60, exit_code=1)
        assert f"{name}.planted -> tests.prove" in said, f"{name}: refused, but not for the plant"
        planted.unlink()
    return f"clean tree kept; a planted import refused in each of {', '.join(PRODUCT)}"


CHECKS: Final = (
    Check("first_demo", first_demo),
    Check("second_demo", second_demo),
    Check("fresh_test", fresh_test),
    Check("no_tests_in_product", no_tests_in_product),
)


def _clone(ground: Ground, name: str) -> Path:
    clone = ground.scratch / f"clone-{name}"
    ground.command("git", "clone", "--quiet", ground.repo, clone, seconds_max=60)
    return clone


@cache
def _first_demo_seconds(ground: Ground) -> float:
    """Return how long the first one took; the second is only a second after it."""
    _clone(ground, "demo")
    return _demo_seconds(ground, FIRST_DEMO_SECONDS_MAX)


def _demo_seconds(ground: Ground, seconds_max: float) -> float:
    clone = ground.scratch / "clone-demo"
    env = {
        "YICHUAN_HOME": str(ground.scratch / "demo-home"),
        "YICHUAN_CACHE": str(ground.scratch / "demo-cache"),
        "YICHUAN_PORTS__BASE": str(PORT_BASE),
    }
    started = clock.monotonic()
    try:
        ground.command("make", "demo", cwd=clone, env=env, seconds_max=seconds_max)
        return clock.monotonic() - started
    finally:
        ground.command("make", "down", cwd=clone, env=env, seconds_max=DOWN_SECONDS_MAX)
