"""The disk of the casebook fills up, and is emptied again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.faults.campaign import Campaign
from tests.faults.rewinds import started, stopped

SPARE_MIB: Final = 32  # of the disk, beside what the casebook has grown to
CASES: Final = 4
SEEN_SECONDS_MAX: Final = 120.0
CODE: Final = "casebook.unavailable"
_MIB: Final = 1 << 20


def disk_full(campaign: Campaign) -> str:
    """Let the casebook live on a small disk, fill that, see it said, empty it, and go on."""
    county, file = campaign.county, campaign.home.casebook
    (name,) = county.exchanges
    names = stopped(campaign)
    with _disk(campaign.home.path / "disk", _size(file) + SPARE_MIB) as disk:
        _move(file, disk)
        started(campaign, names)
        campaign.work(CASES)
        begin = len(county.whole_log(name))
        _fill(disk / "filler")
        campaign.work_until(
            lambda: CODE in county.whole_log(name)[begin:], f"{name} says {CODE}", SEEN_SECONDS_MAX
        )
        (disk / "filler").unlink()
        campaign.work(CASES)
        campaign.settle()
        names = stopped(campaign)
        for each in file.parent.glob(f"{file.name}*"):
            if each.is_symlink():
                each.unlink()
        for each in disk.glob(f"{file.name}*"):
            shutil.move(each, file.parent / each.name)
    started(campaign, names)
    campaign.work(CASES)
    return f"{SPARE_MIB} MiB filled, {CODE}, emptied; {campaign.judged()}"


@contextmanager
def _disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """Mount a tmpfs. Needs the right to; an AssertionError says so."""
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", str(folder))
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"a tmpfs cannot be mounted here: {done.stderr.strip()}"
    try:
        yield folder
    finally:
        subprocess.run(("umount", str(folder)), check=True)


def _size(file: Path) -> int:
    """Return what the casebook and its log take, in MiB."""
    return sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*")) // _MIB + 1


def _move(file: Path, disk: Path) -> None:
    """Move the casebook to the disk; SQLite follows the link, and keeps its log beside the file."""
    for each in file.parent.glob(f"{file.name}*"):
        shutil.move(each, disk / each.name)
    file.symlink_to(disk / file.name)


def _fill(filler: Path) -> None:
    with filler.open("wb") as out:
        try:
            while True:
                out.write(os.urandom(_MIB))
        except OSError:
            return
