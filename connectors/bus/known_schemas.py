"""Every schema that a value may be written with: ours, and the versions before and after it.

The registry keeps all versions of a record, every one readable by every other (design D7). What
`schemas apply` wrote down of them lies in schema_ids.json, so that no message waits for the
registry: an original of last year opens, and an exchange that is not yet upgraded reads what an
upgraded agency sends. The file is read again when an id is asked for that it did not have.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from connectors.bus.fresh import Patient
from connectors.bus.registry import SchemaIds
from schemas.codec import Codec, compiled, current
from schemas.errors import Broken, Unavailable, UserError
from schemas.inline import fingerprint, records_by_fingerprint, schema_from


class KnownSchemas(Mapping[int, Codec]):
    """Registry id → codec.

    Raises UserError registry.ids_missing, registry.ids_invalid; of an id that is nobody's, or of a
    schema that cannot be compiled, KeyError. What is not known while the file is not whole raises
    Unavailable file.unreadable: the other half may name it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids = Patient(path, SchemaIds.load)
        self._compiled: dict[str, Codec | None] = {}
        self._numbers: dict[str, int] = {}  # fingerprint → id: asked for with each value written

    def __getitem__(self, schema_id: int) -> Codec:
        found = self._ids.value.fingerprint_of(schema_id)
        if found is None and self._changed():
            found = self._ids.value.fingerprint_of(schema_id)
        codec = None if found is None else self._codec(found)
        if codec is None:
            raise KeyError(schema_id)
        return codec

    def __iter__(self) -> Iterator[int]:
        by_id = self._ids.value.by_id
        return (number for number, found in by_id.items() if self._codec(found) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def id_for(self, wanted: str) -> int:
        """Return the id to write a schema with. Raises UserError registry.ids_missing."""
        if wanted not in self._numbers:
            if wanted not in self._ids.value.by_id.values():
                self._changed()
            self._numbers[wanted] = self._ids.value.id_for(wanted)
        return self._numbers[wanted]

    @property
    def ids(self) -> Mapping[str, int]:
        """Fingerprint → the id to write with; of what is not registered KeyError."""
        return _Ids(self)

    @property
    def unread(self) -> tuple[str, str | None]:
        """The file's name, and why what it said before stands; None: it is whole."""
        return self._path.name, self._ids.unread

    def _changed(self) -> bool:
        is_other = self._ids.changed()
        if self._ids.unread is not None:
            raise Unavailable("file.unreadable", where=str(self._path))
        if is_other:
            self._numbers.clear()
        return is_other

    def _codec(self, found: str) -> Codec | None:
        """Return the codec of a schema; None: its text is not kept, or nothing can read by it."""
        ours = records_by_fingerprint().get(found)
        if ours is not None:
            return current(ours)
        if found not in self._compiled:
            text = self._ids.value.texts.get(found)
            if text is None:
                return None
            self._compiled[found] = _read(self._path, found, text)
        return self._compiled[found]


class _Ids(Mapping[str, int]):
    def __init__(self, known: KnownSchemas) -> None:
        self._known = known

    def __getitem__(self, wanted: str) -> int:
        try:
            return self._known.id_for(wanted)
        except UserError:
            raise KeyError(wanted) from None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(codec.fingerprint for codec in self._known.values()))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _read(path: Path, name: str, text: str) -> Codec | None:
    """Compile a kept schema; None: it is none that can be. What is written with it is nobody's.

    Raises UserError registry.ids_invalid: it is another than named.
    """
    try:
        schema = schema_from(text)
    except ValueError:
        schema = {}
    if fingerprint(schema) != name:
        raise UserError("registry.ids_invalid", where=str(path), detail=name[:12], exit_code=3)
    try:
        return compiled(schema)
    except Broken:
        return None
