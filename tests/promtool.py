"""The alerts held against Prometheus itself: promtool reads each rule, and plays series to it.

Built by Go from its module (`make alerts`), which no package of ours carries; Go checks what it
fetches against the sums that are published for it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

VERSION: Final = "v0.316.0"  # of the module; Prometheus 3.16
MODULE: Final = f"github.com/prometheus/prometheus/cmd/promtool@{VERSION}"
BUILD_SECONDS_MAX: Final = 3_600
CHECK_SECONDS_MAX: Final = 120
RULES: Final = Path(__file__).parents[1] / "deploy" / "prometheus"
CHECKS: Final = (
    ("check", "rules", "--lint-fatal", "alerts.yml"),
    ("test", "rules", "alerts_test.yml"),
    ("check", "config", "--syntax-only", "prometheus.yml"),
)


def promtool() -> Path:
    """Return the binary, built where it is not there yet, without what finds other systems."""
    folder = Path(sys.executable).parent
    found = shutil.which("promtool", path=f"{folder}:{os.environ['PATH']}")
    if found is not None:
        return Path(found)
    subprocess.run(
        ["go", "install", "-tags", "remove_all_sd", MODULE],
        env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-p=1"},
        check=True,
        timeout=BUILD_SECONDS_MAX,
    )
    return folder / "promtool"


def main() -> int:
    """Run every check; 1 where one of them fails."""
    binary = promtool()
    done = [
        subprocess.run([binary, *check], cwd=RULES, timeout=CHECK_SECONDS_MAX, check=False)
        for check in CHECKS
    ]
    return int(any(each.returncode for each in done))


if __name__ == "__main__":
    sys.exit(main())
