"""Which files a rulebook has, and which columns each."""

from types import MappingProxyType
from typing import Final

from schemas.jws import KEY_COLUMNS
from schemas.secrecy_list import FILE

HEAD: Final = "rulebook.toml"
DUTIES: Final = "duties.toml"
DISPUTES: Final = "disputes.toml"
REMINDERS: Final = "reminders.toml"
NO_SHARING: Final = FILE
RETENTION: Final = "retention.toml"
COLUMNS: Final = MappingProxyType(
    {
        "organs.csv": (
            "code",
            "alias",
            "name",
            "type",
            "kind",
            "division",
            "contact",
            "phone",
            "address",
            "valid_from",
            "valid_to",
            "successor",
        ),
        "superiors.csv": ("organ", "superior", "line", "valid_from", "valid_to"),
        "officers.csv": ("organ", "name", "certificate", "valid_to"),
        "divisions.csv": ("code", "name", "level", "parent", "recoded_to"),
        "matters.csv": ("code", "name", "group"),
        "jurisdiction.csv": (
            "id",
            "matter",
            "group",
            "area",
            "competent",
            "mode",
            "basis",
            "basis_in_force",
            "publication",
            "published_on",
            "valid_from",
            "valid_to",
            "deciding_date",
            "concurrent",
        ),
        "calendar.csv": ("date", "kind", "note"),
        "keys.csv": KEY_COLUMNS,
        "clearances.csv": ("relation", "class", "path", "treatment", "basis"),
        "openings.csv": ("relation", "class", "path", "how", "basis"),
        "audiences.csv": (
            "id",
            "category",
            "matter",
            "group",
            "area",
            "audience",
            "basis",
            "valid_from",
            "valid_to",
        ),
    }
)
# Columns that an older copy lacks; their cells are then empty.
LATER: Final = frozenset({"compromised_since", "recoded_to"})
# keys.csv is written by `topics apply` into an installation's copy. What else is left out opens
# nothing: without clearances all is withheld, without audiences a copy reaches its addressees only,
# without a no-sharing list the gate stands as schemas/secrecy.py has it, without a policy on
# disputes the strict one of disputes.py, without reminders none is given; without terms nothing is
# ever erased; without openings each request to see a field is its owner's to answer.
OPTIONAL: Final = frozenset(
    {
        "keys.csv",
        "clearances.csv",
        "openings.csv",
        "audiences.csv",
        NO_SHARING,
        DISPUTES,
        REMINDERS,
        RETENTION,
    }
)
FILES: Final = frozenset({HEAD, DUTIES, NO_SHARING, DISPUTES, REMINDERS, RETENTION, *COLUMNS})

LEVELS: Final = ("province", "prefecture", "county", "township")  # the largest first
