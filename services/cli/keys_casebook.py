"""`yichuan keys rotate casebook`: another key for what the casebook keeps locked.

No key of keys.csv: it seals nothing, and no agency has it. For a file that was seen by others, or
as a matter of course; the exchanges stand still meanwhile.
"""

from pathlib import Path
from typing import Final

from connectors.bus.home import home_at
from services.casebook.key_file import kept_at
from services.casebook.rotation import rotate
from services.casebook.store import is_shared
from services.cli.casebook_view import reading
from services.cli.output import emit_json, note, say
from services.cli.writing import writing
from services.exchange.all_stopped import all_stopped
from services.exchange.opening import open_casebook

CASEBOOK: Final = "casebook"  # in the place of an organ; none may have it for its alias


def rotate_casebook(home: Path | None, *, as_json: bool) -> None:
    """Lock the cases' keys under a new one. What it was before stays, in a file of its own.

    Raises UserError casebook.in_use while an exchange runs, casebook.missing, casebook.key_missing
    or casebook.key_wrong, file.unwritable, Broken casebook.unreadable, casebook.version.
    """
    place = home_at(home).checked()
    settings = place.settings()
    with reading(place):
        pass  # there is one, and in the form of this program: none is made here
    with all_stopped(place, settings):
        casebook = open_casebook(place, settings)
        try:
            with writing(place.casebook_key.parent):  # until it is noted, nothing has changed
                found = rotate(casebook, place.casebook_key)
        finally:
            casebook.close()
    before = kept_at(place.casebook_key, found.before)
    if as_json:
        emit_json(
            {"before": found.before, "after": found.after, "keys": found.keys, "kept": str(before)}
        )
        return
    say(
        f"账本钥匙已由 {found.before} 换为 {found.after}，{found.keys} 把案件钥匙已重新加锁",
        f"the casebook's key was {found.before} and is {found.after}: {found.keys} keys of cases"
        " are locked under it",
    )
    note(
        f"旧钥匙留在 {before.name}：此前的备份靠它打开；那些备份都已销毁的，方可删除。请随即备份",
        f"the old key stays in {before.name}: backups of before need it; delete it only once all of"
        " those are gone. Make a backup now",
    )
    if is_shared(settings.casebook.url):
        note(
            "先把 keys 里的 casebook*.key 放到每台交换主机，再启动交换进程；"
            "并执行 VACUUM FULL case_keys",
            "put casebook*.key of keys onto each host of an exchange before one is started, and run"
            " VACUUM FULL case_keys",
        )
