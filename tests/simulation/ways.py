"""Ways into the rarer states, as names of moves; chance alone would seldom come there.

A name with "!" may be refused; all others are said so that they stand.
"""

from random import Random
from typing import Final

from tests.simulation.affair import Affair

_Way = tuple[str, ...]
_REFERRED: Final[_Way] = ("objects", "fails_to_agree")
_INTO: Final[dict[str, tuple[_Way, ...]]] = {
    "transfer": (
        (),
        ("signs",),
        ("objects",),
        ("objects",),
        _REFERRED,
        _REFERRED,
        (*_REFERRED, "asks_to_designate"),
        ("is_designated",),
        ("signs", "is_designated"),
        (*_REFERRED, "asks_to_designate", "is_designated"),
        ("files",),
        ("files", "goes_on", "goes_on!"),
        ("files", "goes_on", "feeds_back"),
        ("files", "sends_it_on"),
        ("files", "sends_it_on!", "sends_it_on!", "sends_it_on!"),
        ("declines",),
        ("is_taken_back",),
        ("signs", "is_taken_back"),
        ("objects_to_some",),
    ),
    "notice": ((), ("signs",), ("is_handled",), ("is_taken_back",)),
    "information": ((), ("signs",), ("gives_a_copy",), ("is_taken_back",)),
    "assistance": ((), ("signs",), ("answers_for_assistance",), ("is_taken_back",)),
    "joint": ((), ("decides_the_plan",), ("answers_the_plan", "answers_the_plan")),
    "consultation": ((),),
    "copy": ((),),
    "guidance_year": ((),),
}
_COMMON: Final[tuple[_Way, ...]] = (
    ("is_supervised", "answers_the_supervisor", "answers_the_supervisor!"),
    ("asks_to_see", "asks_to_see!", "answers_who_asked_to_see", "asks_for_it_again!"),
    ("is_supervised", "answers_the_supervisor"),
)
_BACK: Final[_Way] = ("signs", "is_taken_back", "answers_the_withdrawal")
_TOLD: Final[_Way] = ("tells_the_complainant", "tells_the_complainant!", "tells_the_complainant!")
_CUSTODY: Final[tuple[_Way, ...]] = (
    ("hands_over", "differs", "settles", "counts!"),
    ("hands_over", "counts", "counts!"),
    ("hands_over!", "hands_over", "counts!", "counts!", "differs", "settles"),
)
_AGREES: Final[_Way] = ("negotiates", "negotiates", "negotiates", "negotiates!")
_FAR: Final[_Way] = ("agrees_on_the_far_one", "agrees_on_the_far_one", "writes_to_the_third")
_THERE: Final[dict[str, tuple[_Way, ...]]] = {
    "transfer": (
        *_CUSTODY,
        _TOLD,
        ("is_taken_back", "answers_the_withdrawal"),
        ("is_taken_back", "is_taken_back!", "answers_the_withdrawal"),
        ("is_taken_back", "answers_the_withdrawal"),
        _AGREES,
        (*_AGREES, "negotiates!", "writes_to_the_third!", "writes_to_the_third!"),
        ("agrees_on_a_third", "agrees_on_a_third", "writes_to_the_third!", "writes_to_the_third"),
        (*_AGREES, "writes_to_the_third", "objects", "negotiates"),
        ("asks_to_designate", "asks_to_designate!"),
        ("reviews_the_evidence", "reviews_the_evidence!"),
        ("objects!", "is_designated!"),
        ("leaves_a_number_out!", "declines_on_another_ground!"),
    ),
    "notice": (_BACK, ("signs", "is_taken_back", "is_handled")),
    "information": (_BACK, ("gives_a_copy", "signs")),
    "assistance": (_BACK, ("assists!", "assists!")),
    "joint": (("reports!", "reports!"), ("answers_the_plan!", "decides_the_plan!")),
    "consultation": (("writes_minutes", "signs"),),
    "copy": (("signs", "signs_for_a_paper!"),),
    "guidance_year": ((), _COMMON[0]),
}
_OF_A_DISPUTE: Final = frozenset({"objects", "fails_to_agree"})
_IN_DISPUTE: Final[tuple[_Way, ...]] = (
    _AGREES,
    _AGREES,
    _AGREES,
    ("agrees_on_a_third", "agrees_on_a_third", "writes_to_the_third!", "writes_to_the_third"),
    ("is_taken_back", "answers_the_withdrawal"),
    ("is_taken_back", "answers_the_withdrawal"),
    ("asks_to_designate!", "asks_to_designate", "asks_to_designate!"),
)
_CLOCK: Final[_Way] = ("changes_the_clock_of_the_decision!",) * 6
_HELD: Final[tuple[_Way, ...]] = (
    ("is_assigned!", "is_assigned!", "is_assigned", "files", "sends_it_on!", "sends_it_on!"),
    ("is_put_right!", "is_put_right!", "is_assigned!", "is_put_right"),
    ("is_asked_for_while_held", "is_put_right"),
    ("is_put_right",),
    ("is_withdrawn_while_held",),
)


def way(rng: Random, affair: Affair) -> list[str]:
    """Return what is to be said in a new case, the first last."""
    if affair.state == "held":
        return list(reversed(rng.choice(_HELD)))
    if affair.life == "transfer" and rng.random() < 0.05:
        chosen = ("objects", *_FAR, "objects", "fails_to_agree", "asks_to_designate!")
        return list(reversed(chosen))
    into, there = rng.choice(_INTO[affair.life]), rng.choice(_THERE[affair.life])
    if affair.complaint in ("reachable", "unknown") and rng.random() < 0.6:
        there = _TOLD
    elif into and into[-1] in _OF_A_DISPUTE and rng.random() < 0.6:
        there = rng.choice(_IN_DISPUTE)
    elif into and into[-1] == "files" and rng.random() < 0.4:
        there = _CLOCK
    elif affair.things is not None and rng.random() < 0.5:
        there = rng.choice(_CUSTODY)
    few = affair.life in ("information", "assistance", "notice", "joint")
    above = rng.choice(_COMMON) if rng.random() < (0.8 if few else 0.4) else ()
    last = (*above, *there) if rng.random() < 0.5 else (*there, *above)
    return list(reversed((*into, *last)))
