"""What the agencies' systems do in the demo, one event after the other. Pure.

An agency acts on what it finds in its own system only: a message that arrived, or the state that
its connector shows at something it sent. Each act is a document dropped into its own outbox.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from services.cli import demo_answers as answers
from services.cli.demo_errand_play import ErrandPlay, Told
from services.cli.demo_events import Answered, Arrived, Drop
from services.cli.demo_scenarios import (
    FAULTY_REPLIES,
    HELD,
    LATE_DEPARTMENT,
    REFUSALS,
    scenarios,
)
from services.cli.demo_setting import REUSED, Document, Setting, transfer_number
from services.cli.demo_sides import Sides
from services.cli.demo_story import Story, written
from services.cli.demo_tally import Tally
from services.cli.demo_transfers import transfer

_WITHDRAWN: Final = ["withdraw"]
_TRANSFER, _FAULTY = "transfer", "faulty_reply"  # steps, as names of documents end
_TRANSFERS: Final = ("LeadTransfer", "CaseTransfer")
# step → what its author must have found in its own system before
_HAND_OVER, _COUNT = "hand_over", "count"
_SIGNED: Final = ("SignedFor", "FilingReply")
_HANDED: Final = "CustodyHandover"


class Play:
    """One run: the agencies' systems, reacting."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.stories = {one.number: Story(one, list(one.steps)) for one in scenarios()}
        self.errands = ErrandPlay(setting)
        self.tally = Tally()
        self.sides = Sides({})
        self.got: dict[str, Counter[str]] = {}
        self.samples: dict[tuple[str, str], Document] = {}
        self._found: dict[tuple[str, str, str], str] = {}  # alias, case, record → message id
        self.warned_at: str | None = None  # when the yellow card of the late one arrived

    def opening(self) -> Iterator[Drop]:
        """Yield what is dropped at the start: every letter but the one that needs another."""
        yield from map(self.tally.dropped, self._opening())

    def react(self, event: Arrived | Answered, at: datetime) -> Iterator[Drop]:
        """Yield what agencies do about one event."""
        yield from map(self.tally.dropped, self._react(event, at))

    def _opening(self) -> Iterator[Drop]:
        for story in self.stories.values():
            if story.scenario.twist != "number_used":
                yield self._transfer(story)
        yield from self.errands.opening()

    def _react(self, event: Arrived | Answered, at: datetime) -> Iterator[Drop]:
        if isinstance(event, Arrived):
            self.sides.arrived(event.alias, event.document)
            yield from self._arrived(event, at)
            yield from self.errands.arrived(event, at)
        elif int(event.name.split("-", 1)[0]) == self.setting.run:
            self.tally.answered(event)
            yield from self._answered(event, at)
            yield from self.errands.answered(event, at)

    def unfinished(self) -> tuple[Story | Told, ...]:
        """Return the stories that still go on; the late one is done when its card has come."""
        return tuple(story for story in self.every() if not story.done)

    def wrong(self) -> tuple[Story | Told, ...]:
        """Return the stories that went otherwise than they should."""
        return tuple(story for story in self.every() if story.wrong)

    @property
    def late(self) -> Story:
        """The transfer that its receiver does not sign for in time."""
        return next(s for s in self.stories.values() if s.scenario.twist == "overdue")

    def every(self) -> Iterator[Story | Told]:
        """Yield every story, the transfers first."""
        yield from self.stories.values()
        yield from self.errands.stories.values()

    def refused(self) -> Iterator[tuple[Story, str, str]]:
        """Yield every refusal among the transfers: its story, what was refused, the code."""
        for story in self.stories.values():
            for what, code in story.refused:
                yield story, what, code

    def _arrived(self, event: Arrived, at: datetime) -> Iterator[Drop]:
        envelope = event.document["envelope"]
        record = envelope["record"]
        self.got.setdefault(event.alias, Counter())[record] += 1
        self.samples.setdefault((event.alias, record), event.document)
        self._found[event.alias, envelope["case_id"], record] = envelope["message_id"]
        if record in _TRANSFERS:
            story = self._story_of(envelope, event.alias)
            if story is not None and not story.target:
                by_number = story.scenario.number % 2
                story.target = envelope["document_number" if by_number else "message_id"]
                yield from self._begin(story, at)
        for story in self.stories.values():
            if story.waits and story.case_id == envelope["case_id"]:
                yield from self._next(story, at)
        if record == "DutyNotice" and event.document["rung"] == "yellow":
            self._card(envelope)

    def _answered(self, event: Answered, at: datetime) -> Iterator[Drop]:
        _, number, step = event.name.split("-", 2)
        story = self.stories.get(int(number))
        if story is None:
            return
        if event.state == "rejected":
            story.refused.append((step, event.code or ""))
        if step == _TRANSFER:
            yield from self._transfer_answered(story, event)
        elif step == _FAULTY:
            code = FAULTY_REPLIES[story.scenario.twist]
            if self._is_as_told(story, event, "rejected", code):
                yield from self._next(story, at)
        elif self._is_as_told(story, event, "accepted"):
            if step == "withdraw":
                story.done = True
            elif step != "correct":  # what it releases arrives by itself
                yield from self._next(story, at)

    def _transfer_answered(self, story: Story, event: Answered) -> Iterator[Drop]:
        scenario = story.scenario
        if story.state == "held" and event.state == "accepted":
            story.state = event.state  # the correction released it
            return
        story.state, story.message_id, story.case_id = event.state, event.message_id, event.case_id
        if scenario.twist in REFUSALS:
            story.done = self._is_as_told(story, event, "rejected", REFUSALS[scenario.twist])
        elif scenario.twist in HELD:
            if self._is_as_told(story, event, "held"):
                yield from self._mend(story)
        elif self._is_as_told(story, event, "accepted"):
            yield from self._after_acceptance(story)

    def _mend(self, story: Story) -> Iterator[Drop]:
        """Correct what is held; one of them is left as it is, to be looked at."""
        scenario = story.scenario
        story.done = scenario.twist == "stays_held"
        if not story.done:
            number = transfer_number(scenario, self.setting)
            document = answers.correction(scenario, self.setting, number)
            yield self._drop(story, "correct", scenario.sender, document)

    def _after_acceptance(self, story: Story) -> Iterator[Drop]:
        scenario = story.scenario
        if story.remaining == _WITHDRAWN:
            number = transfer_number(scenario, self.setting)
            document = answers.withdrawal(number)
            yield self._drop(story, "withdraw", scenario.sender, document)
        if scenario.number == REUSED:
            for other in self.stories.values():
                if other.scenario.twist == "number_used":
                    yield self._transfer(other)

    def _begin(self, story: Story, at: datetime) -> Iterator[Drop]:
        scenario = story.scenario
        if scenario.twist in FAULTY_REPLIES:
            document = answers.filing_reply(
                scenario, self.setting, story.target, filed=False, fault=scenario.twist
            )
            yield self._drop(story, _FAULTY, scenario.receiver, document)
        elif story.remaining != _WITHDRAWN:
            yield from self._next(story, at)

    def _next(self, story: Story, at: datetime) -> Iterator[Drop]:
        """Take the next step of the plan."""
        if not story.remaining:
            story.done = True
            return
        step, scenario = story.remaining[0], story.scenario
        author = scenario.sender if step == _HAND_OVER else scenario.receiver
        story.waits = not self._has_what(story, step, author)
        if story.waits:
            return
        story.remaining.pop(0)
        handed = self._found.get((author, story.case_id or "", _HANDED), "")
        yield self._drop(story, step, author, written(story, step, self.setting, at, handed))

    def _has_what(self, story: Story, step: str, author: str) -> bool:
        """Whether the step's author has found what it is about."""
        records = {_HAND_OVER: _SIGNED, _COUNT: (_HANDED,)}.get(step)
        case = story.case_id or ""
        return records is None or any((author, case, each) in self._found for each in records)

    def _transfer(self, story: Story) -> Drop:
        scenario = story.scenario
        document = transfer(scenario, self.setting)
        return self._drop(story, _TRANSFER, scenario.sender, document)

    def _drop(self, story: Story, step: str, alias: str, document: Document) -> Drop:
        name = f"{self.setting.run:03d}-{story.scenario.number:03d}-{step}"
        return Drop(alias, name, document)

    def _story_of(self, envelope: Mapping[str, Any], alias: str) -> Story | None:
        """Return the story of a transfer that arrived, known by its sender's number."""
        for story in self.stories.values():
            scenario = story.scenario
            if (
                scenario.receiver == alias
                and scenario.twist not in REFUSALS
                and envelope["sender"] == self.setting.organ(scenario.sender).code
                and envelope["document_number"] == transfer_number(scenario, self.setting)
            ):
                return story
        return None

    def _card(self, envelope: Mapping[str, Any]) -> None:
        for story in self.stories.values():
            is_late = story.scenario.receiver == LATE_DEPARTMENT
            if is_late and story.case_id == envelope["case_id"]:
                self.warned_at = envelope["sent_at"]
                story.done = True

    def _is_as_told(
        self, story: Story, event: Answered, state: str, code: str | None = None
    ) -> bool:
        """Whether the answer is the one that the story tells; else the story ends as wrong."""
        if event.state == state and (code is None or event.code == code):
            return True
        story.wrong = f"{event.name}: {event.code or event.state}, not {code or state}"
        story.done = True
        return False
