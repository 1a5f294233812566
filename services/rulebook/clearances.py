"""The clearance table: what a recipient sees of a field, by its relation and the field's class.

clearances.csv has a row for every relation and class, and rows for single paths over them. What no
row speaks of is withheld (domain, section 6, item 3).
"""

from typing import Final

from schemas.classes import FieldClass
from schemas.parts import Relation
from services.rulebook.model import Clearance, Clearances, Treatment
from services.rulebook.tables import Row

_ORDER: Final = tuple(Treatment)


def clearance(
    clearances: Clearances, relation: Relation, field_class: FieldClass, path: str
) -> Clearance | None:
    """Return the row that decides on a field, that of its path before that of its class.

    `path` is of the contract, without positions: `parties[].address`. None: withheld.
    """
    by_key = clearances.by_key
    return by_key.get((relation, field_class, path)) or by_key.get((relation, field_class, None))


def treatment(
    clearances: Clearances, relation: Relation, field_class: FieldClass, path: str
) -> Treatment:
    """Return what becomes of a field on a copy for that relation."""
    row = clearance(clearances, relation, field_class, path)
    return Treatment.WITHHOLD if row is None else row.treatment


def strictness(treated: Treatment) -> int:
    """Return how little a treatment shows: the more, the less."""
    return _ORDER.index(treated)


def read_clearance(row: Row) -> Clearance:
    """Read one row of clearances.csv. Raises UserError rules.invalid."""
    relation = row.choice("relation", Relation)
    if relation is Relation.UNKNOWN:
        raise row.wrong("relation", "关系不明的一律不予提供", "who is unknown sees nothing")
    return Clearance(
        relation=relation,
        field_class=row.choice("class", FieldClass),
        path=row.field_path("path"),
        treatment=row.choice("treatment", Treatment),
        basis=row.required("basis"),
        line=row.line,
    )
