"""`yichuan up | down | status`: the broker and the registry of a bare machine."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Annotated

import typer

from connectors.bus.home import Home, Settings, home_at
from connectors.bus.scratch import remove_left_over
from deploy.local import processes, stack
from deploy.local.artifacts import KAFKA, REGISTRY
from deploy.local.ports import LOOPBACK, Holder, holder, is_free
from deploy.local.status import ComponentStatus
from deploy.local.status import status as look
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note, say, table
from services.cli.running import build_at, installed
from services.exchange import workers

_MEBIBYTE = 1 << 20
_JVM = "java"  # what broker and registry run in


def up(
    home: HomeFolder = None,
    as_json: AsJson = False,
    download_only: Annotated[
        bool,
        typer.Option("--download-only", help="只下载并校验 / only bring the files and check them"),
    ] = False,
) -> None:
    """Start broker and registry, wait until both answer, and say where they are."""
    if download_only:
        stack.download(_progress)
        return
    place = home_at(home)
    remove_left_over(place.run)
    try:
        stack.up(place, place.settings(), _progress)
    except KeyboardInterrupt:
        note(
            "已中断；已启动的仍在运行：再运行 yichuan up 接着等，或 yichuan down 停止",
            "interrupted; what was started goes on: yichuan up waits again, yichuan down stops it",
        )
        raise
    _show(place, as_json=as_json)
    if not as_json:
        say(f"凭据在 {place.path / 'credentials'}", f"logins are in {place.path / 'credentials'}")
        note("用 yichuan down 停止", "stop with yichuan down")


def down(home: HomeFolder = None, as_json: AsJson = False) -> None:
    """End every process of this home; those of others are left alone."""
    place = home_at(home).there()
    stopped = stack.down(place, _progress)
    remove_left_over(place.run)
    if as_json:
        for name in stopped:
            emit_json({"name": name, "running": False})
    elif not stopped:
        say("没有正在运行的进程", "nothing was running")
    else:
        say(f"已停止：{'、'.join(stopped)}", f"stopped: {', '.join(stopped)}")


def status(home: HomeFolder = None, as_json: AsJson = False) -> None:
    """Say of each component whether it runs, where, since when and with how much memory."""
    _show(home_at(home), as_json=as_json)


def _show(home: Home, *, as_json: bool) -> None:
    settings = home.settings()
    found = [_of_its_page(each) for each in look(home, settings)]
    found += map(_of_its_page, _in_foreground(home, settings))
    if as_json:
        for item in found:
            emit_json(asdict(item))
        return
    columns = in_language(
        "组件 状态 地址 端口应答 版本 进程 运行时间 内存",
        "component state address listening version pid uptime memory",
    )
    table(columns.split(), [_row(item) for item in found])
    older = [item.name for item in found if item.outdated]
    if older:
        note(
            f"运行的不是现已安装的程序（{installed()}），请重新启动：{'、'.join(older)}",
            f"not the program that is installed now ({installed()}), start anew: "
            + ", ".join(older),
        )


def _of_its_page(item: ComponentStatus) -> ComponentStatus:
    """Add what a process of ours says that it runs; of broker and registry the files say it."""
    ours = item.local and item.listening and item.name not in (KAFKA, REGISTRY)
    build = build_at(item.port) if ours and item.port is not None else None
    if build is None:
        return item
    return replace(
        item,
        version=build.version,
        casebook_step=build.casebook_step,
        outdated=not build.is_installed,
    )


def _in_foreground(home: Home, settings: Settings) -> Iterator[ComponentStatus]:
    """Give the exchanges that run here by a supervisor of the host, not recorded in the home."""
    for worker in workers.numbers(settings):
        name, port = workers.name_of(worker), workers.port_of(settings, worker)
        if processes.running(home, name) is not None or is_free(port):
            continue
        by = holder(port)
        if _may_be_exchange(port, by):
            yield ComponentStatus(
                name=name,
                local=True,
                running=True,
                pid=by.pid,
                address=f"{LOOPBACK}:{port}",
                port=port,
                listening=True,
                version=None,
                uptime_s=None,
                memory_bytes=None,
            )


def _may_be_exchange(port: int, by: Holder) -> bool:
    """Whether what has the port may be an exchange: another stack's broker or connector is none.

    One that does not answer may be starting, or stuck; an old one says nothing of its casebook.
    """
    build = build_at(port)
    if build is None:
        return by.name != _JVM
    return build.casebook_step is not None or build.code is None


def _row(item: ComponentStatus) -> tuple[str, ...]:
    runs = in_language("运行", "running") if item.running else in_language("停止", "stopped")
    if not item.local:
        runs = (
            in_language("可达", "answers") if item.running else in_language("不可达", "no answer")
        )
    uptime = timedelta(seconds=round(item.uptime_s)) if item.uptime_s is not None else "-"
    memory = f"{item.memory_bytes / _MEBIBYTE:.0f} MiB" if item.memory_bytes is not None else "-"
    return (
        item.name,
        runs,
        item.address or "-",
        in_language("是", "yes") if item.listening else in_language("否", "no"),
        _version(item),
        str(item.pid or "-"),
        str(uptime),
        memory,
    )


def _version(item: ComponentStatus) -> str:
    step = item.casebook_step
    with_step = in_language(f"，账本 {step}", f", casebook {step}") if step else ""
    older = in_language("，不是现装的", ", not the installed") if item.outdated else ""
    return f"{item.version or '-'}{with_step}{older}"


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
