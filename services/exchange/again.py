"""A delivered copy made again from its sealed original, for an organ that could not believe it.

Its contents follow from what is kept: the original, the relation and the rule that the decision
noted, the clearances of the rulebook that it was decided by. What the case has learnt to hide since
is hidden, too. The exchange's word on it is today's.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

from schemas.codec import frame
from schemas.errors import Broken
from schemas.ids import RulebookHash, RuleId
from services.casebook.rows import DecisionRow
from services.casebook.work import Work
from services.casework.case import Case, Handed
from services.casework.effects import Deliver
from services.exchange.copies import Copies
from services.exchange.journal import DELIVERED
from services.exchange.shelf import Shelf


def decided_in(decisions: Iterable[DecisionRow], handed: Handed) -> tuple[DecisionRow, Deliver]:
    """Return the decision that handed it over and its effect. `decisions`: the last one first.

    Raises Broken casebook.unreadable where no decision of the case did.
    """
    wanted = {
        "effect": DELIVERED,
        "message": handed.message,
        "author": handed.author,
        "to": handed.to,
        "relation": handed.relation.value,
    }
    for row in decisions:
        for effect in json.loads(row.entry)["effects"]:
            if wanted.items() <= effect.items():
                rule = effect["rule"]
                return row, Deliver(
                    message=handed.message,
                    record=handed.record,
                    author=handed.author,
                    to=handed.to,
                    relation=handed.relation,
                    rule=None if rule is None else RuleId(rule),
                )
    raise Broken("casebook.unreadable", detail=handed.message)


def copy_again(
    shelf: Shelf, work: Work, case: Case, decisions: Iterable[DecisionRow], handed: Handed
) -> bytes:
    """Return the value for the organ's inbox.

    Raises Broken casebook.original_missing and case.erased where its original opens no more,
    rulebook.unknown, casebook.unreadable.
    """
    row, effect = decided_in(decisions, handed)
    then, today = shelf.office(RulebookHash(row.rulebook)), shelf.first
    # Who sees what is the decision's; whose keys there are is known better by now.
    rulebook = replace(then.rulebook, directory=today.rulebook.directory)
    office = replace(then, rulebook=rulebook)
    value = Copies(office, work, case, row.at).value(effect)
    (body,) = office.vouch([value.copy])
    return frame(value.schema_id, body)
