"""The logs of what was run, kept where something failed: the folder they lie in goes with the run.

What fails once in a hundred runs is found by its log or not at all. Logs hold nothing confidential,
the homes around them do: those go.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Final

FILE_BYTES_MAX: Final = 4 * 1024 * 1024  # the end of each is kept


def keep_logs(scratch: Path, name: str) -> Path | None:
    """Copy the logs of every home under `scratch` into a new folder and return it; None: no log."""
    logs = sorted(
        path for path in scratch.rglob("*.log") if path.parent.name == "logs" and path.is_file()
    )
    if not logs:
        return None
    kept = Path(tempfile.mkdtemp(prefix=f"yichuan-kept-{name}_"))
    for log in logs:
        target = kept / log.relative_to(scratch)
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_end(log, target)
    return kept


def _copy_end(log: Path, target: Path) -> None:
    with log.open("rb") as source, target.open("wb") as copy:
        source.seek(max(log.stat().st_size - FILE_BYTES_MAX, 0))
        shutil.copyfileobj(source, copy)
