"""Which length and ladder a duty has: the rulebook's rule for it, the most specific one."""

from datetime import date

from services.rulebook.model import DutyRule, Organ, OrganType, Rulebook


def duty_rule(
    rulebook: Rulebook,
    kind: str,
    owner: Organ,
    record: str,
    on: date,
    author: OrganType | None = None,
) -> DutyRule | None:
    """Return the rule for a duty of this kind that is opened on the date, or None.

    `record` opens the duty, `author` is what kind of organ wrote it. A rule for the owner's sector
    beats one for all, then one for the record, then one for the author; of equal ones the younger.
    New lengths apply to duties opened later.
    """
    fitting = [
        rule
        for rule in rulebook.duties
        if rule.kind == kind
        and rule.sector in (None, owner.kind)
        and rule.record in (None, record)
        and rule.author in (None, author)
        and rule.valid_from <= on
        and (rule.valid_to is None or on <= rule.valid_to)
    ]
    return max(fitting, key=_rank, default=None)


def _rank(rule: DutyRule) -> tuple[bool, bool, bool, date]:
    selectors = (rule.sector, rule.record, rule.author)
    sector, record, author = (selector is not None for selector in selectors)
    return sector, record, author, rule.valid_from
