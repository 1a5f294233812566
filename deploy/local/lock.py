"""`python -m deploy.local.lock`: write artifacts.lock.toml anew, for the versions named here.

Run it to take up another version; the difference of the lock is what a reviewer looks at.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from jgo.maven import MavenContext

from deploy.local.artifacts import KAFKA, REGISTRY, parse_coordinate, sha256_of
from deploy.local.unpack import extract, manifest_digest

# slf4j-impl: without a binding the broker logs nothing. Its version is that of Kafka's log4j-api.
KAFKA_ROOT: Final = "org.apache.kafka:kafka_2.13:jar:4.3.1"
LOG_BINDING: Final = "org.apache.logging.log4j:log4j-slf4j-impl:jar:2.25.4"
REGISTRY_ROOT: Final = "io.apicurio:apicurio-registry-app:tar.gz:all:3.3.3"
LOCK: Final = Path(__file__).with_name("artifacts.lock.toml")
HEAD: Final = "# Written by `python -m deploy.local.lock`; read by deploy/local/artifacts.py.\n"


def main() -> None:
    """Resolve, download into a folder of its own, digest, write."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder) / "maven", timeout=60)
        jars = _kafka_coordinates(context)
        text = [HEAD, *(_entry(KAFKA, jar, _file(context, jar)) for jar in jars)]
        archive = _file(context, REGISTRY_ROOT)
        text.append(_entry(REGISTRY, REGISTRY_ROOT, archive))
        extract(archive, Path(folder) / "registry")
        digest = manifest_digest(Path(folder) / "registry")
        text.insert(1, f'manifest_sha256 = "{digest}" # of the list of the registry\'s files\n')
    LOCK.write_text("".join(text), encoding="utf-8")
    sys.stdout.write(f"{LOCK.name}: {len(text) - 2} files\n")


def _kafka_coordinates(context: MavenContext) -> list[str]:
    """Return Kafka's jar first, its dependencies sorted, and the binding of the log."""
    group, name, _, _, version = parse_coordinate(KAFKA_ROOT)
    root = context.create_dependency(f"{group}:{name}:{version}")
    _, needed = context.resolver.resolve([root])
    found = {
        f"{item.groupId}:{item.artifactId}:{item.type}:{item.version}"
        for item in needed
        if not item.classifier
    }
    return [KAFKA_ROOT, *sorted(found | {LOG_BINDING})]


def _file(context: MavenContext, coordinate: str) -> Path:
    group, name, packaging, classifier, version = parse_coordinate(coordinate)
    component = context.project(group, name).at_version(version)
    return component.artifact(classifier, packaging).resolve()


def _entry(part: str, coordinate: str, path: Path) -> str:
    return (
        "\n[[artifact]]\n"
        f'part = "{part}"\n'
        f'coordinate = "{coordinate}"\n'
        f'sha256 = "{sha256_of(path)}"\n'
        f"size = {path.stat().st_size}\n"
    )


if __name__ == "__main__":
    main()
