"""Bring the locked files into the cache: few threads, bounded retries, every byte checked.

The download is jgo's (Maven coordinates to files, in pure Python). Mirrors are jgo's own setting:
`[repositories]` of its configuration file, where the name `central` replaces the default.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import Lock as Mutex
from typing import Final

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from connectors.bus.clock import monotonic, now
from deploy.local.artifacts import Artifact, verify
from deploy.local.wording import say
from schemas.errors import Unavailable, UserError

THREADS: Final = 4
ATTEMPTS: Final = 4  # of each file
ANSWER_SECONDS_MAX: Final = 30  # until the other side says anything
FETCH_SECONDS_MAX: Final = 3600.0  # everything together, on a slow line
REPORT_SECONDS: Final = 3.0  # between two lines of progress
STALE_SECONDS: Final = 86400.0  # a killed download's folder is removed after a day
MEBIBYTE: Final = 1 << 20

Report = Callable[[str], None]


def fetch(artifacts: tuple[Artifact, ...], cache: Path, report: Report) -> None:
    """Make the cache hold every artifact, and check all of them.

    Raises UserError artifact.changed (a cached or a downloaded file is not the locked one) or
    artifact.unavailable (no network, or not there).
    """
    missing = [artifact for artifact in artifacts if not artifact.cached(cache).exists()]
    if missing:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            _sweep(cache)
            _download_all(missing, cache, report)
        except OSError as error:  # the disk is full, or not ours to write on
            raise UserError(
                "artifact.unavailable", where=str(cache), detail=error.strerror, exit_code=3
            ) from error
    for artifact in artifacts:
        verify(artifact.cached(cache), artifact.sha256)


class _Progress:
    """Bytes so far, from all threads, and the moment after which no thread goes on."""

    def __init__(self, total: int, seconds_max: float) -> None:
        self.total: Final = total
        self._until = monotonic() + seconds_max
        self._mutex: Final = Mutex()
        self._bytes = 0

    def add(self, count: int) -> None:
        """Count bytes (negative: a try is taken back). Raises UserError past the limit."""
        with self._mutex:
            self._bytes += count
        if count > 0 and monotonic() > self._until:
            detail = f"stopped after {FETCH_SECONDS_MAX:.0f} s, or because another file failed"
            raise UserError("artifact.unavailable", detail=detail, exit_code=3)

    def stop(self) -> None:
        """Let every thread end at its next piece."""
        self._until = 0.0

    def line(self) -> str:
        """One line for a person."""
        done, total = self._bytes / MEBIBYTE, self.total / MEBIBYTE
        return say(
            f"正在下载 Kafka 与登记中心：{done:.1f} / {total:.1f} MiB",
            f"downloading Kafka and the registry: {done:.1f} / {total:.1f} MiB",
        )


def _download_all(missing: list[Artifact], cache: Path, report: Report) -> None:
    progress = _Progress(sum(artifact.size for artifact in missing), FETCH_SECONDS_MAX)
    report(progress.line())
    largest_first = sorted(missing, key=lambda artifact: -artifact.size)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="fetch") as pool:
        pending = {pool.submit(_download, item, cache, progress) for item in largest_first}
        try:
            while pending:
                done, pending = wait(pending, REPORT_SECONDS, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                report(progress.line())
        finally:
            progress.stop()
            pool.shutdown(wait=True, cancel_futures=True)


def _download(artifact: Artifact, cache: Path, progress: _Progress) -> None:
    tries = Retrying(
        retry=retry_if_exception_type(Unavailable),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=1, max=10),
        reraise=True,
    )
    try:
        tries(_download_once, artifact, cache, progress)
    except Unavailable as error:
        raise UserError(error.code, error.where, error.detail, exit_code=3) from error


def _download_once(artifact: Artifact, cache: Path, progress: _Progress) -> None:
    """Download beside its place, check, and only then give it its name."""
    counted = 0

    @contextmanager
    def counter(_filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        def add(count: int) -> None:
            nonlocal counted
            counted += count
            progress.add(count)

        yield add

    with tempfile.TemporaryDirectory(prefix=".partial-", dir=cache) as folder:
        context = MavenContext(
            resolver=PythonResolver(progress_callback=counter),
            repo_cache=Path(folder),
            remote_repos={"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories},
            timeout=ANSWER_SECONDS_MAX,
        )
        project = context.project(artifact.group, artifact.name)
        wanted = project.at_version(artifact.version).artifact(
            artifact.classifier, artifact.packaging
        )
        try:
            partial = wanted.resolve()
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo's no is bare
            progress.add(-counted)
            cause = type(error).__name__
            raise Unavailable("artifact.unavailable", artifact.coordinate, cause) from error
        verify(partial, artifact.sha256)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        final = artifact.cached(cache)
        final.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(final)


def _sweep(cache: Path) -> None:
    """Remove what downloads that were killed long ago left behind."""
    at = now().timestamp()
    for entry in cache.glob(".partial-*"):
        if at - entry.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(entry, ignore_errors=True)  # another `up` may be removing it too
