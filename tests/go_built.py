"""Programs that no package of ours carries: Go builds each from its module, once, into the venv."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A program and the module it is built from, at a version; Go checks what it fetches."""

    name: str
    module: str
    build_seconds_max: int
    tags: str = ""  # of the build


class NotThereError(RuntimeError):
    """Neither the program nor Go is on this machine: the text says what to do."""


def built(program: GoProgram) -> Path:
    """Return the binary, built where it is not there yet. Raises NotThereError."""
    folder = Path(sys.executable).parent
    found = shutil.which(program.name, path=f"{folder}:{os.environ['PATH']}")
    if found is not None:
        return Path(found)
    if shutil.which("go") is None:
        message = f"put {program.name} on the PATH, or Go 1.24 or later to build it with"
        raise NotThereError(message)
    subprocess.run(
        ["go", "install", "-tags", program.tags, program.module],
        env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-p=1"},
        check=True,
        timeout=program.build_seconds_max,
    )
    return folder / program.name
