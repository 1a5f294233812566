"""A decision written down: in the casebook, for the journal, and in the counts of the batch."""

from schemas.ids import RulebookHash
from services.casebook.work import Work
from services.casework.effects import FireRung
from services.exchange.notes import Decided, decision_rows
from services.exchange.tally import Tally


def write_down(
    work: Work, tally: Tally, decided: Decided, rulebook: RulebookHash, outcome: str | None
) -> None:
    """Write it, and count it under its outcome; without one it is counted elsewhere."""
    row, published = decision_rows(decided, rulebook)
    work.add_decision(row)
    work.add_outbox(published)
    if outcome is not None:
        tally.messages.append((decided.incoming.position.topic, decided.record, outcome))
    tally.rungs.extend(
        (effect.duty.kind, effect.rung)
        for effect in decided.effects
        if isinstance(effect, FireRung)
    )
