"""`yichuan connector kit ORGAN FOLDER`: what an agency is handed so that its connector can run.

Written whole beside its place and then renamed: no folder is left with half of it, and none that
holds something is written to.
"""

import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from connectors.bus.clock import now
from connectors.bus.durable import make_folder, put_in_place
from connectors.bus.keys import read_passphrase
from connectors.bus.private import write_private_bytes
from connectors.bus.stores import store_place
from schemas.errors import UserError
from services.cli.doctor_finding import Symptom, as_document, gravest_first
from services.cli.doctor_home import PrivateFile, judge_modes
from services.cli.doctor_print import print_findings
from services.cli.installation import open_installation
from services.cli.kit_files import is_secret, kit_of
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note, say, table
from services.cli.writing import writing

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="新目录 / a new folder")]
Passphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="为该机关的私钥另设口令的文件 / a file with a passphrase for this agency's keys",
        show_default=False,
    ),
]


def kit(
    organ: Annotated[str, typer.Argument(metavar="ORGAN", help="code, name or alias / 机关")],
    folder: Folder,
    passphrase_file: Passphrase = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write an organ's installation folder: its own login and keys, what all have, two settings.

    Raises UserError kit.folder_not_empty, file.unwritable; else as `kit_of`.
    """
    place = folder.expanduser().resolve()
    _refuse_used(place)
    of = open_installation(home)
    whose = of.organ(organ)
    made = kit_of(of, whose, now(), read_passphrase(passphrase_file))
    store = store_place(of.home)
    if store.folder is not None and not store.must_exist:  # its own, which an agency never makes
        make_folder(store.folder, 0o700)
    _write(place, made.files)
    found = gravest_first((*made.findings, *_readable(place, made.files)))
    names = sorted(made.files)
    if as_json:
        files = [{"file": name, "secret": is_secret(name)} for name in names]
        findings = [as_document(each) for each in found]
        told = {"organ": whose.code, "alias": whose.alias, "folder": str(place)}
        emit_json({**told, "files": files, "findings": findings})
        return
    secret, public = in_language("保密", "secret"), in_language("不保密", "not secret")
    rows = [(name, secret if is_secret(name) else public) for name in names]
    table((in_language("文件", "file"), in_language("是否保密", "is it secret")), rows, whose.name)
    print_findings(found)
    _say_what_next(place, whose.alias)


def _say_what_next(place: Path, alias: str) -> None:
    say(
        f"{place} 是 {alias} 一家的：当面或经可信途径交付，不经邮件；不得给别的机关",
        f"{place} is {alias}'s alone: hand it over in person or by a way you trust, not by mail",
    )
    say(
        "机关：放好后核对 yichuan.toml，yichuan connector doctor connector.toml，"
        "再 yichuan connector run connector.toml（deploy/agency-it.md）",
        "there: look at yichuan.toml, yichuan connector doctor connector.toml, "
        "then yichuan connector run connector.toml (deploy/agency-it.md)",
    )
    note(
        "交付后删除这个目录；县里可以不再留该机关的私钥",
        "delete the folder when it is handed over; the county need not keep the agency's keys",
    )


def _refuse_used(place: Path) -> None:
    with writing(place):
        is_used = place.exists() and (not place.is_dir() or any(place.iterdir()))
    if is_used:
        raise UserError("kit.folder_not_empty", where=str(place), exit_code=3)


def _write(place: Path, files: Mapping[str, bytes]) -> None:
    with writing(place):
        make_folder(place.parent, 0o700)
        with _beside(place) as partial:
            for name, content in files.items():
                write_private_bytes(partial / name, content)
            put_in_place(partial, place)


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """Give a folder on the same file system, its owner's alone, that goes if it is not renamed."""
    made = Path(mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        yield made
    finally:
        if made.exists():
            shutil.rmtree(made)


def _readable(place: Path, files: Mapping[str, bytes]) -> Iterator[Symptom]:
    """Find that the medium keeps no owners, as a USB stick does: whoever has it reads it."""
    secret = [place, *(place / name for name in files if is_secret(name))]
    return judge_modes(
        [PrivateFile(str(each), stat.S_IMODE(each.stat().st_mode)) for each in secret]
    )
