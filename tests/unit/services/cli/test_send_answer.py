"""Which of what comes is the answer to what was sent."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

from schemas.ids import CaseId, derive
from services.cli.mailbox import Letter, Mailbox
from services.cli.send import _answer
from tests.agency_home import AT, accepted, held, lead


class Inbox:
    """An inbox to which these letters come."""

    def __init__(self, *messages: Any) -> None:
        self._messages = messages

    async def following(self, begin: int, _seconds: float) -> AsyncIterator[Letter]:
        """Yield them at once."""
        for offset, message in enumerate(self._messages):
            yield Letter(begin + offset, AT, message, None)


def test_what_is_said_of_anothers_message_of_the_same_id_is_no_answer() -> None:
    own = lead("one")
    answer, elsewhere = accepted(own), held(own)
    other = replace(elsewhere.envelope, case_id=CaseId(derive("another")))
    inbox = cast("Mailbox", Inbox(replace(elsewhere, envelope=other), answer))
    assert asyncio.run(_answer(inbox, own, 0, 1.0)) is answer
