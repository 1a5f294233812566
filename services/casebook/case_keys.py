"""The keys of the cases, as a transaction sees them: made when first needed, gone when erased.

Bytes that no case can be named for are locked under a key of their month: it too can be erased.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Select, update

from schemas.errors import Broken
from schemas.ids import CaseId
from services.casebook.lockbox import KEY_BYTES, NONCE_BYTES, Bound, WrappingKey, lock, unlock
from services.casebook.queries import KEYS_NAMED, KEYS_OF
from services.casebook.rows import to_ms
from services.casebook.statements import Values, insert_missing, parts
from services.casebook.tables import CASE_KEYS

QUARANTINE: Final = "quarantine-"
NO_SEQS: Final[Mapping[CaseId, int]] = MappingProxyType({})

KeyName = str  # a case id, or QUARANTINE and a month


def quarantine_of(at: datetime) -> KeyName:
    """Return the name of the key for what came at this time and is no case's."""
    return f"{QUARANTINE}{at.astimezone(UTC):%Y-%m}"


class CaseKeys:
    """Keys by name. Without the exchange's own key (`wrapping` None) none is found."""

    def __init__(
        self,
        connection: Connection,
        wrapping: WrappingKey | None,
        seqs: Mapping[CaseId, int] = NO_SEQS,  # by which number cases are known, when they are
    ) -> None:
        self._connection, self._wrapping, self._seqs = connection, wrapping, seqs
        self._wrapped: dict[KeyName, bytes | None] = {}  # None: erased
        self._opened: dict[KeyName, bytes] = {}
        self._absent: set[KeyName] = set()

    def load(self, names: Iterable[KeyName]) -> None:
        """Read those not read yet, a few queries for all."""
        unread = {n for n in names if n not in self._wrapped and n not in self._absent}
        for seqs in parts(seq for n in unread if (seq := self._seq(n)) is not None):
            self._take(KEYS_OF, {"seqs": seqs})
        for part in parts(unread - self._wrapped.keys()):
            self._absent.update(part)
            self._take(KEYS_NAMED, {"names": part})
        self._absent -= self._wrapped.keys()

    def make(self, names: Iterable[KeyName]) -> None:
        """Make those that are not there. One that another worker makes meanwhile is taken over."""
        wanted = sorted({name for name in names if name not in self._wrapped})
        self.load(wanted)
        missing = [name for name in wanted if name in self._absent]
        if not missing:
            return
        made = {name: os.urandom(KEY_BYTES) for name in missing}
        rows = list(self._wrapped_rows(made))
        insert_missing(self._connection, CASE_KEYS, rows)
        self._absent.difference_update(missing)
        self.load(missing)
        ours = (row["name"] for row in rows if self._wrapped.get(row["name"]) == row["wrapped"])
        self._opened.update({name: made[name] for name in ours})

    def has(self, name: KeyName) -> bool:
        """Whether it is there and was not erased."""
        self.load([name])
        return self._wrapped.get(name) is not None

    def is_erased(self, name: KeyName) -> bool:
        """Whether it was there once."""
        self.load([name])
        return name in self._wrapped and self._wrapped[name] is None

    def wrapped(self, name: KeyName) -> bytes | None:
        """Return it as it may be kept elsewhere; None: there is none, or no more."""
        self.load([name])
        return self._wrapped.get(name)

    def lock(self, name: KeyName, plain: bytes, bound: Bound) -> bytes:
        """Return the bytes locked, the key being made when it is not there.

        Raises Broken case.erased.
        """
        if name not in self._wrapped:
            self.make([name])
        return lock(self._key(name), os.urandom(NONCE_BYTES), plain, bound)

    def unlock(self, name: KeyName, locked: bytes, bound: Bound) -> bytes:
        """Return what was locked. Raises Broken case.erased, casebook.unreadable."""
        return unlock(self._key(name), locked, bound)

    def erase(self, name: KeyName, at: datetime) -> None:
        """Lose the key: nothing that was locked under it opens any more, wherever it lies.

        The row stays, so that the key is not made again.
        """
        self.make([name])  # of a case that kept nothing there was none
        where = CASE_KEYS.c.name == name
        values = {"wrapped": None, "erased_ms": to_ms(at)}
        self._connection.execute(update(CASE_KEYS).where(where).values(**values))
        self._wrapped[name] = None
        self._opened.pop(name, None)

    def take_over(self, name: KeyName, wrapped: bytes) -> None:
        """Put a key back that a casebook of before lacks. One that is there, or erased, stays.

        It may be locked under a key that was the exchange's own before this one. Raises Broken
        casebook.unreadable where that is not here any more.
        """
        self.load([name])
        if name in self._absent:
            wrapped = self._own().renewed(name, wrapped, os.urandom(NONCE_BYTES))
            insert_missing(self._connection, CASE_KEYS, [self._row(name, wrapped)])
            self._absent.discard(name)
            self.load([name])

    def _take(self, query: Select[Any], values: Values) -> None:
        for name, wrapped in self._connection.execute(query, values):
            self._wrapped[name] = wrapped

    def _seq(self, name: KeyName) -> int | None:
        return self._seqs.get(CaseId(name))

    def _key(self, name: KeyName) -> bytes:
        if name not in self._opened:
            if name not in self._wrapped:
                self.load([name])
            wrapped = self._wrapped.get(name)
            if wrapped is None:
                raise Broken("case.erased" if name in self._wrapped else "casebook.unreadable")
            self._opened[name] = self._own().unwrap(name, wrapped)
        return self._opened[name]

    def _wrapped_rows(self, made: Mapping[KeyName, bytes]) -> Iterator[Values]:
        own = self._own()
        for name, key in made.items():
            yield self._row(name, own.wrap(name, key, os.urandom(NONCE_BYTES)))

    def _row(self, name: KeyName, wrapped: bytes) -> Values:
        row: Values = {"name": name, "wrapped": wrapped, "erased_ms": None}
        return row | {"case_seq": self._seq(name)}

    def _own(self) -> WrappingKey:
        if self._wrapping is None:
            raise Broken("casebook.key_missing")
        return self._wrapping


def name_for(keys: CaseKeys, case_id: CaseId | None, at: datetime) -> KeyName:
    """Return under which key to lock what may be a case's: its own, if it has one."""
    return case_id if case_id is not None and keys.has(case_id) else quarantine_of(at)
