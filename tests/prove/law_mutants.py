"""The law chapter: what is spoilt in the tables and in the code is noticed by a test."""

import json
from typing import Any, Final

from tests.prove.chapter import Check, Ground

MINUTES_MAX: Final = 60
CODE_MUTANTS: Final = 300
CODE_KILLED_MIN: Final = 0.95
_TABLES: Final = ("transitions", "spans", "duties", "clearances")


def mutants(ground: Ground) -> str:
    """Run `make mutate`, and read what it says of every mutant."""
    out = ground.scratch / "mutants.json"
    before = ground.command("git", "status", "--porcelain", seconds_max=60)
    # Said outright: what `make prove ONLY=mutants` was called with is in the environment.
    whole = ("ONLY=", "SEED=", "JOBS=", f"OUT={out}")
    ground.command("make", "mutate", *whole, seconds_max=MINUTES_MAX * 60)
    assert ground.command("git", "status", "--porcelain", seconds_max=60) == before, "files changed"
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    groups = found["groups"]
    for table in _TABLES:
        assert groups[table]["killed"] == groups[table]["of"] > 0, (table, groups[table])
    code = groups["code"]
    assert code["of"] == CODE_MUTANTS, code
    assert code["killed"] >= CODE_KILLED_MIN * code["of"], code
    unexplained = [each["mutant"] for each in found["survivors"] if not each["reason"]]
    assert unexplained == [], unexplained
    told = ", ".join(
        f"{table} {groups[table]['killed']}/{groups[table]['of']}" for table in _TABLES
    )
    survivors = "; ".join(f"{each['mutant']}: {each['reason']}" for each in found["survivors"])
    return (
        f"killed: {told}; code {code['killed']}/{code['of']} (seed {found['seed']}, of "
        f"{found['sites']} places), {found['minutes']} minutes; survivors: {survivors or 'none'}"
    )


CHECKS: Final = (Check("mutants", mutants),)
