"""What a request to see withheld fields asks for: looked up in the sealed original, for `decide`.

No value leaves here: paths, rows of the rulebook and classes.
"""

from collections.abc import Sequence
from typing import Final

from schemas.avro_values import ARRAY_MAX, STRING_MAX_BYTES
from schemas.classes import FieldClass
from schemas.codec import Opened
from schemas.messages import Message
from schemas.oversight import OpeningAnswer, OpeningRequest
from schemas.seal_form import seed_of
from schemas.seal_open import Extract, extract
from services.casebook.work import Work
from services.casework.case import Case, Handed
from services.casework.openings import asked_before, copy_of
from services.confidentiality.asked import ANYBODY, TELLING, Asking, Held, asked
from services.exchange.office import Office
from services.exchange.shown import Shown
from services.exchange.unsealed import is_erased
from services.rulebook.clearances import clearance

OPENED_MAX_BYTES: Final = 600_000  # of what one message opens: values, paths and digests

_PART_BYTES: Final = 60  # a digest as text, and what frames it
_FIELD_BYTES: Final = 600  # the rows and bases that are told of a field


def asking_of(office: Office, work: Work, message: Message, case: Case | None) -> Asking | None:
    """Return what is known of the paths; None for another record, or where there is no copy."""
    if case is None:
        return None
    if isinstance(message, OpeningRequest):
        handed = copy_of(case, message.envelope.in_reply_to, message.envelope.sender)
        return _asking(office, work, case, handed, message.paths or ())
    if isinstance(message, OpeningAnswer):
        before = asked_before(case, message.envelope.in_reply_to)
        handed = copy_of(case, before.message, before.reader) if before else None
        return _asking(office, work, case, handed, message.opened or ())
    return None


def opened_of(opened: Opened, paths: Sequence[str]) -> Extract:
    """Return what is opened of an original, with what proves it."""
    seal = opened.message.envelope.seal
    seed = seed_of(seal) if seal else None
    return extract(opened.tree, opened.body, seed or b"", paths)


def _asking(
    office: Office, work: Work, case: Case, handed: Handed | None, paths: Sequence[str]
) -> Asking | None:
    if handed is None:
        return None
    key = (handed.author, handed.message)
    if is_erased(work, *key):
        return Asking(is_erased=True)
    shown, telling = Shown(office, work, case), Shown(office, work, case, TELLING)
    original = shown.original(key)
    held = Held(
        redactor=shown.redactor(original, handed.relation),
        copy=shown.copy(key, handed.relation),
        telling=telling.copy(key, ANYBODY),
        searched=clearance(office.rulebook.clearances, handed.relation, FieldClass.COMPLAINANT, ""),
    )
    found = opened_of(original, paths)
    fields = asked(paths, (leaf.path for leaf in found.leaves), held)
    return Asking(fields, is_too_large=_is_too_large(found))


def _is_too_large(found: Extract) -> bool:
    sizes = [len(leaf.value.encode()) for leaf in found.leaves]
    parts = sum(len(path) + _PART_BYTES for path in found.parts)
    return (
        len(found.parts) > ARRAY_MAX
        or max(sizes, default=0) > STRING_MAX_BYTES
        or sum(sizes) + len(sizes) * _FIELD_BYTES + 2 * parts > OPENED_MAX_BYTES
    )
