"""Which stored files may be deleted: those that no message needs, of their own sender alone."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection

from schemas.ids import CaseId, OrganCode
from services.casebook.blobs import Blobs, Lost, forget_files, lost_files
from services.casebook.sqlite import open_in_memory

A, B = "aa" * 32, "bb" * 32


@pytest.fixture
def connection() -> Iterator[Connection]:
    with open_in_memory().connect() as connection:
        yield connection


def envelope(sender: str, message: str, case: str, *blobs: str) -> Any:
    attached = tuple(SimpleNamespace(blob=blob) for blob in blobs)
    return SimpleNamespace(sender=sender, message_id=message, case_id=case, attachments=attached)


def lost(connection: Connection) -> list[tuple[str, str]]:
    return [(each.sender, each.blob) for each in lost_files(connection, 10)]


def test_of_two_organs_that_use_one_id_only_the_refused_one_s_files_go(
    connection: Connection,
) -> None:
    blobs = Blobs(connection)
    blobs.note(envelope("one", "m", "c1", A))
    blobs.note(envelope("two", "m", "c2", B))
    blobs.lose_message(envelope("one", "m", "c1", A))
    assert lost(connection) == [("one", A)]


def test_a_file_goes_when_the_last_of_its_sender_s_messages_that_need_it_is_over(
    connection: Connection,
) -> None:
    blobs = Blobs(connection)
    blobs.note(envelope("one", "m1", "c1", A))
    blobs.note(envelope("one", "m2", "c2", A))
    blobs.note(envelope("two", "m3", "c3", A))  # stored under the other's own code
    blobs.lose_case(CaseId("c1"))
    assert lost(connection) == []
    blobs.lose_case(CaseId("c2"))
    assert lost(connection) == [("one", A)]
    assert lost_files(connection, 10, Lost(OrganCode("one"), A)) == ()


def test_what_the_store_has_deleted_leaves_the_list_and_what_is_needed_since_stays(
    connection: Connection,
) -> None:
    blobs = Blobs(connection)
    blobs.note(envelope("one", "m1", "c1", A, B), lost=True)
    found = lost_files(connection, 10)
    assert len(found) == 2
    blobs.note(envelope("one", "m2", "c2", A))
    forget_files(connection, found)
    assert lost(connection) == []
    blobs.lose_case(CaseId("c2"))
    assert lost(connection) == [("one", A)]


def test_what_is_no_digest_is_no_place_in_the_store(connection: Connection) -> None:
    Blobs(connection).note(envelope("one", "m", "c", "../../keys", A[:-1]), lost=True)
    assert lost(connection) == []
