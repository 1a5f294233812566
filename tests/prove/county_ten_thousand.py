"""The county chapter: ten thousand files at once in one outbox, ten thousand in one inbox."""

import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from connectors.bus.clock import monotonic
from connectors.bus.home import Home
from deploy.local import processes
from schemas.load import default_example
from services.rulebook.load import load
from tests.faults.agencies import FolderAgency, Got
from tests.faults.county import County, folder_of
from tests.faults.traffic import Traffic
from tests.prove.chapter import Check, Ground
from tests.prove.kill_stand import stack
from tests.prove.stand import wait_until

FILES: Final = 10_000
CASES: Final = FILES // 2  # each a lead and, under the next name, its withdrawal
SENDER: Final = "yanjiao"
RECEIVER: Final = "liuzhi-cgj"
ORDER: Final = ["lead_transfer", "withdrawal"]
RUN: Final = "万"
SECONDS_MAX: Final = 1_800.0
RESIDENT_MB_MAX: Final = 512  # of a connector, at its highest
QUIET_SECONDS: Final = 10.0  # after the last, for what must not come any more


def input_ten_thousand_files(ground: Ground) -> str:
    """Put all of them there before anything runs; then see what sender and receiver hold."""
    home, settings = stack(ground)
    sender = FolderAgency(SENDER, folder_of(home, SENDER))
    receiver = FolderAgency(RECEIVER, folder_of(home, RECEIVER))
    numbers = _put(home, sender, receiver)
    county = County(home, settings, [sender, receiver])
    ground.ends.callback(county.stop)
    began = monotonic()
    county.start()
    wait_until(lambda: _count(sender.root, "outbox") == 0, SECONDS_MAX, "an empty outbox")
    taken = monotonic() - began
    wait_until(
        lambda: _count(receiver.root, "inbox") >= FILES,
        SECONDS_MAX,
        lambda: f"{FILES} in the inbox, {_count(receiver.root, 'inbox')} are\n{_logs(county)}",
    )
    arrived = monotonic() - began
    wait_until(
        lambda: _count(sender.root, "sent", "*.receipt.json") >= FILES, SECONDS_MAX, "receipts"
    )
    answered = monotonic() - began
    time.sleep(QUIET_SECONDS)
    got = [one for one in receiver.everything() if one.sender != "BUS"]
    _is_each_once_in_order(got, numbers)
    assert _count(sender.root, "refused") == 0, "something was refused"
    assert _count(sender.root, "work") == 0, "something still lies in work"
    resident = {name: _resident_mb(home, name) for name in (SENDER, RECEIVER)}
    assert max(resident.values()) <= RESIDENT_MB_MAX, f"resident at the highest: {resident} MB"
    county.stop()
    return (
        f"{FILES} files ({CASES} leads, each with its withdrawal) in one outbox: all taken after "
        f"{taken:.0f} s, all in the one inbox after {arrived:.0f} s, all receipts after "
        f"{answered:.0f} s; each exactly once, {CASES} cases in order, none refused; connectors at "
        f"{resident[SENDER]} and {resident[RECEIVER]} MB at the highest"
    )


CHECKS: Final = (Check("input_ten_thousand_files", input_ten_thousand_files),)


def _put(home: Home, sender: FolderAgency, receiver: FolderAgency) -> set[str]:
    """Lay every file into the outbox; return the document numbers of the leads."""
    traffic = Traffic(load(home.rulebook), [sender], [receiver], RUN)
    lead = traffic._lead(sender, receiver, 0)
    withdrawal = default_example("withdrawal")
    things, numbers = [], set()
    for number in range(1, CASES + 1):
        about = f"{RUN}案移〔2026〕{number}号"
        numbers.add(about)
        named = lead["envelope"] | {"document_number": about}
        things += [
            (f"{number:05d}-1", "lead_transfer", lead | {"envelope": named}),
            (f"{number:05d}-2", "withdrawal", withdrawal | {"envelope": {"in_reply_to": about}}),
        ]
    sender.put(things)
    return numbers


def _is_each_once_in_order(got: list[Got], numbers: set[str]) -> None:
    assert len(got) == FILES, f"{len(got)} arrived"
    assert len({one.message_id for one in got}) == FILES, "one came twice"
    cases: dict[str, list[Got]] = defaultdict(list)
    for one in got:
        cases[one.case_id].append(one)
    wrong = [case for case, of_it in cases.items() if [one.record for one in of_it] != ORDER]
    assert not wrong, f"{len(wrong)} cases out of order or not whole, such as {wrong[0]}"
    strangers = [
        one
        for lead, other in cases.values()
        if other.in_reply_to != lead.message_id
        for one in (other,)
    ]
    assert not strangers, f"{len(strangers)} withdrawals of another lead"
    assert {lead.document_number for lead, _ in cases.values()} == numbers


def _count(root: Path, folder: str, pattern: str = "*.json") -> int:
    return sum(1 for _ in (root / folder).glob(pattern)) if (root / folder).exists() else 0


def _resident_mb(home: Home, name: str) -> int:
    """Return the most memory that a process ever had resident, in MB."""
    process = processes.running(home, name)
    assert process is not None, f"{name} does not run"
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    (peak,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return peak // 1024


def _logs(county: County) -> str:
    return "\n".join(f"{name}: {county.log(name)}" for name in county.commands)
