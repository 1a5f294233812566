"""The copy that a recipient may see: every field by its class and the recipient's relation. Pure.

Redaction comes before anything is written for a recipient (domain, section 6, item 4). A redactor
is compiled once for a schema and a relation; where the relation keeps everything, the message comes
back as it is. Paths are those of documents with positions: `parties[0].phone`,
`envelope.officers[1].certificate`. A container that is withheld is listed once, by its own path.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from schemas.attachments import ATTACHMENTS
from schemas.classes import FieldClass
from schemas.errors import Broken
from schemas.inline import fingerprint
from schemas.messages import Message
from schemas.parts import Relation
from services.confidentiality.free_text import TOO_MANY, Value, search_for
from services.confidentiality.places import NOWHERE, Places
from services.confidentiality.plan import Plan
from services.confidentiality.steps import Work
from services.rulebook.clearances import treatment
from services.rulebook.model import Clearance, Clearances, Treatment

LISTED_MAX: Final = 1_000  # paths listed on one copy; with more, whole lists are withheld

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Redacted(Generic[M]):
    """What may be shown of a message, and the paths of what may not."""

    message: M
    withheld: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()  # masked, generalised, or texts with something taken out


class Redactor:
    """One schema for one relation, compiled.

    `keeps_all`: the copy is the original, byte for byte, also what a newer writer put into it.
    `rules`: by path without positions, what decides on each field; None: no row, so withheld.
    `hides`: it may hide names, numbers or addresses, which other messages of the case must not tell
    either. `reads`: it shows texts, which may tell them.
    """

    __slots__ = ("_looks", "_numbers", "_step", "_unknown", "hides", "keeps_all", "reads", "rules")

    def __init__(
        self,
        schema: Mapping[str, Any],
        relation: Relation,
        clearances: Clearances,
        places: Places = NOWHERE,
    ) -> None:
        complainant = treatment(clearances, relation, FieldClass.COMPLAINANT, "")
        self._numbers = complainant is not Treatment.KEEP
        plan = Plan(relation, clearances, places, scrubs=False)
        part = plan.compiled(schema)
        shows_all = part.step is None and set(plan.unknown.values()) <= {Treatment.KEEP}
        self.keeps_all: Final = shows_all and not self._numbers
        if not self.keeps_all:
            plan = Plan(relation, clearances, places, scrubs=True)
            part = plan.compiled(schema)
        if part.must_go:
            raise Broken("clearance.unredactable", where=schema["name"], detail=relation)
        self.hides: Final = plan.hides and not self.keeps_all
        self.reads: Final = plan.reads and not self.keeps_all
        self.rules: Final[Mapping[str, Clearance | None]] = MappingProxyType(plan.rules)
        self._step, self._looks = part.step, () if part.look is None else (part.look,)
        # What only a newer writer's schema has is read over, so it is lost on a copy written anew.
        self._unknown = () if self.keeps_all else tuple(plan.unknown)

    def __call__(self, message: M, also: Iterable[Value] | None = ()) -> Redacted[M]:
        """Return what the relation may see of a message of that schema.

        `also` is what other messages of the case hide from it: a reply may name a complainant.
        None: more than can be looked for, so every text that would be shown is masked whole.
        """
        if self.keeps_all:
            return Redacted(message, self._unknown)
        work = self._looked(message)
        others = None if also is None else tuple(also)
        hides = bool(work.values) or others is None or bool(others)
        files_go = hides and _has_files(message)
        if work.texts and others is None:
            work.search = TOO_MANY
        elif work.texts:
            values = (*work.values, *(others or ()))
            work.search = search_for(values, work.texts, numbers=self._numbers)
        shown = message if self._step is None else self._step(message, None, "", work)
        withheld, masked = (*work.withheld, *self._unknown), work.masked
        if withheld or masked:  # else the copy is its sender's bytes
            masked = [*masked, *work.unread]
        redacted = Redacted(shown, withheld, tuple(masked))
        if files_go:
            redacted = _without(redacted, (ATTACHMENTS,))
        many = len(redacted.withheld) + len(redacted.masked) > LISTED_MAX
        return coarser(redacted) if many else redacted

    def hidden(self, message: Message) -> tuple[Value, ...]:
        """Return the names, numbers and addresses of a message that its copy does not show."""
        return () if self.keeps_all else tuple(self._looked(message).values)

    def _looked(self, message: Message) -> Work:
        work = Work()
        for look in self._looks:
            look(message, work)
        return work


def coarser(redacted: Redacted[M]) -> Redacted[M]:
    """Withhold each list of which some part is not shown: the copy must fit into a message."""
    listed = (*redacted.withheld, *redacted.masked)
    lists = dict.fromkeys(path.partition("[")[0] for path in listed if "[" in path)
    return _without(redacted, tuple(lists))


def _has_files(message: Message) -> bool:
    """Whether files go with a message; where something of it is hidden, they are withheld whole.

    A file cannot be searched for the names, numbers and addresses that its reader must not see.
    """
    return any(each.blob is not None for each in message.envelope.attachments or ())


def _without(redacted: Redacted[M], lists: tuple[str, ...]) -> Redacted[M]:
    """Return the copy without whole lists, of the message itself or of its envelope."""
    message: Any = redacted.message
    for path in lists:
        owner, _, name = path.rpartition(".")
        if owner:
            part = replace(getattr(message, owner), **{name: None})
            message = replace(message, **{owner: part})
        else:
            message = replace(message, **{name: None})
    return Redacted(
        message,
        (*lists, *(path for path in redacted.withheld if path.partition("[")[0] not in lists)),
        tuple(path for path in redacted.masked if path.partition("[")[0] not in lists),
    )


class Redaction:
    """All redactors of one rulebook, each compiled when it is first asked for (about 2 ms)."""

    __slots__ = ("_clearances", "_places", "_redactors")

    def __init__(self, clearances: Clearances, places: Places) -> None:
        self._clearances, self._places = clearances, places
        self._redactors: dict[tuple[str, Relation], Redactor] = {}

    def redactor(
        self, schema: Mapping[str, Any], relation: Relation, schema_id: str | None = None
    ) -> Redactor:
        """Return the redactor for a writer's schema (its fingerprint, where known) and a relation.

        Raises Broken clearance.unredactable for a schema that our lint would not let through.
        """
        key = (schema_id or fingerprint(schema), relation)
        found = self._redactors.get(key)
        if found is None:
            found = Redactor(schema, relation, self._clearances, self._places)
            self._redactors[key] = found
        return found
