"""What a run turns to again and again: by its seed, one row or code that chance would seldom take.

A theme is how a case begins and the moves that lead there, as in ways.py. `make sim` says what is
rare; a new theme takes it there. The seed chooses, so that runs from any seed on take all in turn.
"""

from typing import Final

Theme = tuple[str, tuple[str, ...]]
_REFERRED: Final = ("objects", "fails_to_agree")
# Ways of a transfer into each state.
_INTO: Final[dict[str, tuple[str, ...]]] = {
    "issued": (),
    "received": ("signs",),
    "disputed": ("objects",),
    "referred": _REFERRED,
    "designated": ("is_designated",),
    "filed": ("files",),
    "closed": ("files", "feeds_back"),
    "declined": ("declines",),
}
_OPEN: Final = ("issued", "received", "disputed", "referred", "designated", "filed")
_DIFFERS: Final = ("hands_over", "differs", "settles")
_COUNTS: Final = ("hands_over", "counts_all")
_SEEN: Final = ("is_supervised", "answers_the_supervisor")
_COUNTED: Final = ("hands_over", "counts!", "counts!", "counts!", "counts!", "counts!")
_BACK: Final = ("is_taken_back", "keeps", "is_taken_back", "gives_back")
_GIVEN: Final = ("is_taken_back", "gives_back")
_NOT_ASKED: Final = ("asks_to_see", "asks_to_see!", "opens_what_was_not_asked_for!")
_ONCE_MORE: Final = ("answers_who_asked_to_see", *("answers_once_more!",) * 4)
_OPENED: Final = (
    *(*_NOT_ASKED, *_ONCE_MORE, "asks_to_see!", *_ONCE_MORE),
    *("asks_for_it_again!", "asks_for_it_again!", "asks_for_what_is_not_withheld!"),
)
_NEVER: Final = ("asks_for_what_nobody_opens!",) * 8
_AGREED: Final = (*_REFERRED, "agrees_on_the_sender", "agrees_on_the_sender")
_PLAN: Final = ("rejects_the_plan",)
_ANSWERED: Final = ("decides_the_plan", "decides_the_plan!", *("answers_the_plan!",) * 4)
_CLOCK: Final = ("files", *("changes_the_clock_of_the_decision!",) * 7)

