"""Each recipient stands for itself: written for, delivered, signed, or pending in the outbox."""

import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import delete

from connectors.bus.home import Home, Settings
from connectors.bus.known_schemas import KnownSchemas
from connectors.bus.private import write_private
from connectors.bus.registry import SchemaIds
from schemas.codec import frame
from schemas.errors import UserError
from schemas.ids import derive
from services.casebook.rows import DecisionRow
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX
from services.cli.casebook_view import case_of, decisions_of
from services.cli.installation import Installation
from services.cli.recipients import copy_in, copy_of, waiting_copies
from services.cli.resend import handed_to
from services.cli.trace_story import story
from services.cli.trace_text import lines
from services.rulebook.model import Organ
from tests.history import HANDLER, MONDAY, SENDER, History, demo, organ
from tests.office import Log, office, run, sealed, sent

if TYPE_CHECKING:
    from connectors.bus.keyring import Keyring

FIVE = ["yanjiao", "langdai", "liuzhi-scjg", "liuzhi-zwj", "liuzhi-gov"]


@pytest.fixture
def home(tmp_path: Path, casebook: Casebook) -> Home:
    """A home that knows the registry's ids of the office."""
    place = Home(tmp_path / "home")
    write_private(place.casebook_key, b64encode(casebook.key.secret).decode())
    by_id = {number: codec.fingerprint for number, codec in office().codecs.items()}
    SchemaIds(by_id, {}).save(place.schema_ids)
    return place


def to_five(casebook: Casebook, *signing: str) -> History:
    """A copy to five, published but for one inbox that would not take it."""
    history, log = History(), Log()
    addressees = {"envelope": {"addressees": [organ(alias) for alias in FIVE]}}
    records = [log.put(sent(history, "copy", HANDLER, category="other", **addressees), MONDAY)]
    run(casebook, records)
    with casebook.engine.begin() as connection:
        connection.execute(delete(OUTBOX).where(OUTBOX.c.topic != "inbox.liuzhi-gov"))
    for record, alias in (("delivered", "langdai"), *(("signed_for", each) for each in signing)):
        run(casebook, [log.put(sent(history, record, alias), history.at)])
    return history


def test_a_copy_to_five_is_not_sent_while_one_of_them_has_not_got_it(
    casebook: Casebook, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = to_five(casebook, "yanjiao")
    case_id = history.opened.id
    with casebook.engine.connect() as connection:
        waiting = waiting_copies(connection, case_id, home)
        case, decisions = case_of(connection, case_id), decisions_of(connection, case_id)
    told = story(case, decisions, demo().directory, waiting)
    assert told["state"] == "sending"
    states = {one["organ"]["alias"]: one["state"] for one in told["recipients"][:5]}
    assert states == {
        "yanjiao": "signed",
        "langdai": "delivered",
        "liuzhi-scjg": "written",
        "liuzhi-zwj": "written",
        "liuzhi-gov": "pending",
    }
    text = "\n".join(lines(told))
    assert "发送中" in text
    assert "六枝特区人民政府（抄送机关）：待写入收件箱" in text
    monkeypatch.setenv("YICHUAN_LANG", "en")
    assert "pending: still in the outbox" in "\n".join(lines(told))
    json.dumps(told, default=str)


def test_when_every_inbox_has_it_the_copy_is_sent(casebook: Casebook, home: Home) -> None:
    history = to_five(casebook)
    with casebook.engine.begin() as connection:
        connection.execute(delete(OUTBOX))
    with casebook.engine.connect() as connection:
        assert waiting_copies(connection, history.opened.id, home) == frozenset()
    assert story(history.opened, _decisions(casebook, history), demo().directory)["state"] == "sent"


def test_what_the_bus_says_and_what_is_no_record_of_ours_is_no_copy(home: Home) -> None:
    schemas = KnownSchemas(home.schema_ids)
    lead = History().next("lead_transfer", SENDER)
    assert copy_in(sealed(lead), schemas) is None
    assert copy_in(frame(999, b"x"), schemas) is None


@pytest.mark.parametrize(
    ("named", "alias", "code"),
    [
        ("of-nobody", "langdai", "resend.unknown"),
        (None, "mugang", "resend.not_a_recipient"),
        (None, "liuzhi-gov", "resend.pending"),
        (None, HANDLER, "resend.not_a_recipient"),
    ],
)
def test_nothing_is_sent_again_but_to_one_whose_copy_left(
    casebook: Casebook, home: Home, named: str | None, alias: str, code: str
) -> None:
    history = to_five(casebook)
    assert code == _refused(casebook, home, named or history.opened.opening, alias)


def test_a_number_that_several_bear_is_asked_about(casebook: Casebook, home: Home) -> None:
    log = Log()
    for sender, label in ((HANDLER, "copy"), (SENDER, "circular")):
        history = History()
        envelope = {"addressees": [organ("langdai")], "document_number": "执抄〔2026〕1号"}
        message = sent(history, label, sender, category="other", envelope=envelope)
        run(casebook, [log.put(message, MONDAY)])
    assert _refused(casebook, home, "执抄〔2026〕1号", "langdai") == "resend.ambiguous"


def test_of_two_senders_messages_of_one_id_the_one_that_the_organ_got_is_sent_again(
    casebook: Casebook, home: Home
) -> None:
    log, one_id = Log(), derive("test", "one id")
    for sender, label, to in ((HANDLER, "copy", "yanjiao"), (SENDER, "circular", "langdai")):
        envelope = {
            "addressees": [organ(to), organ("liuzhi-zwj")],
            "document_number": f"{'执' if sender == HANDLER else '岩'}抄〔2026〕1号",
            "message_id": one_id,
        }
        message = sent(History(), label, sender, category="other", envelope=envelope)
        run(casebook, [log.put(message, MONDAY)])
    with casebook.engine.begin() as connection:
        connection.execute(delete(OUTBOX))
    for alias, author in (("yanjiao", HANDLER), ("langdai", SENDER)):
        with casebook.engine.connect() as connection:
            handed = handed_to(connection, one_id, _organ(alias), _place(home))
        assert copy_of(handed) == ((organ(author), one_id), organ(alias))
    with casebook.engine.connect() as connection, pytest.raises(UserError) as raised:
        handed_to(connection, one_id, _organ("liuzhi-zwj"), _place(home))
    assert raised.value.code == "resend.ambiguous"
    numbers = {"岩抄〔2026〕1号", "执抄〔2026〕1号"}
    assert set((raised.value.detail or "").split(", ")) == numbers


def test_a_recipient_s_copy_is_found_by_its_id_and_by_its_number(
    casebook: Casebook, home: Home
) -> None:
    history = to_five(casebook)
    number = history.opened.document_number
    assert number is not None
    for named in (history.opened.opening, number):
        with casebook.engine.connect() as connection:
            handed = handed_to(connection, named, _organ("langdai"), _place(home))
        assert (handed.message, handed.to) == (history.opened.opening, organ("langdai"))


def _refused(casebook: Casebook, home: Home, named: str, alias: str) -> str:
    with casebook.engine.connect() as connection, pytest.raises(UserError) as raised:
        handed_to(connection, named, _organ(alias), _place(home))
    assert raised.value.exit_code == 1
    return raised.value.code


def _organ(alias: str) -> Organ:
    return demo().directory.organs[organ(alias)]


def _place(home: Home) -> Installation:
    return Installation(home, Settings(), demo(), cast("Keyring", None))


def _decisions(casebook: Casebook, history: History) -> tuple[DecisionRow, ...]:
    with casebook.engine.connect() as connection:
        return decisions_of(connection, history.opened.id)
