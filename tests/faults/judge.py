"""The judge: what was put in against what came out. Pure; it trusts nothing that the bus says."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.faults.agencies import Got


@dataclass(frozen=True, slots=True)
class Expected:
    """One message of the plan, as its recipient must come to hold it."""

    holder: str  # alias of who must hold it
    sender: str  # organ code
    record: str  # snake_case
    about: str  # the message it answers; for an opening message its document number


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong; all empty when nothing is."""

    missing: tuple[str, ...]
    doubled: tuple[str, ...]
    unexpected: tuple[str, ...]
    out_of_order: tuple[str, ...]
    wrong_ends: tuple[str, ...] = ()  # of things handed over: not what their sender must be told
    wrong_duties: tuple[str, ...] = ()
    above_clearance: tuple[str, ...] = ()
    wrong_files: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self._parts().values())

    def __str__(self) -> str:
        """Return the counts, with one example each."""
        return ", ".join(
            f"{len(rows)} {name}{f' (e.g. {rows[0]})' if rows else ''}"
            for name, rows in self._parts().items()
        )

    def _parts(self) -> dict[str, tuple[str, ...]]:
        return {
            "missing": self.missing,
            "doubled": self.doubled,
            "unexpected": self.unexpected,
            "out of order": self.out_of_order,
            "wrong ends": self.wrong_ends,
            "wrong duties": self.wrong_duties,
            "above clearance": self.above_clearance,
            "wrong files": self.wrong_files,
        }


Fates = Mapping[str, Mapping[str, str]]  # alias → name of what it handed over → its end
# The bus's word on a message of somebody else, or against its own word: nobody's traffic has that.
_NEVER_SAID: Final = frozenset({"accepted", "rejected", "held"})


def judge(
    plan: Sequence[Expected],
    held: Mapping[str, Sequence[Got]],
    order: Sequence[str],
    wanted_fates: Fates | None = None,
    fates: Fates | None = None,
    supervisor: str = "",
) -> Verdict:
    """Compare. `order`: the records of one case in the order in which their sender sent them.

    What the bus itself says (receipts, notices) is judged for doubles only; a receipt is shown at
    its source, and one that lies in the inbox contradicts it. The supervisor is told of others'.
    """
    wanted = Counter((e.holder, e.sender, e.record, e.about) for e in plan)
    found: Counter[tuple[str, str, str, str]] = Counter()
    doubled: list[str] = []
    out_of_order: list[str] = []
    contradicted: list[str] = []
    for holder, things in held.items():
        ids = Counter((got.sender, got.message_id) for got in things)
        doubled += [f"{holder}: {id_}" for (_, id_), count in ids.items() if count > 1]
        sequences: dict[tuple[str, str], list[int]] = defaultdict(list)
        for got in things:
            if got.sender == "BUS":
                if got.record in _NEVER_SAID and fates is not None and holder != supervisor:
                    contradicted.append(f"{holder}: {got.record} of {got.in_reply_to}")
                continue
            about = got.in_reply_to or got.document_number or got.message_id
            if got.record not in order:
                continue
            found[holder, got.sender, got.record, about] += 1
            sequences[got.case_id, got.sender].append(order.index(got.record))
        out_of_order += [
            f"{holder}: {case}"
            for (case, _), places in sequences.items()
            if places != sorted(places)
        ]
    return Verdict(
        missing=tuple(sorted(map(str, (wanted - found).elements()))),
        doubled=tuple(doubled),
        unexpected=(*sorted(map(str, (found - wanted).elements())), *contradicted),
        out_of_order=tuple(out_of_order),
        wrong_ends=tuple(_wrong_ends(wanted_fates or {}, fates or {})),
    )


def _wrong_ends(wanted: Fates, found: Fates) -> Iterator[str]:
    for alias, ends in wanted.items():
        for name, end in ends.items():
            is_now = found.get(alias, {}).get(name, "nowhere")
            if is_now != end:
                yield f"{alias}: {name} is {is_now}, not {end}"
