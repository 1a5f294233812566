"""disputes.toml: the policy on disputes, which the guidance leaves open (二(二)3).

Illustrative until an adopting county's legal office settles it. Without the file the values below
hold: the stricter ones.
"""

from dataclasses import dataclass
from typing import Any, Final

from schemas.messages import NotFiledGround
from services.rulebook.tables import invalid, nothing_left, take, take_optional, toml

HOPS_LIMIT: Final = 9  # letters in one case that a rulebook may allow
_NEW_EVIDENCE: Final = "declined_needs_new_evidence"
_GROUNDS: Final = frozenset(NotFiledGround) - {NotFiledGround.UNKNOWN, NotFiledGround.NOT_OURS}
_SUBSTANTIVE: Final = frozenset(
    {NotFiledGround.NO_FACTS, NotFiledGround.OUT_OF_TIME, NotFiledGround.MINOR_CORRECTED}
)


@dataclass(frozen=True, slots=True)
class Disputes:
    """How often a case may be sent on, by whom, and on what grounds a designee may decline."""

    hops_max: int = 3  # letters in one case; an objection to the last goes to the superior at once
    retransfer_by_objector: bool = False  # 不得再自行移送
    designee_grounds: frozenset[NotFiledGround] = _SUBSTANTIVE
    declined_needs_new_evidence: bool = True  # what was declined may be transferred again with it
    basis: str = ""


def read_disputes(file: str, content: bytes) -> Disputes:
    """Read the file. Raises UserError rules.invalid with the key at fault."""
    table, where = toml(file, content), (file, None)
    hops = take(table, "hops_max", int, where)
    if not 1 <= hops <= HOPS_LIMIT:
        zh, en = f"应为 1 至 {HOPS_LIMIT}", f"must be 1 to {HOPS_LIMIT}"
        raise invalid(*where, "hops_max", zh, en)
    policy = Disputes(
        hops_max=hops,
        retransfer_by_objector=take(table, "retransfer_by_objector", bool, where),
        designee_grounds=_grounds(take(table, "designee_grounds", list, where), where),
        declined_needs_new_evidence=take_optional(table, _NEW_EVIDENCE, bool, where) is not False,
        basis=take(table, "basis", str, where),
    )
    nothing_left(table, where)
    return policy


def _grounds(named: list[Any], where: tuple[str, int | None]) -> frozenset[NotFiledGround]:
    """Not ours is no ground: whose it is has been decided."""
    words = ", ".join(sorted(_GROUNDS))
    if not named or not set(map(str, named)) <= set(_GROUNDS):
        raise invalid(*where, "designee_grounds", f"应取自：{words}", f"must be of {words}")
    return frozenset(NotFiledGround(ground) for ground in named)
