"""How the demo's other stories are told: the next message when the one before was answered. Pure.

An act waits until its author has what it is about in its own system: the message itself or, for
the supervisor, the notice that it is held.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.cli.demo_errands import Act, Errand, errands
from services.cli.demo_events import Answered, Arrived, Drop
from services.cli.demo_faults import spoilt
from services.cli.demo_letters import opening
from services.cli.demo_replies import Step, reply
from services.cli.demo_setting import Document, Setting

_OPENING = "-00"  # how the name of a first message ends
# They answer the message before, not the first.
_ABOUT_THE_LAST = ("agree", "keep", "sign_answer", "count", "settle")


@dataclass(slots=True)
class Told:
    """How far one errand is."""

    errand: Errand
    remaining: list[Act]
    waits_for: Act | None = None  # dropped, not answered yet
    record: str = ""  # of what was dropped last
    case_id: str | None = None
    state: str = ""  # of the opening message: accepted, held or rejected
    ids: list[str] = field(default_factory=list)  # of what was accepted or held, in order
    writers: dict[str, str] = field(default_factory=dict)  # message id → alias
    refused: list[tuple[Act, str]] = field(default_factory=list)  # what came back, its record
    accepted: list[Act] = field(default_factory=list)
    done: bool = False
    wrong: str = ""

    @property
    def number(self) -> int:
        """The errand's number."""
        return self.errand.number


class ErrandPlay:
    """One run of the errands."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.stories = {one.number: Told(one, list(one.steps)) for one in errands()}
        # (alias, message id) → where the message lies: its case and flow
        self._arrived: dict[tuple[str, str], Document] = {}
        self._by_case: dict[str, int] = {}

    def opening(self) -> Iterator[Drop]:
        """Yield what is dropped at the start: the first message of each story."""
        for story in self.stories.values():
            act = story.errand.opening
            yield self._drop(story, act, opening(story.errand, self.setting))

    def arrived(self, event: Arrived, at: datetime) -> Iterator[Drop]:
        """Yield what its recipient does now that it has the message."""
        envelope = event.document["envelope"]
        is_notice = envelope["record"] == "Held"
        message = envelope["in_reply_to"] if is_notice else envelope["message_id"]
        place = {name: envelope[name] for name in ("case_id", "flow")}
        self._arrived[event.alias, message] = place
        number = self._by_case.get(envelope["case_id"])
        if number is not None:
            yield from self._next(self.stories[number], at)

    def answered(self, event: Answered, at: datetime) -> Iterator[Drop]:
        """Yield what follows when an agency's connector shows how its message fared."""
        story = self.stories.get(_number_in(event.name))
        if story is None or story.done:
            return
        act = story.waits_for
        if act is None or event.name != self._name(story):
            if event.name.endswith(_OPENING):  # it was held, and is released
                story.state = event.state
            return
        story.waits_for = None
        if event.state != act.expected or (act.fault and event.code != act.fault):
            wanted = act.fault or act.expected
            story.wrong = f"{event.name} {act.name}: {event.code or event.state}, not {wanted}"
            story.done = True
            return
        self._note(story, act, event)
        yield from self._next(story, at)

    def _note(self, story: Told, act: Act, event: Answered) -> None:
        if not story.state:
            story.state, story.case_id = event.state, event.case_id
            if event.case_id and event.state != "rejected":
                self._by_case[event.case_id] = story.number
        if act.fault:
            story.refused.append((act, story.record))
        else:
            story.accepted.append(act)
            message = event.message_id or ""
            story.ids.append(message)
            story.writers[message] = act.by

    def _next(self, story: Told, at: datetime) -> Iterator[Drop]:
        """Drop the next message, if its author has what it is about."""
        if story.waits_for is not None or story.done:
            return
        if not story.remaining:
            story.done = True
            return
        act = story.remaining[0]
        about = story.ids[-1 if act.name in _ABOUT_THE_LAST else 0]
        if story.writers[about] != act.by and (act.by, about) not in self._arrived:
            return
        story.remaining.pop(0)
        place = self._arrived.get((act.by, about), {})
        step = Step(story.errand, act, about, place, at, self.setting)
        yield self._drop(story, act, reply(step))

    def _drop(self, story: Told, act: Act, document: Document) -> Drop:
        story.waits_for = act
        if act.fault:
            document = spoilt(document, act.fault, self.setting)
        story.record = document["record"]
        return Drop(act.by, self._name(story), document)

    def _name(self, story: Told) -> str:
        """The name of the document that was dropped last: run, story, how many went before."""
        gone = len(story.errand.steps) - len(story.remaining)
        return f"{self.setting.run:03d}-{story.number:03d}-{gone:02d}"


def _number_in(name: str) -> int:
    return int(name.split("-", 2)[1])
