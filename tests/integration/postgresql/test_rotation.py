"""Another key for a casebook that several exchanges share: none runs, none is let in after."""

import base64
from pathlib import Path

import pytest

from schemas.errors import UserError
from services.casebook.case_keys import CaseKeys
from services.casebook.key_file import read_key
from services.casebook.rotation import rotate
from services.casebook.store import Casebook
from services.casebook.tables import CASE_KEYS
from tests.office import open_at, rows

PLAIN = b"what the case keeps"


def key_of(casebook: Casebook, tmp_path: Path) -> Path:
    path = tmp_path / "rotated" / "casebook.key"
    path.parent.mkdir()
    path.write_bytes(base64.b64encode(casebook.key.secret))
    return path


def test_while_another_exchange_is_connected_it_is_refused_and_nothing_is_changed(
    nowhere: str, tmp_path: Path
) -> None:
    casebook, other = open_at(nowhere), open_at(nowhere)
    path = key_of(casebook, tmp_path)
    with other.engine.begin() as connection:
        locked = CaseKeys(connection, other.key).lock("case", PLAIN, ("case",))
    before = rows(other, CASE_KEYS)
    with pytest.raises(UserError, match=r"casebook\.in_use"):
        rotate(casebook, path)
    assert rows(other, CASE_KEYS) == before
    assert read_key(path) == casebook.key
    other.close()
    assert rotate(casebook, path).keys == 1
    with casebook.engine.connect() as connection:
        assert CaseKeys(connection, read_key(path)).unlock("case", locked, ("case",)) == PLAIN
    casebook.close()


def test_an_exchange_that_has_read_the_key_of_before_gets_no_connection_any_more(
    nowhere: str, tmp_path: Path
) -> None:
    casebook, late = open_at(nowhere), open_at(nowhere)
    rotate(casebook, key_of(casebook, tmp_path))
    with pytest.raises(UserError, match=r"casebook\.key_wrong"):
        late.engine.connect()
    late.close()
    casebook.close()
