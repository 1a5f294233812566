import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jgo.maven import PythonResolver

from deploy.local.artifacts import Artifact
from deploy.local.fetch import ATTEMPTS, fetch
from schemas.errors import UserError

CONTENT = b"the locked bytes"


def artifact(name: str = "thing") -> Artifact:
    return Artifact(
        part="kafka",
        group="org.example",
        name=name,
        packaging="jar",
        classifier="",
        version="1",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
    )


class Line:
    """What the network gives, try by try: bytes, or an error after half a file."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    def download(self, resolver: PythonResolver, wanted: Any) -> Path:
        """Do as jgo's resolver: write into the cache that it was given, counting the bytes."""
        self.asked += 1
        answer = self.answers.pop(0)
        path: Path = wanted.cached_path
        path.parent.mkdir(parents=True)
        assert resolver.progress_callback is not None
        with resolver.progress_callback(wanted.filename, len(CONTENT)) as count:
            if isinstance(answer, Exception):
                path.write_bytes(CONTENT[:5])
                count(5)
                raise answer
            path.write_bytes(answer)
            count(len(answer))
        return path


Connect = Callable[..., Line]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    def give(*answers: bytes | Exception) -> Line:
        line = Line(*answers)

        def download(resolver: PythonResolver, wanted: Any) -> Path:
            return line.download(resolver, wanted)

        monkeypatch.setattr(PythonResolver, "download", download)
        monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
        return line

    return give


def everything(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_a_missing_file_is_downloaded_once_and_found_the_next_time(
    connect: Connect, tmp_path: Path
) -> None:
    line = connect(CONTENT)
    said: list[str] = []
    fetch((artifact(),), tmp_path, said.append)
    fetch((artifact(),), tmp_path, said.append)
    assert artifact().cached(tmp_path).read_bytes() == CONTENT
    assert everything(tmp_path) == ["thing-1.jar"]
    assert line.asked == 1
    assert said


def test_a_download_that_is_not_the_locked_one_is_refused_and_not_kept(
    connect: Connect, tmp_path: Path
) -> None:
    line = connect(b"other bytes here")
    with pytest.raises(UserError) as refused:
        fetch((artifact(),), tmp_path, print)
    assert refused.value.code == "artifact.changed"
    assert "thing-1.jar" in (refused.value.where or "")
    assert everything(tmp_path) == []
    assert line.asked == 1


def test_a_changed_file_in_the_cache_is_refused_and_left_for_a_look(
    connect: Connect, tmp_path: Path
) -> None:
    connect(CONTENT)
    fetch((artifact(),), tmp_path, print)
    cached = artifact().cached(tmp_path)
    cached.write_bytes(CONTENT + b"!")
    with pytest.raises(UserError) as refused:
        fetch((artifact(),), tmp_path, print)
    assert (refused.value.code, refused.value.where) == ("artifact.changed", str(cached))
    assert cached.exists()


def test_a_broken_line_is_tried_again_and_leaves_no_half_file(
    connect: Connect, tmp_path: Path
) -> None:
    line = connect(ConnectionError(), RuntimeError("not found"), CONTENT)
    fetch((artifact(),), tmp_path, print)
    assert line.asked == 3
    assert everything(tmp_path) == ["thing-1.jar"]


def test_a_line_that_stays_broken_is_given_up_after_a_few_tries(
    connect: Connect, tmp_path: Path
) -> None:
    line = connect(*(ConnectionError() for _ in range(ATTEMPTS + 1)))
    with pytest.raises(UserError) as refused:
        fetch((artifact(),), tmp_path, print)
    assert refused.value.code == "artifact.unavailable"
    assert refused.value.where == "org.example:thing:jar:1"
    assert line.asked == ATTEMPTS
    assert everything(tmp_path) == []


def test_a_cache_that_cannot_be_made_is_reported(connect: Connect, tmp_path: Path) -> None:
    connect(CONTENT)
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UserError) as refused:
        fetch((artifact(),), tmp_path / "file" / "cache", print)
    assert refused.value.code == "artifact.unavailable"
