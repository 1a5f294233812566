"""The traffic of a fault run: leads from townships, and what the departments answer to each.

One case is four messages: the lead, and the department's signing, reply and outcome, which its
software writes when the lead has come. The plan of what must be held by whom grows with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pytest

from schemas.ids import DivisionCode, OrganCode
from schemas.load import default_example
from services.rulebook.jurisdiction import Question, Verdict, route
from services.rulebook.model import OrganType, Rulebook
from tests.faults.agencies import Agency, Document, Got
from tests.faults.judge import Expected

MESSAGES_OF_A_CASE: Final = 4
ORDER: Final = ("lead_transfer", "signed_for", "filing_reply", "outcome_feedback")
FOUND: Final = date(2026, 9, 21)
ACCEPTED: Final = "accepted"


@dataclass(slots=True)
class Traffic:
    """Feeds agencies and keeps its own record of what it fed."""

    rulebook: Rulebook
    townships: Sequence[Agency]
    departments: Sequence[Agency]
    run: str  # goes into file names and document numbers, so that runs do not collide
    plan: list[Expected] = field(default_factory=list)
    fed: int = 0
    leads: int = 0  # of these: such as are answered when they have come
    answered: set[str] = field(default_factory=set)
    fates: dict[str, dict[str, str]] = field(default_factory=dict)  # alias → name → its end

    def feed(self, cases: int) -> None:
        """Put so many more leads into the townships' outboxes."""
        for _ in range(cases):
            township, department, name, document = self._next()
            self._expected(township, department, name, document)
            self.leads += 1

    def flood(self, township: Agency, cases: int) -> set[str]:
        """Put so many leads into one township's outbox at once; return their 文号."""
        numbers: set[str] = set()
        for _ in range(cases):
            _, department, name, document = self._next(township)
            self._expected(township, department, name, document)
            self.leads += 1
            numbers.add(document["envelope"]["document_number"])
        return numbers

    def answer(self) -> int:
        """Let each department answer what has come since; return how many leads that was."""
        count = 0
        for department in self.departments:
            for got in department.new():
                if self._is_to_answer(got) and got.message_id not in self.answered:
                    self.answered.add(got.message_id)
                    self._reply(department, got)
                    count += 1
        return count

    @property
    def messages(self) -> int:
        """How many messages the plan has."""
        return len(self.plan)

    def _next(self, township: Agency | None = None) -> tuple[Agency, Agency, str, Document]:
        """Return who sends the next lead to whom, under which name."""
        self.fed += 1
        township = township or self.townships[self.fed % len(self.townships)]
        department = self.departments[self.fed // 2 % len(self.departments)]
        document = self._lead(township, department, self.fed)
        return township, department, f"{self.run}-{self.fed:06d}", document

    def _expected(
        self,
        township: Agency,
        holder: Agency,
        name: str,
        document: Document,
        record: str = ORDER[0],
    ) -> None:
        """Hand it over; the holder must come to have it."""
        self._put(township, [(name, record, document)])
        about = document["envelope"]["document_number"]
        self.plan.append(Expected(holder.alias, self._code(township.alias), record, about))

    def _put(
        self, agency: Agency, things: Sequence[tuple[str, str, Document]], end: str = ACCEPTED
    ) -> None:
        """Write down what must become of them, then hand them over."""
        self.fates.setdefault(agency.alias, {}).update((name, end) for name, _, _ in things)
        agency.put(things)

    def _is_to_answer(self, got: Got) -> bool:
        return got.record == ORDER[0]

    def _answers(self, lead: Got) -> list[tuple[str, str, Document]]:
        """Return what a department's software writes to it, in order, also of the names."""
        rows = []
        for number, record in enumerate(ORDER[1:], start=1):
            document = default_example(record)
            document["envelope"] = {"in_reply_to": lead.message_id}
            rows.append((f"{number}-{record}-{lead.message_id}", record, document))
        return rows

    def _reply(self, department: Agency, lead: Got) -> None:
        rows = self._answers(lead)
        self._put(department, rows)
        holder = next(t.alias for t in self.townships if self._code(t.alias) == lead.sender)
        code = self._code(department.alias)
        self.plan += [Expected(holder, code, record, lead.message_id) for record in ORDER[1:]]

    def _lead(self, township: Agency, department: Agency, number: int) -> Document:
        document = default_example("lead_transfer")
        sender = self._code(township.alias)
        officers = [
            {"name": o.name, "organ": o.organ, "certificate": o.certificate}
            for o in self.rulebook.directory.officers.values()
            if o.organ == sender and o.valid_to > FOUND.replace(year=FOUND.year + 1)
        ]
        document["envelope"] = {
            "document_number": f"{self.run}案移〔2026〕{number}号",
            "officers": officers[:2],
        }
        place = self.rulebook.directory.organs[sender].division
        matter = self._matter(place, self._code(department.alias))
        document["violations"][0] |= {"matter": matter, "place": place, "place_text": "示例街1号"}
        return document

    def _matter(self, place: DivisionCode, competent: OrganCode) -> str:
        for matter in self.rulebook.matters.values():
            question = Question(place, matter.code, FOUND, FOUND, None, FOUND)
            answer = route(self.rulebook, question)
            if answer.verdict is Verdict.COMPETENT and answer.organs == (competent,):
                return matter.code
        pytest.fail(f"no matter of {competent} in {place}")

    def _code(self, alias: str) -> OrganCode:
        organs = self.rulebook.directory.organs.values()
        return next(organ.code for organ in organs if organ.alias == alias)


def townships(rulebook: Rulebook) -> list[str]:
    """Return the aliases of the townships."""
    organs = rulebook.directory.organs.values()
    return [organ.alias for organ in organs if organ.type is OrganType.TOWNSHIP]
