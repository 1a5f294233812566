"""A real S3 for the tests: the Versity gateway, a Go program, over a folder of its own.

Built by Go from its module (`make versitygw`), which no package of ours carries. Where there is no
Go the tests that ask for it fail and say what to do.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from connectors.bus.clock import monotonic
from connectors.bus.home import Credentials
from connectors.bus.stores import StorePlace
from deploy.local.ports import is_free
from tests.go_built import GoProgram, built

VERSION: Final = "v1.8.0"
GATEWAY: Final = GoProgram(
    "versitygw", f"github.com/versity/versitygw/cmd/versitygw@{VERSION}", build_seconds_max=900
)
READY_SECONDS_MAX: Final = 60.0
POLL_SECONDS: Final = 0.1
BUCKET: Final = "attachments"
REGION: Final = "us-east-1"
FIRST_PORT: Final = int(os.environ.get("YICHUAN_PORTS__BASE", "21000")) + 25
LAST_PORT: Final = FIRST_PORT + 2_000


@dataclass(frozen=True, slots=True)
class S3:
    """A gateway that answers."""

    port: int
    root: Path  # what it stores, as files

    def place(self, prefix: str = "") -> StorePlace:
        """Return how a connector reaches its bucket."""
        return StorePlace(
            None,
            BUCKET,
            prefix,
            f"http://127.0.0.1:{self.port}",
            REGION,
            Credentials("test-access", SecretStr("test-secret")),
        )


@contextmanager
def s3(folder: Path) -> Iterator[S3]:
    """Run a gateway with one bucket on a free port of 127.0.0.1."""
    binary = built(GATEWAY)
    port = next(port for port in range(FIRST_PORT, LAST_PORT) if is_free(port))
    root = folder / "buckets"
    (root / BUCKET).mkdir(parents=True)
    log = folder / "versitygw.log"
    argv = [str(binary), "--port", f"127.0.0.1:{port}", "--quiet", "posix"]
    sidecar = folder / "metadata"  # not every file system has extended attributes
    sidecar.mkdir()
    with log.open("wb") as output:
        child = subprocess.Popen(
            [*argv, "--sidecar", str(sidecar), str(root)],
            env={
                "PATH": os.environ["PATH"],
                "ROOT_ACCESS_KEY_ID": "test-access",
                "ROOT_SECRET_ACCESS_KEY": "test-secret",
            },
            stdout=output,
            stderr=output,
        )
    try:
        deadline = monotonic() + READY_SECONDS_MAX
        while is_free(port):
            assert child.poll() is None, log.read_text(encoding="utf-8")[-2000:]
            assert monotonic() < deadline, "the gateway does not answer"
            time.sleep(POLL_SECONDS)
        yield S3(port, root)
    finally:
        child.terminate()
        child.wait(READY_SECONDS_MAX)


if __name__ == "__main__":
    built(GATEWAY)
