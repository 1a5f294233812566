"""The dead letters as an operator has them before them: light ones all, and the bytes of few."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection

from connectors.bus.home import Home, Settings
from schemas.errors import UserError
from schemas.topics import DEAD_LETTERS
from services.casebook.case_keys import CaseKeys
from services.casebook.key_file import key_in_force
from services.casebook.letters import LOCKED, opened_letter
from services.cli.casebook_view import reading
from services.cli.dead_book import Fate, fates_of, sources_of
from services.cli.dead_letter import NUMBER_MAX, DeadLetter, Mark, read_letter
from services.cli.exit_codes import NO
from services.cli.log_reader import LogReader, open_log

LETTERS_MAX: Final = 100_000  # looked through, the newest
CONNECT_SECONDS_MAX: Final = 30.0
PORTION_OFFSETS_MAX: Final = 500  # from the first to the last of those that are read at once
PORTION_BYTES_MAX: Final = 16 * 1024 * 1024
_READ_SECONDS_MAX: Final = 120.0
_PLACE: Final = (DEAD_LETTERS, 0)


@dataclass(frozen=True, slots=True)
class Desk:
    """The dead letters with their marks, and a look into the casebook."""

    home: Home
    settings: Settings
    log: LogReader
    connection: Connection
    letters: tuple[DeadLetter, ...]  # the oldest first, without their bytes
    marks: tuple[Mark, ...]
    is_cut: bool = False  # whether older letters lie in the topic than these
    _marked: dict[int, list[Mark]] = field(init=False, repr=False)  # by the letter's offset
    _partitions: dict[str, frozenset[int]] = field(init=False, repr=False)  # of topics asked about

    def __post_init__(self) -> None:
        """Sort the marks, of which there may be as many as letters."""
        marked: dict[int, list[Mark]] = {}
        for mark in self.marks:
            marked.setdefault(mark.of, []).append(mark)
        object.__setattr__(self, "_marked", marked)
        object.__setattr__(self, "_partitions", {})

    def fate(self, letter: DeadLetter) -> Fate:
        """Return what is known of a letter."""
        ((_, fate),) = self.fates([letter])
        return fate

    def fates(self, letters: Sequence[DeadLetter]) -> Iterator[tuple[DeadLetter, Fate]]:
        """Yield letters, each with what is known of it."""
        marked = ((letter, self.marks_of(letter)) for letter in letters)
        return zip(letters, fates_of(self.connection, marked), strict=True)

    def marks_of(self, letter: DeadLetter) -> tuple[Mark, ...]:
        """Return how often it was retried."""
        return tuple(self._marked.get(letter.offset, ()))

    def has_partition(self, topic: str, partition: int) -> bool:
        """Whether the broker has it; asked once of each topic."""
        if topic not in self._partitions:
            spans = self.log.spans(topic)
            self._partitions[topic] = frozenset(number for _, number in spans)
        return partition in self._partitions[topic]

    def find(self, named: str) -> DeadLetter:
        """Return the letter of this number, or the newest of this message, with its bytes.

        By its number also one that is older than those on the desk. Raises UserError dead.unknown.
        """
        found: DeadLetter | None
        if named.isascii() and named.isdecimal():
            found = self._numbered(min(int(named), NUMBER_MAX))
        else:
            sources = sources_of(self.connection, named)
            of_message = (each for each in reversed(self.letters) if each.source in sources)
            light_one = next(of_message, None)
            found = None if light_one is None else self._read([light_one])[0]
        if found is None:
            raise UserError("dead.unknown", where=named, exit_code=NO)
        return found

    def whole(self, letters: Iterable[DeadLetter]) -> Iterator[tuple[DeadLetter, ...]]:
        """Yield letters with their bytes, which of all may be gigabytes: a portion, one read."""
        portion: list[DeadLetter] = []
        size = 0
        for letter in letters:
            size += letter.size or 0
            is_far = portion and letter.offset - portion[0].offset >= PORTION_OFFSETS_MAX
            if portion and (is_far or size > PORTION_BYTES_MAX):
                yield self._read(portion)
                portion, size = [], letter.size or 0
            portion.append(letter)
        if portion:
            yield self._read(portion)

    def _numbered(self, offset: int) -> DeadLetter | None:
        at = bisect_left(self.letters, offset, key=attrgetter("offset"))
        if at < len(self.letters) and self.letters[at].offset == offset:
            return self._read([self.letters[at]])[0]
        begin, end = self.log.spans(DEAD_LETTERS).get(_PLACE, (0, 0))
        return self._read_at([offset]).get(offset) if begin <= offset < end else None

    def _read(self, portion: Sequence[DeadLetter]) -> tuple[DeadLetter, ...]:
        """Return them with their bytes; one that is no longer there, as it is."""
        found = self._read_at([each.offset for each in portion])
        return tuple(found.get(each.offset, each) for each in portion)

    def _read_at(self, offsets: Sequence[int]) -> dict[int, DeadLetter]:
        begins, ends = {_PLACE: offsets[0]}, {_PLACE: offsets[-1] + 1}
        read, wanted = self.log.read(begins, ends, _READ_SECONDS_MAX), frozenset(offsets)
        records = (record for record in read if record.offset in wanted)
        keys = CaseKeys(self.connection, key_in_force(self.connection, self.home.casebook_key))
        found = (opened(keys, read_letter(record)) for record in records)
        return {each.offset: each for each in found if isinstance(each, DeadLetter)}


@contextmanager
def open_desk(home: Home) -> Iterator[Desk]:
    """Read the dead letters and open the casebook for reading."""
    settings = home.settings()
    with open_log(home, settings, CONNECT_SECONDS_MAX) as log, reading(home) as connection:
        spans = log.spans(DEAD_LETTERS)
        ends = {place: end for place, (_, end) in spans.items()}
        begins = {place: max(begin, end - LETTERS_MAX) for place, (begin, end) in spans.items()}
        keys = CaseKeys(connection, key_in_force(connection, home.casebook_key))
        records = log.read(begins, ends, _READ_SECONDS_MAX)
        found = [light(opened(keys, read_letter(record))) for record in records]
        is_cut = any(begins[place] > begin for place, (begin, _) in spans.items())
        yield Desk(
            home,
            settings,
            log,
            connection,
            tuple(one for one in found if isinstance(one, DeadLetter)),
            tuple(one for one in found if isinstance(one, Mark)),
            is_cut,
        )


def opened(keys: CaseKeys, letter: DeadLetter | Mark) -> DeadLetter | Mark:
    """Return a letter with the bytes that came; a mark, and one from before, as they are.

    Raises Broken casebook.unreadable, casebook.key_missing.
    """
    if isinstance(letter, Mark) or letter.value is None or LOCKED not in letter.headers:
        return letter
    plain = opened_letter(keys, DEAD_LETTERS, letter.source, letter.headers, letter.value)
    key, value = plain or (None, None)
    return replace(letter, key=key, value=value)


def light(letter: DeadLetter | Mark) -> DeadLetter | Mark:
    """Return a letter without its bytes."""
    if isinstance(letter, Mark) or letter.value is None:
        return letter
    return replace(letter, key=None, value=None, size=len(letter.value))
