"""The demo's rulebook with short clocks, for tests: a minute for a working day."""

import re
from pathlib import Path
from typing import Final

from services.rulebook.load import bundled, read_files

DUTIES: Final = "duties.toml"
_NOTE: Final = "# 仅供测试：一个工作日缩短为一分钟。For tests only: a minute for a working day.\n"
_LENGTH: Final = re.compile(r'"(\d+) (?:working days?|calendar days?|hours?)"')
_LADDER: Final = {  # of every duty; what is owed is shown at once
    "reminder_lead": "1 minute",
    "reminder_lead_hours": "1 minute",
    "yellow_after": "0 minutes",
    "red_after": "1 minute",
    "supervision_after": "2 minutes",
    "rung_days": "at_once",
}


def write_short(folder: Path) -> Path:
    """Write the rulebook into a new folder and return it."""
    folder.mkdir(parents=True)
    for name, content in read_files(bundled("demo")).items():
        (folder / name).write_bytes(content)
    duties = folder / DUTIES
    text = _LENGTH.sub(_minutes, duties.read_text(encoding="utf-8"))
    for key, value in _LADDER.items():
        text = re.sub(rf'^{key} = "[^"]*"', f'{key} = "{value}"', text, flags=re.MULTILINE)
    duties.write_text(_NOTE + text, encoding="utf-8")
    return folder


def _minutes(length: re.Match[str]) -> str:
    number = int(length[1])
    return f'"{number} minute{"s" if number > 1 else ""}"'
