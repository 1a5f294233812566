"""The cases of the canaries are lawful: else the proofs that send them show nothing."""

from itertools import count

import pytest

from tests.canary_letters import CASES, Letter, said
from tests.history import MONDAY, History


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[-1][0])
def test_every_letter_of_a_case_is_accepted_with_its_canaries(case: tuple[Letter, ...]) -> None:
    history = History(count=1_000, at=MONDAY)
    told = list(said(history, case, count(5_001)))
    assert [type(each.message).__name__ for each in told] == [
        "".join(part.title() for part in record.split("_")) for record, _, _ in case
    ]
    assert all(each.canaries for each in told if type(each.message).__name__ != "SignedFor")
