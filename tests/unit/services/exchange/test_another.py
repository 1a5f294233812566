"""Another casebook's exchanges in the group: told by the client id that each member names."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from connectors.bus.home import Home, Settings
from connectors.bus.private import write_private
from schemas.errors import UserError
from services.casebook.store import open_sqlite
from services.exchange import another, members
from services.exchange.another import client_id_of, others_in, refuse_another

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

OURS, OTHER, THIRD = "a" * 16, "b" * 16, "c" * 16
OLD: Final = "faust-0.15.3"  # of a release that names no casebook
Members = Sequence[tuple[str, str]]


class Group:
    """A broker that says who is in the exchanges' group, and then who is."""

    def __init__(self, *looks: Members) -> None:
        self._looks = list(looks)

    def describe_consumer_groups(self, names: list[str], **_: Any) -> dict[str, Any]:
        """As librdkafka's client answers; the last answer stays."""
        found = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        members = [SimpleNamespace(client_id=name, host=f"/{host}") for name, host in found]
        return dict.fromkeys(
            names, SimpleNamespace(result=lambda: SimpleNamespace(members=members))
        )


@pytest.mark.parametrize(
    ("mark", "members", "others"),
    [
        (OURS, [], []),
        (OURS, [(client_id_of(OURS), "10.0.0.1"), (client_id_of(OURS), "10.0.0.2")], []),
        (OURS, [(client_id_of(OURS), "10.0.0.1"), (client_id_of(OTHER), "10.0.0.2")], ["10.0.0.2"]),
        (OURS, [(OLD, "10.0.0.1")], []),
        (None, [(client_id_of(OTHER), "10.0.0.2")], []),
        (
            None,
            [(client_id_of(OTHER), "10.0.0.2"), (client_id_of(THIRD), "10.0.0.3")],
            ["10.0.0.2", "10.0.0.3"],
        ),
    ],
)
def test_who_names_another_casebook_is_told_by_address(
    mark: str | None, members: Members, others: list[str]
) -> None:
    assert others_in(cast("AdminClient", Group(members)), mark) == others


def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *looks: Members) -> str | None:
    home = Home(tmp_path)
    write_private(home.credentials_file("exchange"), 'username = "exchange"\npassword = "x"\n')
    monkeypatch.setattr(another, "connect", lambda *_: Group(*looks))
    monkeypatch.setattr(members, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(members, "_LEAVING_SECONDS_MAX", 0.0 if len(looks) == 1 else 60.0)
    casebook = open_sqlite(home.casebook)
    try:
        return refuse_another(home, Settings(), casebook)
    finally:
        casebook.close()


def test_an_exchange_does_not_start_beside_one_with_another_casebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError) as raised:
        refused(tmp_path, monkeypatch, [(client_id_of(OTHER), "10.0.0.2")])
    found = raised.value
    assert (found.code, found.detail, found.exit_code) == ("casebook.another", "10.0.0.2", 3)


def test_it_starts_beside_its_own_and_once_the_other_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = refused(tmp_path, monkeypatch, [])
    assert mark is not None
    assert refused(tmp_path, monkeypatch, [(client_id_of(mark), "10.0.0.1")]) == mark
    leaving = [(client_id_of(OTHER), "10.0.0.2")]
    assert refused(tmp_path, monkeypatch, leaving, leaving, []) == mark
