"""The county chapter: a circular to everybody, one inbox of them shut for a while."""

import json
from collections import Counter
from typing import Any, Final

from connectors.bus.admin import carry_out, connect
from connectors.bus.changes import Grant, Revoke
from connectors.bus.clock import now
from connectors.bus.layout import Acl
from schemas.errors import Refusal
from schemas.messages import Message
from schemas.topics import inbox_of
from services.rulebook.model import OrganType
from tests.canary_letters import numbered
from tests.history import HANDLER, STRANGER, History, is_refused, organ
from tests.history import demo as demo_rulebook
from tests.prove.chapter import Check, Ground
from tests.prove.county_sending import decided, put
from tests.prove.letters import keyring
from tests.prove.stand import Stand, demo, records, wait_until

TOWNSHIPS: Final = 18
OTHERS: Final = 20
SHUT: Final = STRANGER  # whose inbox takes nothing for a while
SECONDS_MAX: Final = 180.0


def circular_to_all(ground: Ground) -> str:
    """Shut one inbox to the exchange, send, look; open it, look again; then send it once more."""
    stand = demo(ground)
    everybody = _everybody()
    denied = Acl("User:exchange", "topic", "literal", inbox_of(SHUT), "write", permission="deny")
    client = connect(stand.settings, stand.home.credentials("admin"))
    history = History(count=next(stand.serials) * 1_000, at=now())
    addressees = {"envelope": {"addressees": [organ(alias) for alias in everybody]}}
    plain = history.next("circular", HANDLER, category="other", **addressees)
    circular = numbered(plain, "全县通报")
    assert not is_refused(history.decide(circular))
    carry_out(client, stand.home, stand.settings, [Grant(denied)])
    try:
        put(stand, circular)
        decided(stand, [circular])
        wait_until(
            lambda: _states(stand, circular)["pending"] == 1, SECONDS_MAX, "all but one written"
        )
        told = _told(stand, circular)
        states = Counter(one["state"] for one in told["recipients"])
        pending = [one["organ"]["alias"] for one in told["recipients"] if one["state"] == "pending"]
        assert pending == [SHUT], pending
        assert states.total() - states["pending"] == len(everybody) - 1, states
        assert told["state"] == "sending", told["state"]
        assert len([step for step in told["steps"] if step["record"] == "Circular"]) == 1
        refused = json.loads(
            stand.yichuan(*_again(circular, SHUT), "--json", exit_code=1).splitlines()[0]
        )
        assert refused["error"]["code"] == "resend.pending", refused
    finally:
        carry_out(client, stand.home, stand.settings, [Revoke(denied)])
    wait_until(
        lambda: _states(stand, circular)["pending"] == 0, SECONDS_MAX, "the last one written"
    )
    copies = {alias: _copies(stand, alias, circular) for alias in everybody}
    assert set(map(len, copies.values())) == {1}, {a: len(c) for a, c in copies.items()}
    assert _told(stand, circular)["state"] == "sent"
    (again,) = stand.objects(*_again(circular, SHUT))
    twice = _copies(stand, SHUT, circular)
    assert twice == copies[SHUT] * 2, "resent: other bytes"
    assert again["to"] == organ(SHUT)
    stranger = stand.yichuan(*_again(circular, "lps-gov"), "--json", exit_code=1)
    assert json.loads(stranger.splitlines()[0])["error"]["code"] == "resend.not_a_recipient"
    return (
        f"one decision, {len(everybody)} recipients ({TOWNSHIPS} townships, {OTHERS} others), each "
        f"with its own state; {SHUT}'s inbox shut: {len(everybody) - 1} written, 1 pending, the "
        "circular 'sending'; opened: all written, one copy in each inbox; resend to one: the same "
        "bytes; to a stranger: refused"
    )


CHECKS: Final = (Check("circular_to_all", circular_to_all),)


def _everybody() -> list[str]:
    organs = demo_rulebook().directory.organs.values()
    townships = [each.alias for each in organs if each.type is OrganType.TOWNSHIP]
    others = [
        each.alias
        for each in organs
        if each.type in (OrganType.DEPARTMENT, OrganType.OTHER_DEPARTMENT) and each.alias != HANDLER
    ]
    assert len(townships) >= TOWNSHIPS, f"only {len(townships)} townships"
    assert len(others) >= OTHERS, f"only {len(others)} other organs"
    return [*townships[:TOWNSHIPS], *others[:OTHERS]]


def _again(circular: Message, alias: str) -> tuple[str, ...]:
    return ("resend", circular.envelope.message_id, "--to", alias)


def _told(stand: Stand, circular: Message) -> dict[str, Any]:
    (told,) = stand.objects("trace", circular.envelope.message_id)
    told["recipients"] = [one for one in told["recipients"] if one["record"] == "Circular"]
    return told


def _states(stand: Stand, circular: Message) -> Counter[str]:
    return Counter(one["state"] for one in _told(stand, circular)["recipients"])


def _copies(stand: Stand, alias: str, circular: Message) -> list[bytes]:
    """Return the copies of the circular in an inbox; the seal of each value must hold."""
    found = []
    for record in records(stand, alias, inbox_of(alias)):
        value = record.value() or b""
        opened = keyring(stand).open(value, now())
        assert not isinstance(opened, Refusal), opened
        if opened.message.envelope.message_id == circular.envelope.message_id:
            found.append(value)
    return found
