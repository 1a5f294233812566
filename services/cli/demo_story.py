"""One transfer of the demo: how far it is, and what each step of its plan writes. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from services.cli import demo_answers as answers
from services.cli.demo_custody import answering, count, handover
from services.cli.demo_scenarios import Scenario
from services.cli.demo_setting import Document, Setting


@dataclass(slots=True)
class Story:
    """How far one scenario is."""

    scenario: Scenario
    remaining: list[str]
    target: str = ""  # what the receiver's answers name: message id or 文号
    message_id: str | None = None
    case_id: str | None = None
    state: str = ""  # what the bus said of the transfer: accepted, held, rejected
    refused: list[tuple[str, str]] = field(default_factory=list)  # (what, code)
    waits: bool = False  # the author of the next step has not got what it is about
    done: bool = False
    wrong: str = ""  # what came otherwise than the story says

    @property
    def number(self) -> int:
        """The scenario's number."""
        return self.scenario.number


def written(story: Story, step: str, setting: Setting, at: datetime, handed: str) -> Document:
    """Return what the step's author puts into its outbox.

    `handed`: the handover that it found in its own system; "" when there is none.
    """
    scenario, target = story.scenario, story.target
    match step:
        case "sign":
            return answers.signed_for(scenario, setting, target, at)
        case "hand_over":
            things = handover(scenario, setting, scenario.sender, scenario.receiver)
            return answering(things, story.message_id or "")
        case "count":
            return answering(count(scenario, setting), handed)
        case "file" | "decline":
            return answers.filing_reply(scenario, setting, target, filed=step == "file")
        case "feed_back":
            return answers.outcome(scenario, setting, target)
        case _:
            return answers.progress(scenario, setting, target, step)
