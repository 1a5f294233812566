"""How an organ stands to a case, so that its copies are redacted for who it is there."""

from typing import Final

from schemas.ids import OrganCode
from schemas.parts import Relation
from services.casework.case import Case, Life, State
from services.casework.handing import relation_of_sender
from services.casework.steps import Situation
from services.rulebook.model import OrganType

_BY_TYPE: Final = {
    OrganType.SUPERVISOR: Relation.SUPERVISOR,
    OrganType.COUNTY_GOVERNMENT: Relation.SUPERIOR,
    OrganType.CITY_GOVERNMENT: Relation.SUPERIOR,
    OrganType.CITY_DEPARTMENT: Relation.SUPERIOR,
}
_TOGETHER: Final = frozenset({Life.JOINT, Life.CONSULTATION})


def relation_in(case: Case, organ: OrganCode, situation: Situation) -> Relation:
    """Return how the organ stands to the case; who is no party of it: by what it is.

    UNKNOWN for anybody else: then everything but what is public is withheld.
    """
    if organ == case.handler:  # a designee sees no complainant before it has filed the case
        return Relation.DESIGNEE if case.state is State.DESIGNATED else Relation.HANDLER
    known = situation.rulebook.directory.organs.get(organ)
    by_type = _BY_TYPE.get(known.type) if known else None
    if case.life in _TOGETHER:
        return by_type or Relation.PARTICIPANT
    if organ in (case.sender, case.asking, *case.holders):
        return relation_of_sender(case, organ)
    if case.dispute is not None and case.dispute.between(organ):
        return Relation.COUNTERPART
    earlier = (handed.relation for handed in reversed(case.handed) if handed.to == organ)
    return by_type or next(earlier, Relation.UNKNOWN)
