"""Which length and ladder a duty has: the rulebook's rule for it, the most specific one."""

from datetime import date

from services.rulebook.model import DutyRule, Organ, Rulebook


def duty_rule(
    rulebook: Rulebook, kind: str, owner: Organ, record: str, on: date
) -> DutyRule | None:
    """Return the rule for a duty of this kind that is opened on the date, or None.

    A rule for the owner's sector beats one for all, then one for the record that opens the duty
    beats one for any; of equal ones the younger. New lengths apply to duties opened later.
    """
    fitting = [
        rule
        for rule in rulebook.duties
        if rule.kind == kind
        and rule.sector in (None, owner.kind)
        and rule.record in (None, record)
        and rule.valid_from <= on
        and (rule.valid_to is None or on <= rule.valid_to)
    ]
    return max(
        fitting,
        key=lambda rule: (rule.sector is not None, rule.record is not None, rule.valid_from),
        default=None,
    )
