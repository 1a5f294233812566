"""`yichuan topics plan | apply`: make the cluster and the home fit the rulebook's directory.

What follows from the directory: the rulebook's copy in the home with a key pair per organ, the
topics, a login per organ, and its access rights. Once an exchange has decided by a copy, only
`yichuan rules activate` puts another in its place.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.bus import clock
from connectors.bus.admin import carry_out, connect, read, settle
from connectors.bus.changes import Change, in_words, left_alone
from connectors.bus.changes import plan as plan_of
from connectors.bus.durable import make_folder, put_in_place, write_new_folder
from connectors.bus.home import Home, Settings, home_at
from connectors.bus.key_rows import KEYS_CSV, kept_elsewhere, overlaid, read_rows
from connectors.bus.keys import BUS_LOGIN, ensure_keys
from connectors.bus.layout import Acl, Layout, layout
from connectors.bus.logins import ADMIN
from connectors.bus.private import write_private_bytes
from schemas.ids import BUS, Alias, OrganCode
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, note, say
from services.rulebook.load import load, locate, read_files

Line = tuple[str, str, str]  # kind, what, detail


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A rulebook, and what follows from it."""

    folder: Path
    organs: tuple[tuple[OrganCode, Alias], ...]
    wanted: Layout


def plan(home: HomeFolder = None, as_json: AsJson = False) -> None:
    """Say what apply would change, and change nothing."""
    place = home_at(home)
    settings = place.settings()
    chosen = _chosen(_folder(place, settings), settings)
    client = connect(settings, place.credentials(ADMIN))
    actual = read(client, place, settings, chosen.wanted)
    lines = [
        *_files_to_change(place, chosen),
        *(in_words(change) for change in plan_of(chosen.wanted, actual)),
    ]
    _show(lines, left_alone(chosen.wanted, actual), as_json=as_json)


def apply(home: HomeFolder = None, as_json: AsJson = False) -> None:
    """Make the home and the cluster fit the directory; a second time there is nothing to do."""
    place = home_at(home)
    settings = place.settings()
    lines, others = make_fit(place, settings, _folder(place, settings))
    _show(lines, others, as_json=as_json)
    if place.rulebooks.is_dir() and any(kind == "make_key" for kind, _, _ in lines):
        note(
            "新公钥在 yichuan rules activate 之后才被承认",
            "the new public keys count once yichuan rules activate has brought them into force",
        )


def make_fit(
    home: Home, settings: Settings, folder: Path
) -> tuple[tuple[Line, ...], tuple[Acl, ...]]:
    """Copy the rulebook of a folder into the home and make all fit its directory.

    Return what was changed, and the rights of others that were left alone. Raises Unavailable
    kafka.unreachable before anything is changed.
    """
    chosen = _chosen(folder, settings)
    client = connect(settings, home.credentials(ADMIN))
    lines = _change_files(home, chosen)
    actual = read(client, home, settings, chosen.wanted)
    changes: Sequence[Change] = plan_of(chosen.wanted, actual)
    if changes:
        carry_out(client, home, settings, changes)
        settle(client, home, settings, chosen.wanted)
    lines = [*lines, *(in_words(change) for change in changes)]
    return tuple(lines), tuple(left_alone(chosen.wanted, actual))


def _folder(home: Home, settings: Settings) -> Path:
    """Return the rulebook to go by: the configured one, or the copy once it was decided by."""
    folder = locate(settings.bus.rulebook)
    if not home.rulebooks.is_dir() or not differs_from(home, folder):
        return folder
    note(
        "配置所指的规则库与生效的不同，未改动生效的；启用新的用 yichuan rules activate",
        "the rulebook configured is not the one in force, which stays: yichuan rules activate",
    )
    return home.rulebook


def _chosen(folder: Path, settings: Settings) -> _Chosen:
    organs = tuple(
        sorted((organ.code, organ.alias) for organ in load(folder).directory.organs.values())
    )
    return _Chosen(folder, organs, layout_of((alias for _, alias in organs), settings))


