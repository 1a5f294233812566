"""A connector beside those of the demo, for an organ that the demo leaves without one."""

import os
import subprocess
from pathlib import Path
from typing import Final

from tests.prove.stand import Stand, python, wait_until

CONNECTED_SECONDS_MAX: Final = 60.0
END_SECONDS_MAX: Final = 30.0


def connect(stand: Stand, alias: str, kind: str, source: str) -> Path:
    """Start it with this [source]; return its folder. It ends with the run.

    When this returns it has reached the broker; the agency's side it opens right after.
    """
    folder = stand.ground.scratch / f"own-{alias}"
    folder.mkdir()
    config, log = folder / "connector.toml", folder / "log"
    text = f'organ = "{alias}"\nkind = "{kind}"\n[source]\npoll_seconds = 0.2\n{source}\n'
    config.write_text(text, encoding="utf-8")
    with log.open("wb") as output:
        child = subprocess.Popen(
            [python(), "-m", f"connectors.{kind}", str(config)],
            cwd=stand.ground.repo,
            env={**os.environ, **stand.environment},
            stdout=output,
            stderr=output,
        )

    def end() -> None:
        child.terminate()
        child.wait(END_SECONDS_MAX)

    stand.ground.ends.callback(end)

    def said() -> str:
        return log.read_text(encoding="utf-8")

    wait_until(lambda: "connected" in said(), CONNECTED_SECONDS_MAX, said)
    return folder
