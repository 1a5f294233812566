"""The options that every command shares, so that they are called the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="JSON lines / 按行输出 JSON")]
HomeFolder = Annotated[
    Path | None,
    typer.Option("--home", help="YICHUAN_HOME, ~/.local/share/yichuan", show_default=False),
]
