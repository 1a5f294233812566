"""`yichuan schemas lint`: who has just written a schema is told of the file, not by a traceback."""

import json
import shutil
from pathlib import Path

import pytest

from services.cli import schemas
from services.cli.main import main
from tests.house.tree import REPO


@pytest.fixture(params=[True, False], ids=["the package's own", "a folder that is named"])
def avro(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, list[str]]:
    """Give a copy of the schemas, and the option that names it."""
    copy = tmp_path / "avro"
    shutil.copytree(REPO / "schemas" / "avro", copy)
    if request.param:
        monkeypatch.setattr(schemas, "_AVRO", copy)
        return copy, []
    return copy, ["--avro", str(copy)]


@pytest.mark.parametrize(
    ("name", "content", "detail"),
    [
        ("Copy.avsc", b'{\n  "type": "record",\n', "line 3 column 1"),
        ("shared/Stage.avsc", b'{"type": "enum"}', "'namespace'"),
        ("Copy.avsc", b"[]", "list"),
        ("Copy.avsc", "“”".encode("gbk"), "utf-8"),
    ],
)
@pytest.mark.parametrize("verb", ["lint", "plan"])
def test_a_schema_file_that_cannot_be_read_is_named(
    avro: tuple[Path, list[str]],
    capsys: pytest.CaptureFixture[str],
    verb: str,
    name: str,
    content: bytes,
    detail: str,
) -> None:
    folder, option = avro
    (folder / name).write_bytes(content)
    home = ["--home", str(folder)] if verb == "plan" else []
    assert main(["schemas", verb, *option, *home, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["where"]) == ("schema.unreadable", str(folder / name))
    assert detail in error["detail"]


def test_a_record_without_a_schema_file_is_named(
    avro: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, option = avro
    (folder / "Copy.avsc").unlink()
    assert main(["schemas", "lint", *option, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["detail"]) == ("schema.unreadable", "yichuan.Copy")