def layout_of(aliases: Iterable[Alias], settings: Settings) -> Layout:
    """Return what the bus needs for these organs, as configured. Raises UserError."""
    return layout(
        aliases,
        partitions=settings.kafka.partitions,
        replication=settings.kafka.replication,
        write_bytes_per_second=settings.kafka.organ_write_bytes_per_second,
    )


def _files_to_change(home: Home, chosen: _Chosen) -> list[Line]:
    lines: list[Line] = []
    if differs_from(home, chosen.folder):
        lines.append(("copy_rulebook", chosen.folder.name, str(home.rulebook)))
    found, listed = (read_rows(folder / KEYS_CSV) for folder in (home.rulebook, chosen.folder))
    rows, now = tuple(overlaid(found, listed).values()), clock.now()
    for organ, login in ((BUS, BUS_LOGIN), *chosen.organs):
        seals = home.key(login).exists() or kept_elsewhere(rows, organ, now)
        opens = home.opener(login).exists() or kept_elsewhere(rows, organ, now, for_files=True)
        if not (seals and opens):
            lines.append(("make_key", login, ""))
    return lines


def _change_files(home: Home, chosen: _Chosen) -> list[Line]:
    lines: list[Line] = []
    if differs_from(home, chosen.folder):
        _copy(chosen.folder, home.rulebook)
        lines.append(("copy_rulebook", chosen.folder.name, str(home.rulebook)))
    listed = read_rows(chosen.folder / KEYS_CSV)
    made = ensure_keys(home, chosen.organs, clock.now(), listed)
    load(home.rulebook)  # what is in force must load, public keys included
    return [*lines, *(("make_key", login, "") for login in made)]


def differs_from(home: Home, folder: Path) -> bool:
    """Whether the home's copy is another text; its public keys are its own."""
    if not home.rulebook.is_dir():
        return True
    ours, theirs = read_files(home.rulebook), read_files(folder)
    return {**ours, KEYS_CSV: b""} != {**theirs, KEYS_CSV: b""}


def _copy(folder: Path, target: Path) -> None:
    """Put a new copy in the old one's place. A reader sees the old, none or the new: no mixture.

    What is cut off between leaves the old one under another name, and there alone may be public
    keys, and which of them are compromised: it goes back first.
    """
    partial = target.with_name(f".{target.name}.partial")
    previous = target.with_name(f".{target.name}.previous")
    if previous.exists() and not target.exists():
        put_in_place(previous, target)
    for leftover in (partial, previous):
        shutil.rmtree(leftover, ignore_errors=True)
    make_folder(target.parent, 0o777)
    write_new_folder(partial, read_files(folder))
    if target.exists():
        if (target / KEYS_CSV).exists():
            write_private_bytes(partial / KEYS_CSV, (target / KEYS_CSV).read_bytes())
        put_in_place(target, previous)
    put_in_place(partial, target)
    shutil.rmtree(previous, ignore_errors=True)


_WORDS: Final = {
    "copy_rulebook": ("复制规则库", "copy rulebook"),
    "make_key": ("生成密钥", "make key"),
    "create_topic": ("新建主题", "create topic"),
    "set_config": ("更正设置", "set"),
    "set_login": ("设置登录", "set login"),
    "drop_login": ("删除登录", "drop login"),
    "grant": ("授权", "grant"),
    "revoke": ("收回权限", "revoke"),
    "set_quota": ("设置用量上限", "set quota"),
}


def _show(lines: Sequence[Line], others: Sequence[Acl], *, as_json: bool) -> None:
    if as_json:
        for kind, what, detail in lines:
            emit_json({"change": kind, "what": what, "detail": detail or None})
        for acl in others:
            emit_json({"change": "left_alone", "what": acl.principal, "detail": str(acl)})
        return
    for kind, what, detail in lines:
        zh, en = _WORDS[kind]
        words = detail if kind in {"grant", "revoke"} else f"{what} {detail}".rstrip()
        say(f"{zh}：{words}", f"{en}: {words}")
    for acl in others:
        note(f"未改动，请核对：{acl}", f"left alone, have a look: {acl}")
    if lines:
        say(f"共 {len(lines)} 项", f"{len(lines)} changes")
    else:
        say("无须改动", "nothing to change")
