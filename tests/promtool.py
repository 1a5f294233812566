"""The alerts held against Prometheus itself: promtool reads each rule, and plays series to it.

`make alerts`; Go builds promtool from its module.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.go_built import GoProgram, built

VERSION: Final = "v0.316.0"  # of the module; Prometheus 3.16
PROMTOOL: Final = GoProgram(
    "promtool",
    f"github.com/prometheus/prometheus/cmd/promtool@{VERSION}",
    build_seconds_max=3_600,
    tags="remove_all_sd",  # without what finds other systems
)
CHECK_SECONDS_MAX: Final = 120
RULES: Final = Path(__file__).parents[1] / "deploy" / "prometheus"
CHECKS: Final = (
    ("check", "rules", "--lint-fatal", "alerts.yml"),
    ("test", "rules", "alerts_test.yml"),
    ("check", "config", "--syntax-only", "prometheus.yml"),
)


def main() -> int:
    """Run every check; 1 where one of them fails. Raises NotThereError."""
    binary = built(PROMTOOL)
    done = [
        subprocess.run([binary, *check], cwd=RULES, timeout=CHECK_SECONDS_MAX, check=False)
        for check in CHECKS
    ]
    return int(any(each.returncode for each in done))


if __name__ == "__main__":
    sys.exit(main())
