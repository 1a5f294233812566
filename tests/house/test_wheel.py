"""The wheel carries what the code reads: schemas, examples, rulebooks, locks of the stack."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.house.tree import PRODUCT, REPO, tracked


def test_every_file_of_the_product_is_in_the_wheel(tmp_path: Path) -> None:
    source, built = tmp_path / "source", tmp_path / "built"
    product = [path for path in tracked() if path.parts[0] in PRODUCT and path.suffix != ".md"]
    for name in (*map(str, product), "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO / name, source / name)
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    built.mkdir()
    subprocess.run(
        [sys.executable, "-c", build, str(built)], cwd=source, check=True, capture_output=True
    )
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    assert sorted({str(path) for path in product} - inside) == []
    assert [name for name in inside if name.startswith("tests/")] == []
