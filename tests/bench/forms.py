"""Microseconds of the processor that each letter pays: lawful_form, the gate, the look at texts.

`python -m tests.bench.forms`. Medians of RUNS runs, least and greatest beside them; one process.
"""

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, Final

from schemas.checks import lawful_form
from schemas.codec import encode
from schemas.secrecy import Gate, marked
from schemas.secrecy_list import FILE, read_no_sharing
from services.confidentiality.free_text import search_for
from services.confidentiality.kinds import Kind
from tests.any_message import default_lead, default_message

RUNS: Final = 9
MESSAGES: Final = 2_000  # of one run
RECORDS: Final = ("lead_transfer", "filing_reply", "signed_for", "complaint_forward")
GATE: Final = Gate(read_no_sharing((Path("deploy/rulebooks/demo") / FILE).read_bytes()))


def _micros(what: str, work: Callable[[], object]) -> dict[str, Any]:
    found = []
    for _ in range(RUNS):
        begin = process_time()
        for _ in range(MESSAGES):
            work()
        found.append((process_time() - begin) / MESSAGES * 1e6)
    return {
        "what": what,
        "median_us": round(statistics.median(found), 2),
        "least_us": round(min(found), 2),
        "greatest_us": round(max(found), 2),
    }


def measured() -> Iterator[dict[str, Any]]:
    """Yield one line for each thing measured."""
    for snake in RECORDS:
        message = default_message(snake)
        body = encode(message)
        yield _micros(f"lawful_form {snake}", partial(lawful_form, message))
        yield _micros(f"gate {snake}", partial(marked, message, GATE, body))
    lead = default_lead()
    texts = [lead.reason or "", "经查，当事人在某路12号经营，电话13800000001。" * 4]
    values = [(Kind.NAME, "王某某"), (Kind.PHONE, "13800000000"), (Kind.ADDRESS, "某路12号")]
    yield _micros("search of a lead's texts", lambda: search_for(values, texts, numbers=True))
    text = "经查：该单位涉嫌泄露机密文件。" * 8
    yield _micros("gate, a text with a word of it", lambda: GATE.text(text, "reason"))


def main() -> int:
    """Print them as JSON lines."""
    for found in measured():
        print(json.dumps(found, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
