"""The options that every command shares, so that they are called the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="JSON lines / 按行输出 JSON")]
HomeFolder = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="else YICHUAN_HOME, else ~/.local/share/yichuan / 安装目录，缺省依次为前两者",
        show_default=False,
        # Whether it may be read is said as of YICHUAN_HOME, with what to do, not as wrong use.
        readable=False,
    ),
]
