"""Copies of one partition, one of them marked, with a canary that nobody may find again."""

from typing import Any, Final

from schemas.messages import Message
from schemas.topics import flow_partition
from tests.history import HANDLER, message
from tests.office import PARTITIONS

CANARY: Final = "金丝雀不得外泄"
PARTITION: Final = 0
# What is marked, and the path that the refusal names.
MARKS: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "level": (
        {"envelope": {"secrecy": "confidential"}},
        "secrecy.may_not_travel",
        "envelope.secrecy",
    ),
    "title": ({"title": f"【机密】{CANARY}"}, "secrecy.marked", "title"),
    "attachment": (
        {
            "envelope": {
                "attachments": [
                    {
                        "name": "处置预案（机密）.pdf",
                        "media_type": "application/pdf",
                        "size_bytes": 1,
                        "sha256": "0" * 64,
                    }
                ]
            }
        },
        "secrecy.marked",
        "envelope.attachments[0].name",
    ),
    "text": ({"summary": f"{CANARY}\n机密★10年\n"}, "secrecy.marked", "summary"),
}
HARMLESS: Final = f"不得泄露商业秘密，请注意保密。{'核对'}"


def copy(number: int, **changes: Any) -> Message:
    """Return a copy of a case of its own; its label decides the partition."""
    envelope = {"document_number": f"六执抄〔2026〕{number}号", **changes.pop("envelope", {})}
    return message("copy", HANDLER, f"copy-{number}", envelope=envelope, **changes)


def marked(number: int, how: str = "text") -> Message:
    """Return the copy with a mark, and the canary in its summary."""
    changes = {"summary": CANARY, **MARKS[how][0]}
    return copy(number, **changes)


def numbers(count: int) -> list[int]:
    """Return numbers whose copies lie on one partition."""
    found: list[int] = []
    number = 0
    while len(found) < count:
        number += 1
        key = copy(number).envelope.case_id.encode()
        if flow_partition(key, PARTITIONS) == PARTITION:
            found.append(number)
    return found


def copies(count: int, *secret_at: int) -> list[Message]:
    """Return copies of one partition, those at these places marked."""
    return [
        marked(number) if place in secret_at else copy(number)
        for place, number in enumerate(numbers(count))
    ]
