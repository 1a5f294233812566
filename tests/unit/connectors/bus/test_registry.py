import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from hypothesis import given
from hypothesis import strategies as st

from connectors.bus.registry import SchemaIds
from connectors.bus.registry_answers import _reason, bounded, refusal_of
from schemas.errors import UserError

IDS = SchemaIds({12: "aa", 7: "bb", 9: "aa"}, {"leads-yichuan.LeadTransfer": 12})


def test_the_map_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "home" / "schema_ids.json"
    IDS.save(path)
    back = SchemaIds.load(path)
    assert (dict(back.by_id), dict(back.by_subject)) == (IDS.by_id, IDS.by_subject)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text(encoding="utf-8"))["by_id"] == {
        "7": "bb",
        "9": "aa",
        "12": "aa",
    }


def test_the_same_map_always_gives_the_same_bytes(tmp_path: Path) -> None:
    IDS.save(tmp_path / "a")
    SchemaIds(dict(sorted(IDS.by_id.items())), IDS.by_subject).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_look_ups_know_ours_and_nothing_else() -> None:
    assert IDS.fingerprint_of(7) == "bb"
    assert IDS.fingerprint_of(8) is None
    assert IDS.id_for("aa") == 12
    with pytest.raises(UserError, match=r"registry\.ids_missing cc"):
        IDS.id_for("cc")


def test_a_missing_map_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"registry\.ids_missing"):
        SchemaIds.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"by_id": [], "by_subject": {}}',
        '{"by_id": {"x": "a"}, "by_subject": {}}',
    ],
)
def test_a_damaged_map_is_refused_whole(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ids.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"registry\.ids_invalid"):
        SchemaIds.load(path)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "registry.login_refused"),
        (403, "registry.forbidden"),
        (404, "registry.not_found"),
        (409, "registry.incompatible"),
        (422, "registry.refused"),
        (302, "registry.refused"),
    ],
)
def test_each_refusal_has_its_code(status: int, code: str) -> None:
    assert refusal_of(status, None, "there").code == code


def test_the_reason_is_the_registrys_without_javas_class_names() -> None:
    message = "io.apicurio.registry.rules.violation.RuleViolationException: Incompatible: /fields/0"
    refusal = refusal_of(409, {"error_code": 409, "message": message}, "there")
    assert refusal.detail == "Incompatible: /fields/0"


@given(st.none() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.integers()))
def test_any_answer_gives_a_reason_of_bounded_length(answer: object) -> None:
    assert len(_reason(answer)) <= 2_000


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    given: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(1_000):
            given.append(number)
            yield bytes(1 << 20)

    answer: Any = SimpleNamespace(content=SimpleNamespace(iter_any=chunks))
    with pytest.raises(ClientPayloadError):
        asyncio.run(bounded(answer))
    assert len(given) < 20
