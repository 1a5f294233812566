"""Opening the casebook, whichever database it lies in."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from pydantic import SecretStr
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from connectors.bus.home import Home
from schemas.errors import UserError
from schemas.ids import RulebookHash
from services.casebook import postgresql, sqlite
from services.casebook.lockbox import KEY_BYTES, WrappingKey
from services.casebook.progress import Place

_POSTGRESQL: Final = ("postgresql", postgresql.DRIVER)


@dataclass(frozen=True, slots=True)
class Casebook:
    """An open casebook. `lock` is held while the object lives; None on PostgreSQL."""

    engine: Engine
    lock: TextIO | None
    key: WrappingKey  # the exchange's own; the cases' keys are locked with it
    readers: Engine | None = None  # opens connections that only read; None: it lies in memory
    # By which rulebook each partition is decided, as this process saw it last: a forecast.
    in_force: dict[Place, RulebookHash | None] = field(default_factory=dict, compare=False)

    def close(self) -> None:
        """Close connections, then let the lock go."""
        self.engine.dispose()
        if self.readers is not None:
            self.readers.dispose()
        if self.lock is not None:
            self.lock.close()


def open_sqlite(path: Path, key_file: Path | None = None) -> Casebook:
    """Open a SQLite casebook for writing, making it if absent; its key lies in the same home.

    Raises UserError casebook.in_use when another process writes it, casebook.foreign_wal,
    casebook.key_missing or casebook.key_wrong, Broken casebook.version.
    """
    engine, lock, key = sqlite.open_to_write(path, key_file or Home(path.parent).casebook_key)
    return Casebook(engine, lock, key, sqlite.readers(path))


def open_in_memory() -> Casebook:
    """Open a casebook of this process alone, empty."""
    return Casebook(sqlite.open_in_memory(), None, WrappingKey(os.urandom(KEY_BYTES)))


def open_scratch(path: Path) -> Casebook:
    """Open a new SQLite casebook for a while. Its key is nowhere but in this process.

    So what of it is left behind by a process that was killed opens for nobody.
    """
    engine, lock = sqlite.open_scratch(path)
    return Casebook(engine, lock, WrappingKey(os.urandom(KEY_BYTES)), sqlite.readers(path))


def open_url(url: str, key_file: Path) -> Casebook:
    """Open a casebook for writing, making its tables if absent.

    Raises UserError casebook.url_unsupported, and what `open_sqlite` and PostgreSQL raise.
    """
    where = _where(url)
    if isinstance(where, Path):
        return open_sqlite(where, key_file)
    engine, key = postgresql.open_to_write(where, key_file)
    return Casebook(engine, None, key, postgresql.readers(where))


def is_shared(url: SecretStr) -> bool:
    """Whether several processes may write the casebook of this URL; empty: SQLite in the home.

    Raises UserError casebook.url_unsupported.
    """
    return bool(url.get_secret_value()) and isinstance(_where(url.get_secret_value()), URL)


def place_of(home: Home) -> Path | URL:
    """Return the SQLite file, or the database of PostgreSQL, that the home's settings name.

    Raises UserError casebook.url_unsupported.
    """
    url = home.settings().casebook.url.get_secret_value()
    return _where(url) if url else home.casebook


def open_for_reading(where: Path | str) -> Engine:
    """Open a casebook that other processes write, by its path or its URL.

    Raises UserError casebook.missing, casebook.foreign_wal, casebook.url_unsupported, Broken
    casebook.version.
    """
    place = _where(where) if isinstance(where, str) else where
    if isinstance(place, Path):
        return sqlite.open_to_read(place)
    return postgresql.open_to_read(place)


def _where(url: str) -> Path | URL:
    """Return a SQLite file, or the server's URL with the driver that we have."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UserError("casebook.url_unsupported", exit_code=3) from None  # it has the password
    if parsed.drivername == "sqlite" and parsed.database:
        return Path(parsed.database)
    if parsed.drivername in _POSTGRESQL and parsed.database:
        return parsed.set(drivername=postgresql.DRIVER)
    raise UserError("casebook.url_unsupported", exit_code=3)
