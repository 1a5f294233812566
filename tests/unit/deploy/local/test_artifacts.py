import hashlib
from pathlib import Path

import pytest

from deploy.local.artifacts import (
    KAFKA,
    REGISTRY,
    Artifact,
    locked,
    parse_coordinate,
    parse_lock,
    verify,
)
from schemas.errors import UserError

ENTRY = """
manifest_sha256 = "ab"
[[artifact]]
part = "kafka"
coordinate = "{coordinate}"
sha256 = "{sha256}"
size = 3
"""
DIGEST = hashlib.sha256(b"jar").hexdigest()


def test_the_lock_of_this_release_pins_kafka_its_log_and_the_registry() -> None:
    lock = locked()
    kafka = {f"{item.group}:{item.name}" for item in lock.part(KAFKA)}
    assert lock.part(KAFKA)[0].name == "kafka_2.13"
    assert len(kafka) == len(lock.part(KAFKA)) == 46
    assert "org.apache.logging.log4j:log4j-slf4j-impl" in kafka
    assert [item.filename for item in lock.part(REGISTRY)] == [
        f"apicurio-registry-app-{lock.version(REGISTRY)}-all.tar.gz"
    ]
    assert all(item.size > 0 for item in lock.artifacts)
    assert len(bytes.fromhex(lock.manifest_sha256)) == 32


def test_the_log_binding_has_the_version_of_the_log_it_binds() -> None:
    log4j = {
        item.version for item in locked().artifacts if item.group == "org.apache.logging.log4j"
    }
    assert len(log4j) == 1


def test_an_entry_gives_its_file_and_its_place_in_the_cache() -> None:
    text = ENTRY.format(coordinate="a.b:name:tar.gz:all:1.0", sha256=DIGEST)
    (artifact,) = parse_lock(text).artifacts
    expected = Artifact(
        part="kafka",
        group="a.b",
        name="name",
        packaging="tar.gz",
        classifier="all",
        version="1.0",
        sha256=DIGEST,
        size=3,
    )
    assert artifact == expected
    assert artifact.coordinate == "a.b:name:tar.gz:all:1.0"
    assert artifact.cached(Path("c")) == Path("c/maven/a/b/name/1.0/name-1.0-all.tar.gz")


@pytest.mark.parametrize("coordinate", ["a:b", "a:b:c", "a:b:c:d:e:f", "a"])
def test_what_is_no_coordinate_is_refused(coordinate: str) -> None:
    with pytest.raises(ValueError, match=coordinate):
        parse_coordinate(coordinate)


@pytest.mark.parametrize("digest", [DIGEST[:-2], "zz", ""])
def test_what_is_no_sha256_is_refused(digest: str) -> None:
    text = ENTRY.format(coordinate="a:b:jar:1", sha256=digest)
    with pytest.raises(ValueError):  # noqa: PT011 -- bytes.fromhex and we say it differently
        parse_lock(text)


def test_a_changed_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jar"
    path.write_bytes(b"jar")
    verify(path, DIGEST)
    path.write_bytes(b"jaR")
    with pytest.raises(UserError) as refused:
        verify(path, DIGEST)
    assert (refused.value.code, refused.value.where) == ("artifact.changed", str(path))
    assert refused.value.exit_code == 3
