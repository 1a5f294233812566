"""What is taken away from the product in the builds that test the harness itself."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, Final
from unittest.mock import patch

import faust

from services.casebook.work import Work
from services.exchange import batch
from services.exchange.batches import Handle
from services.exchange.intake import Intake

BATCH_MAX: Final = 500
BATCH_SECONDS: Final = 0.05
Plant = Callable[[ExitStack], None]


def stock_exactly_once(planted: ExitStack) -> None:
    """Let Faust's exactly_once stand for what is ours: the row of progress, the ids, the end.

    A stock agent lets its exception go, and Faust goes on behind the batch.
    """
    stock = faust.App

    def app(*args: Any, **settings: Any) -> faust.App:
        return stock(*args, **{**settings, "processing_guarantee": "exactly_once"})

    def raised(error: BaseException) -> None:
        raise error

    planted.enter_context(patch.object(faust, "App", app))
    planted.enter_context(patch("services.exchange.app._read", _by_an_agent))
    planted.enter_context(patch("services.exchange.shell.give_up", raised))
    planted.enter_context(patch.object(batch, "_not_yet_done", _whatever_comes))
    no_message_id(planted)


def no_message_id(planted: ExitStack) -> None:
    """Forget that a message of this id was here before."""
    planted.enter_context(patch.object(Work, "message", lambda *_: None))
    planted.enter_context(patch.object(Work, "put_message", lambda *_: None))


def _by_an_agent(app: faust.App, flows: Any, handle: Handle, _batch_max: int) -> None:
    """Take batches as Faust's manual has it."""

    @app.agent(flows, concurrency=1)
    async def decide(stream: Any) -> None:
        async for events in stream.take_events(BATCH_MAX, within=BATCH_SECONDS):
            await handle([event.message for event in events])


def _whatever_comes(work: Work, intakes: Iterable[Intake]) -> Iterator[Intake]:
    """Take what Faust gives, wherever the casebook is."""
    listed = list(intakes)
    work.lock({(i.incoming.position.topic, i.incoming.position.partition) for i in listed})
    yield from listed


BUGS: Final[dict[str, Plant]] = {
    "stock_exactly_once": stock_exactly_once,
    "no_message_id": no_message_id,
}
