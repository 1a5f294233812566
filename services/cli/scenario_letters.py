"""From a step to the message that its sender would seal, as `yichuan send` would make it."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from schemas.assistance import AssistanceRequest
from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal, UserError
from schemas.ids import MessageId, OrganCode, case_id_of, derive, is_uuid
from schemas.messages import Message
from schemas.parts import Flow
from schemas.sharing import ViolationNotice
from services.cli.scenario import Send, Step
from services.cli.scenario_body import document_of, free_number, numbers_given, officers_of
from services.rulebook.calendar import local_date
from services.rulebook.directory import find
from services.rulebook.model import Directory, Organ, Rulebook

_CODE_LENGTH: Final = 18


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of a scenario, or why the sender's own check stopped it."""

    step: Send
    sender: OrganCode
    target: Target
    message: Message | Refusal


class Letters:
    """Makes the messages of one scenario, in order."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._sent: dict[str, tuple[Letter, str | None]] = {}  # by label or message id
        self._numbers: dict[str, set[str]] = defaultdict(set)  # by sender, as the scenario names it
        for step in steps:
            if isinstance(step, Send) and (number := numbers_given(step.body)) is not None:
                self._numbers[step.sender].add(number)
        self._taken: dict[OrganCode, set[str]] = defaultdict(set)

    def letter(self, step: Send, rulebook: Rulebook) -> Letter:
        """Return the step's message. Raises UserError for what is wrong with the scenario."""
        where = f"step {step.number}"
        sender = self._organ(rulebook.directory, step.sender, step, f"{where}: from")
        # Numbers that a later step names are kept free for it.
        self._taken[sender.code] |= self._numbers.pop(step.sender, set())
        document = document_of(
            step.record,
            step.body,
            lambda text, path: self._code(rulebook.directory, text, step, f"{where}: {path}"),
        )
        envelope = document["envelope"]
        self._fill(step, sender, document, rulebook)
        message_id = MessageId(
            envelope.get("message_id") or derive("simulation", sender.code, str(step.number))
        )
        defaults = EnvelopeDefaults(
            bus=rulebook.bus,
            sender=sender.code,
            message_id=message_id,
            sent_at=step.at,
            targets=self._targets,
        )
        raw = json.dumps(document, ensure_ascii=False).encode()
        message = read(step.record.snake, raw, defaults)
        number = None if isinstance(message, Refusal) else message.envelope.document_number
        letter = Letter(
            step, sender.code, self._target(message, (sender.code, message_id), step), message
        )
        for name in {step.label, message_id} - {None}:
            self._sent[str(name)] = (letter, number)
        if number is not None:
            self._taken[sender.code].add(number)
        return letter

    def _fill(
        self, step: Send, sender: Organ, document: dict[str, Any], rulebook: Rulebook
    ) -> None:
        envelope = document["envelope"]
        given = step.body.get("envelope") or {}
        on = local_date(step.at)
        if "officers" in envelope:
            named = envelope["officers"] if "officers" in given else None
            officers = officers_of(rulebook.directory, sender.code, on, named)
            envelope["officers"] = officers
        if "addressees" in envelope and "addressees" not in given:
            envelope["addressees"] = [o for o in envelope["addressees"] if o != sender.code]
        if "document_number" in envelope and "document_number" not in given:
            taken = frozenset(self._taken[sender.code])
            envelope["document_number"] = free_number(envelope["document_number"], on, taken)
        self._refer(step, document)

    def _refer(self, step: Send, document: dict[str, Any]) -> None:
        """Put what the message answers, or is about, into the field that the record has for it."""
        envelope = document["envelope"]
        given = step.body.get("envelope") or {}
        if step.of is None:
            owes = "in_reply_to" in envelope and not step.record.opens
            if owes and "in_reply_to" not in given and "case_id" not in given:
                raise UserError("scenario.of_missing", f"step {step.number}: of")
            return
        about = self._sent[step.of][0]
        if step.record.cls is AssistanceRequest:
            document["transfer"] = about.target.message_id
            document["ground"] = step.body.get("ground", "transfer_cooperation")
        elif step.record.opens and about.step.record.cls is ViolationNotice:
            document["from_notice"] = about.target.message_id
        elif "in_reply_to" not in given:
            envelope["in_reply_to"] = about.target.message_id

    def _targets(self, text: str) -> tuple[Target, ...]:
        found = [
            letter.target
            for letter, number in self._sent.values()
            if text in (letter.target.message_id, number)
        ]
        return tuple(dict.fromkeys(found))

    def _target(
        self, message: Message | Refusal, named: tuple[OrganCode, MessageId], step: Send
    ) -> Target:
        _, message_id = named
        if isinstance(message, Refusal):  # never sent: nobody can answer it
            return Target(message_id, case_id_of(*named), step.record.opens or Flow.LEADS)
        return Target(message_id, message.envelope.case_id, message.envelope.flow)

    def _organ(self, directory: Directory, text: str, step: Send, where: str) -> Organ:
        organ = find(directory, text, local_date(step.at))
        if organ is None:
            raise UserError("organ.unknown", where, text)
        return organ

    def _code(self, directory: Directory, text: str, step: Send, where: str) -> str:
        """Return the code of an organ. A code that nobody has is left to the rules to refuse."""
        organ = find(directory, text, local_date(step.at))
        if organ is not None:
            return organ.code
        if len(text) == _CODE_LENGTH or is_uuid(text):
            return text
        raise UserError("organ.unknown", where, text)
