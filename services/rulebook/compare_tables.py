"""What else a rulebook lists: who sees what, whom copies reach, what is barred, what is kept.

Each table by what its rows speak of, so that a row that was moved or renumbered is no difference.
"""

from collections.abc import Mapping
from typing import Any

from services.rulebook.layout import NO_SHARING
from services.rulebook.model import AudienceRule, Clearance, Rulebook
from services.rulebook.openings import OpeningRule

Listed = Mapping[str, tuple[str, Mapping[str, Any]]]  # code → (name, fields)


def clearances(rulebook: Rulebook) -> Listed:
    """Return the clearance table by relation, class and path."""
    return {
        _seen(row): (
            row.basis,
            {"treatment": row.treatment, "basis": row.basis},
        )
        for row in rulebook.clearances.rows
    }


def openings(rulebook: Rulebook) -> Listed:
    """Return who may be shown later what was withheld, by relation, class and path."""
    return {
        _seen(row): (
            row.basis,
            {"how": row.how, "basis": row.basis},
        )
        for row in rulebook.openings.rows
    }


def audiences(rulebook: Rulebook) -> Listed:
    """Return whom copies reach besides their addressees, by all that a row speaks of."""
    return {
        _reach(rule): (rule.basis, {"valid_to": rule.valid_to, "basis": rule.basis})
        for rule in rulebook.audiences
    }


def no_sharing(rulebook: Rulebook) -> Listed:
    """Return how marks of secrecy are written, and each entry of the list of what is barred."""
    marks = rulebook.no_sharing.marks
    written = {
        "words": " ".join(marks.words),
        "suffixes": " ".join(marks.suffixes),
        "labels": " ".join(marks.labels),
        "brackets": " ".join(marks.brackets),
        "stars": marks.stars,
        "harmless": " ".join(marks.harmless),
        "variants": " ".join("".join(pair) for pair in marks.variants),
    }
    barred = {
        each.id: (
            each.what,
            {
                "what": each.what,
                "basis": each.basis,
                "keywords": " ".join(each.keywords),
                "categories": " ".join(each.categories),
                "records": " ".join(each.records),
            },
        )
        for each in rulebook.no_sharing.barred
    }
    return {"marks": (NO_SHARING, written)} | barred


def retention(rulebook: Rulebook) -> Listed:
    """Return how long what is kept, by the life of a case, and the orders for single cases."""
    kept = rulebook.retention
    terms = {
        life: (term.basis, {"years": term.years, "basis": term.basis})
        for life, term in kept.terms.items()
    }
    orders = {
        f"{order.what} {order.case} {order.since}": (
            order.by,
            {"by": order.by, "basis": order.basis, "until": order.until},
        )
        for order in kept.orders
    }
    months = kept.quarantine and {
        "months": kept.quarantine.months,
        "basis": kept.quarantine.basis,
    }
    return terms | orders | ({"quarantine": (str(months["basis"]), months)} if months else {})


def _seen(row: Clearance | OpeningRule) -> str:
    return " ".join(filter(None, (row.relation, row.field_class, row.path)))


def _reach(rule: AudienceRule) -> str:
    subject = rule.subject or "*"
    return f"{rule.category} {subject} {rule.area} {rule.audience} {rule.valid_from}"