_THIRD: Final = ("objects", "agrees_on_a_third", "agrees_on_a_third", "negotiates!")
_SINGLE: Final[tuple[Theme, ...]] = (
    ("a_lead", (*_THIRD, *("writes_to_the_third!",) * 3)),
    ("a_lead", ("objects", "negotiates!", "negotiates!", "negotiates!", "negotiates!")),
    ("a_lead", (*_REFERRED, *_BACK)),
    ("a_lead", (*_REFERRED, *_GIVEN)),
    ("a_lead", ("objects", *_GIVEN)),
    ("a_lead", ("objects", *_GIVEN)),
    ("a_lead", ("signs", *_GIVEN)),
    ("a_lead", ("files", "sends_it_on", "is_taken_back!")),
    ("a_plan", ()),
    ("a_lead_of_a_known_party", ("declines",)),
    ("a_lead", _CLOCK),
    ("a_lead", _CLOCK),
    ("guidance_of_a_year", ()),
    ("guidance_of_a_year", ()),
    ("a_lead", ("objects", *_BACK)),
    ("a_lead", ("signs", *_BACK)),
    ("a_lead", ("signs", "is_taken_back", "is_taken_back!")),
    ("a_lead", (*_REFERRED, *("asks_to_designate!",) * 3)),
    ("a_lead", ("is_designated", "declines_on_another_ground!", "objects!", "declines")),
    ("a_lead", ("files", "asks_to_designate", "asks_to_designate!")),
    ("a_lead", ("files", "sends_it_on!", "sends_it_on!", "sends_it_on!")),
    ("a_lead", ("files", "feeds_back", "adds_a_supplement", "adds_a_supplement")),
    ("a_lead", ("is_designated", "reviews_the_evidence!", "reviews_the_evidence!")),
    ("a_lead", ("signs", "reviews_the_evidence!", "reviews_the_evidence!")),
    ("a_lead", ("leaves_a_number_out!", "declines")),
    ("a_lead_of_a_known_party", ("declines",)),
    ("a_lead_of_a_known_party", ("declines",)),
    ("a_lead", _CLOCK),
    ("a_lead", _CLOCK),
    ("a_case", _COUNTED),
    ("a_case", _COUNTED),
    ("a_case", ("hands_over!",) * 5),
    ("nobody_s_lead", ("is_put_right!", "is_put_right!", "is_assigned!", "is_assigned")),
    ("a_lead_of_two_places", ("is_put_right!", "is_put_right!")),
    ("a_plan_that_is_asked_for", (*_PLAN, "signs", "signs", *_SEEN)),
    ("a_plan_that_is_asked_for", ("signs", *_PLAN, "signs")),
    ("a_plan_that_is_asked_for", _ANSWERED),
    ("a_question", ("gives_a_copy!", "gives_a_copy!", "gives_a_copy!", "gives_a_copy!")),
    ("a_consultation", ("writes_to_a_stranger!", "writes_minutes!", "writes_minutes!")),
    ("a_lead_with_a_used_number", ()),
    ("a_plan", ("signs", "signs", *_OPENED)),
    ("a_plan", ("signs", "signs", "asks_to_see", *_OPENED)),
    ("a_plan", ("signs", *_OPENED)),
    ("a_plan", ("signs", *_OPENED)),
    ("a_plan", _OPENED),
    ("a_complaint", ("is_designated", *_SEEN, *_NEVER, "files", *_OPENED)),
    ("a_complaint", (*_REFERRED, "asks_to_designate", *_SEEN, *_NEVER)),
    ("a_lead", (*_THIRD[:3], "writes_to_another_than_the_third!", "negotiates!")),
    ("a_lead", ("files", "reviews_the_evidence", "reviews_the_evidence!")),
    ("a_lead", ("hands_over_what_another_keeps!", "signs", "counts_what_nobody_handed_over!")),
    ("guidance_of_a_year", ()),
    ("guidance_of_a_year", ()),
    ("guidance_of_a_year", ()),
    ("a_case", _AGREED),
    ("a_case", _AGREED),
    ("a_plan", ("signs", "signs", *_OPENED)),
    ("a_plan", ("signs", *_OPENED)),
    ("a_plan", ("signs", *_OPENED)),
    ("a_plan", _OPENED),
    ("a_plan_that_is_asked_for", (*_PLAN, "signs", *_SEEN)),
    ("a_case", (*_INTO["closed"], *_DIFFERS)),
    ("a_lead", ("is_taken_back", *_SEEN)),
    ("a_lead", ("is_taken_back", *_SEEN)),
    ("a_question", ("signs", *_BACK)),
    ("a_lead_of_a_known_party", ("declines",)),
    ("a_lead_with_a_used_number", ()),
    ("a_case", (*_INTO["disputed"], *_COUNTS)),
    ("a_case", ("hands_over", "is_taken_back", *_COUNTS)),
)


def _themes() -> tuple[Theme, ...]:
    found: list[Theme] = []
    for state in _OPEN:
        found += [("a_case", (*_INTO[state], *_DIFFERS)), ("a_case", (*_INTO[state], *_COUNTS))]
        found.append(("a_case", (*_INTO[state], *_DIFFERS)))
    # What comes back when the case has ended; what was owed before it was closed.
    for way in (
        ("hands_over", *_INTO["declined"]),
        ("hands_over", "is_taken_back"),
        _INTO["closed"],
    ):
        found += [("a_case", (*way, *_DIFFERS)), ("a_case", (*way, *_COUNTS))]
        found += [("a_case", (*way, *_DIFFERS)), ("a_case", (*way, *_COUNTS))]
    for way in _INTO.values():
        found.append(("a_complaint_of_nobody", (*way, "is_exempt", "is_exempt")))
        found.append(("a_complaint", (*way, "tells_the_complainant", "tells_the_complainant!")))
        found.append(("a_case", (*way, *_SEEN)))
    for side in ("agrees_on_the_sender", "agrees_on_the_holder"):
        for begin in ("a_case", "a_lead"):
            found.append((begin, ("objects", side, "disagrees!", side)))
            found.append((begin, ("objects", side, side)))
            found.append((begin, (*_REFERRED, side, "disagrees!", side)))
    found += _SINGLE
    for begin in ("a_question", "a_call_for_help", "a_notice"):
        found += [(begin, ("signs", *_BACK)), (begin, ("signs", *_GIVEN))]
        found.append((begin, _SEEN))
        found.append((begin, ("signs", *_SEEN)))
        found.append((begin, ("is_taken_back", *_SEEN)))
    found.append(("a_question", ("gives_information", *_SEEN)))
    found.append(("a_call_for_help", ("answers_for_assistance", *_SEEN)))
    found.append(("a_notice", ("is_handled", *_SEEN)))
    return tuple(found)


THEMES: Final = _themes()


def theme_of(seed: int) -> Theme:
    """Return what the run of the seed turns to."""
    return THEMES[seed % len(THEMES)]
