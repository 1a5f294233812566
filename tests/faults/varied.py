"""The traffic of a fault run with more than good letters: refused, held, unanswered, and secret.

Beside each ordinary case the record keeps what must come of the others: which code a letter gets
back, which waits until the supervisor assigns it, whose duty runs out because nobody signs, and
which words only their sender may hold.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.bus.clock import monotonic
from schemas.load import default_example
from tests.faults.agencies import Agency, Document, FolderAgency, Got
from tests.faults.traffic import FOUND, ORDER, Traffic

GAP: Final = "CG-013"  # whose matter it is, the demo's rulebook does not say
REFUSED: Final = "transfer.addressee_not_competent"
HELD: Final = "held"
NOTICE: Final = "violation_notice"
_OF_A_NOTICE: Final = "notifications"  # its flow: what stays held
COMPLAINT: Final = "complaint_forward"
RECORDS: Final = (COMPLAINT, *ORDER)  # which somebody must come to hold
CYCLE: Final = 16  # cases, of which one of each kind is not ordinary
WRONG: Final = 3
UNSETTLED: Final = 6
ASLEEP: Final = 9
AWAKE: Final = 12
SECRET: Final = 15


@dataclass(frozen=True, slots=True)
class Filed:
    """A lead with files, as it was handed over."""

    sender: str  # alias
    name: str
    number: str  # 文号


@dataclass(slots=True, kw_only=True)
class VariedTraffic(Traffic):
    """Feeds all kinds, and keeps the record of them."""

    sleeper: FolderAgency  # a department that has one minute to sign
    supervisor: Agency  # assigns what is nobody's
    asleep: dict[str, float | None] = field(default_factory=dict)  # 文号 → when its lead arrived
    secrets: dict[str, str] = field(default_factory=dict)  # a word → the alias that alone gets it
    phones: dict[str, str] = field(default_factory=dict)  # 文号 of a complaint → whom to call
    numbers: dict[str, str] = field(default_factory=dict)  # case → 文号, of the unanswered
    files: dict[str, dict[str, str]] = field(default_factory=dict)  # 文号 → name → SHA-256

    def feed(self, cases: int) -> None:
        """Put so many more cases into outboxes, whichever kinds are next."""
        for _ in range(cases):
            kind = (self.fed + 1) % CYCLE
            if kind == WRONG:
                self._wrong()
            elif kind == UNSETTLED:
                self._unsettled()
            elif kind in (ASLEEP, AWAKE):
                self._short(is_asleep=kind == ASLEEP)
            elif kind == SECRET:
                self._secret()
            else:
                Traffic.feed(self, 1)

    def feed_files(self, files: Mapping[str, bytes]) -> Filed:
        """Put one lead with these files beside it, to the department of the short clock."""
        return self._short(is_asleep=False, files=files)

    def answer(self) -> int:
        """Let every agency do what it does with what has come."""
        count = Traffic.answer(self)
        for got in self.sleeper.new():
            if got.record != ORDER[0]:
                continue
            if got.document_number in self.asleep:
                self.asleep[got.document_number] = monotonic()
                self.numbers[got.case_id] = got.document_number
            else:
                self.answered.add(got.message_id)
                self._reply(self.sleeper, got)
                count += 1
        self._assign()
        return count

    def _wrong(self) -> None:
        """A lead to one who is not competent comes back with the code."""
        township, department, name, document = self._next()
        other = next(one for one in self.departments if one is not department)
        document["envelope"]["addressees"] = [self._code(other.alias)]
        self._put(township, [(name, ORDER[0], document)], REFUSED)

    def _unsettled(self) -> None:
        """A notice that is nobody's matter is held, and stays so."""
        township, _, name, lead = self._next()
        document: Document = default_example(NOTICE)
        document["envelope"] = {"officers": lead["envelope"]["officers"]}
        place = lead["violations"][0]["place"]
        document["violation"] |= {"matter": GAP, "place": place, "place_text": "示例街2号"}
        document["found_at"] = f"{FOUND}T09:12:00+08:00"
        document["dissuasion_account"] += f"（{self.fed}）"
        self._put(township, [(name, NOTICE, document)], HELD)

    def _short(self, *, is_asleep: bool, files: Mapping[str, bytes] | None = None) -> Filed:
        """A lead to the department of the short clock, which sleeps over it or does not."""
        township, _, name, document = self._next()
        number = document["envelope"]["document_number"]
        if files:
            assert isinstance(township, FolderAgency)
            digests = {each: hashlib.sha256(data).hexdigest() for each, data in files.items()}
            self.files[number] = digests
            township.put_files(f"{name}.{ORDER[0]}", files)
        place = document["violations"][0]["place"]
        code = self._code(self.sleeper.alias)
        document["violations"][0]["matter"] = self._matter(place, code)
        self._expected(township, self.sleeper, name, document)
        if is_asleep:
            self.asleep[number] = None
        else:
            self.leads += 1
        return Filed(township.alias, name, number)

    def _secret(self) -> None:
        """A complaint that is nobody's matter; who handles it then names the complainant in words.

        That is for nobody else, not even for those who handed the complaint on.
        """
        township, _, name, lead = self._next()
        document: Document = default_example(COMPLAINT)
        document["envelope"] = lead["envelope"]
        violation = lead["violations"][0]
        document["violations"][0] |= {"matter": GAP, "place": violation["place"]}
        person, phone = f"慕容{self.fed:06d}", f"139{self.fed:08d}"
        document["complainant"] = {"name": person, "phone": phone}
        handler = self.departments[0]
        self.secrets |= {person: handler.alias, phone: handler.alias}
        self.phones[lead["envelope"]["document_number"]] = phone
        self.leads += 1
        self._expected(township, handler, name, document, COMPLAINT)

    def _is_to_answer(self, got: Got) -> bool:
        return got.record in (ORDER[0], COMPLAINT)

    def _answers(self, lead: Got) -> list[tuple[str, str, Document]]:
        rows = Traffic._answers(self, lead)
        if lead.document_number in self.phones:
            told = f"结果已电话告知投诉人（{self.phones[lead.document_number]}）。"
            rows[-1][-1]["summary"] = told
        return rows

    def _assign(self) -> None:
        for got in self.supervisor.new():
            if got.record != HELD or got.flow == _OF_A_NOTICE:
                continue
            document: Document = default_example("routing_assignment")
            document["envelope"] = {
                "addressees": [self._code(self.departments[0].alias)],
                "case_id": got.case_id,
                "flow": got.flow,
                "in_reply_to": got.in_reply_to,
            }
            name = f"assign-{got.in_reply_to}"
            self._put(self.supervisor, [(name, "routing_assignment", document)])
