"""What the doctor sees of the store of attachments. Asks for what is not there; writes nothing."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from connectors.bus.home import Home
from connectors.bus.stores import open_store, store_place
from schemas.errors import YichuanError
from schemas.ids import BUS
from services.cli.doctor_finding import Symptom, of_error, wrong
from services.cli.doctor_host import Disk, judge_disks

_NO_FILE: Final = "0" * 64  # the address of no content
_WRITABLE: Final = os.W_OK | os.X_OK


def look_at_store(home: Home) -> Iterator[Symptom]:
    """Judge whether attachments can be stored: the store is there, takes what comes, has room.

    The home's own folder is made with the first attachment: until then there is nothing to judge.
    """
    try:
        place = store_place(home)
        open_store(place).get(BUS, _NO_FILE, 0)
    except YichuanError as error:
        found = of_error(error)
        yield found if found.where else replace(found, where=home.settings().attachments.store)
        return
    folder = place.folder
    if folder is None or not folder.exists():
        return
    if not os.access(folder, _WRITABLE):
        yield wrong("attachment.store_unavailable", str(folder), "EACCES")
    if _is_elsewhere(folder, home.path):  # else it is the home's disk, judged once
        yield from judge_disks([Disk(str(folder), shutil.disk_usage(folder).free)])


def _is_elsewhere(folder: Path, home: Path) -> bool:
    return folder.stat().st_dev != home.stat().st_dev
