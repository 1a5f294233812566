"""The layers refuse: a forbidden import planted in a copy of the tree breaks its contract."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import PRODUCT, REPO, tracked

PLANTS = [
    ("layers", "schemas/planted.py", "import connectors.bus.home"),
    ("layers", "connectors/bus/planted.py", "import connectors.folder"),
    ("layers", "connectors/folder/planted.py", "import connectors.database"),
    ("layers", "services/casebook/planted.py", "import services.exchange"),
    ("layers", "services/rulebook/planted.py", "import services.casework"),
    ("agency-side", "connectors/folder/planted.py", "import services.casework"),
    ("agency-side", "deploy/planted.py", "import services.rulebook.model"),
    ("no-tests", "services/cli/planted.py", "import tests.prove"),
    ("pure", "schemas/planted.py", "import socket"),
    ("pure", "services/casework/planted.py", "import os"),
    ("pure", "services/casework/planted.py", "from connectors.bus.clock import now"),
    ("read-at-the-edge", "services/casework/planted.py", "import services.rulebook.load"),
    ("pure", "services/rulebook/planted.py", "import sqlite3"),
    ("pure", "connectors/folder/map.py", "import asyncio"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("layers")
    for path in tracked():
        if path.suffix == ".py" and path.parts[0] in {*PRODUCT, "tests"}:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / path, root / path)
    shutil.copy(REPO / "pyproject.toml", root)
    return root


@pytest.mark.parametrize(("contract", "place", "line"), PLANTS)
def test_a_forbidden_import_breaks_its_contract(
    copy: Path, contract: str, place: str, line: str
) -> None:
    planted = copy / place
    before = planted.read_text(encoding="utf-8") if planted.exists() else None
    planted.write_text(line + "\n", encoding="utf-8")
    try:
        linted = subprocess.run(
            [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--contract", contract],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        planted.unlink()
        if before is not None:
            planted.write_text(before, encoding="utf-8")
    module = place.removesuffix(".py").replace("/", ".")
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert f"{module} -> {line.split()[1]}" in linted.stdout
