"""openings.csv: who may be shown a withheld field later, on request (domain, section 6, item 5).

By the asking organ's relation to the case and the class of the field: opened at once by the rule
itself, left to its owner, or never. What no row speaks of is its owner's to decide, but for who
complained: nobody opens that to any but the handler (domain, section 9, scenario 8).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from schemas.classes import FieldClass
from schemas.parts import Relation
from services.rulebook.tables import Row


class How(StrEnum):
    """What becomes of a request to see a field. In this order, the most open first."""

    AT_ONCE = "at_once"  # 依规则直接准予
    ASK = "ask"  # 由发送机关决定
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class OpeningRule:
    """One row of openings.csv."""

    relation: Relation
    field_class: FieldClass
    path: str | None  # of this field only, `parties[].phone`; None: of every field of the class
    how: How
    basis: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Openings:
    """The table."""

    rows: tuple[OpeningRule, ...] = ()
    by_key: Mapping[tuple[Relation, FieldClass, str | None], OpeningRule] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_key = {(row.relation, row.field_class, row.path): row for row in self.rows}
        object.__setattr__(self, "by_key", by_key)

    def rule(self, relation: Relation, field_class: FieldClass, path: str) -> OpeningRule | None:
        """Return the row that decides on a field, that of its path before that of its class."""
        specific = self.by_key.get((relation, field_class, path))
        return specific or self.by_key.get((relation, field_class, None))


def without_a_row(field_class: FieldClass) -> How:
    """Return what holds for a class of which the table says nothing."""
    return How.NEVER if field_class is FieldClass.COMPLAINANT else How.ASK


def read_opening(row: Row) -> OpeningRule:
    """Read one row of openings.csv. Raises UserError rules.invalid."""
    relation = row.choice("relation", Relation)
    if relation is Relation.UNKNOWN:
        raise row.wrong("relation", "关系不明的一律不得查看", "nothing is opened to who is unknown")
    return OpeningRule(
        relation=relation,
        field_class=row.choice("class", FieldClass),
        path=row.field_path("path"),
        how=row.choice("how", How),
        basis=row.required("basis"),
        line=row.line,
    )
