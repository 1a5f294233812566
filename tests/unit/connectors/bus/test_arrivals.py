from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.bus.ledger import Ledger
from tests.agency_home import AT, lead


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def known(ledger: Ledger, named: str | None) -> list[str]:
    return [target.message_id for target in ledger.targets(named or "")]


def test_what_is_arriving_can_be_answered_and_has_not_been_dealt_with(ledger: Ledger) -> None:
    sent = lead("one")
    envelope = sent.envelope
    ledger.arrivals.expect([sent])
    ledger.arrivals.expect([sent])
    assert known(ledger, envelope.message_id) == [envelope.message_id]
    assert known(ledger, envelope.document_number) == [envelope.message_id]
    assert not ledger.arrivals.has(envelope.key)
    ledger.arrivals.got(sent, AT)
    assert ledger.arrivals.has(envelope.key)
    assert known(ledger, envelope.message_id) == [envelope.message_id]
    assert ledger.db.execute("SELECT COUNT(*) FROM arriving").fetchone() == (0,)


def test_what_the_agency_cannot_have_cannot_be_answered(ledger: Ledger) -> None:
    sent = lead("one")
    ledger.arrivals.expect([sent])
    ledger.arrivals.refused(sent.envelope.key)
    assert known(ledger, sent.envelope.message_id) == []


def test_a_ledger_of_an_older_release_goes_on(ledger: Ledger, tmp_path: Path) -> None:
    ledger.db.execute("DROP TABLE arriving")
    ledger.close()
    again = Ledger(tmp_path / "ledger.sqlite")
    again.arrivals.expect([lead("one")])
    again.close()
