"""Which files a rulebook has, and which columns each."""

from types import MappingProxyType
from typing import Final

HEAD: Final = "rulebook.toml"
DUTIES: Final = "duties.toml"
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
        "divisions.csv": ("code", "name", "level", "parent"),
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
        "keys.csv": ("kid", "organ", "algorithm", "x", "y", "valid_from", "valid_to"),
    }
)
OPTIONAL: Final = frozenset({"keys.csv"})  # written by `topics apply` into an installation's copy
FILES: Final = frozenset({HEAD, DUTIES, *COLUMNS})

LEVELS: Final = ("province", "prefecture", "county", "township")  # the largest first
