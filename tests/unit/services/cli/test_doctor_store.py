"""The doctor's look at the store of attachments."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from connectors.bus.home import Home
from connectors.bus.private import write_private
from services.cli import doctor_store
from services.cli.doctor_host import DISK_BYTES_MIN
from services.cli.doctor_store import look_at_store

Usage = namedtuple("Usage", "free")  # noqa: PYI024 - as shutil's own


def home_with(tmp_path: Path, store: str, more: str = "") -> Home:
    home = Home(tmp_path / "home")
    write_private(home.config, f'[attachments]\nstore = "{store}"\n{more}')
    return home


def told(home: Home) -> list[tuple[str, str, str]]:
    return [(s.severity.value, s.code, s.where) for s in look_at_store(home)]


def test_a_store_that_is_there_or_is_still_to_be_made_gives_no_finding(tmp_path: Path) -> None:
    assert told(home_with(tmp_path, "")) == []
    (tmp_path / "store").mkdir()
    assert told(home_with(tmp_path, str(tmp_path / "store"))) == []


def test_a_named_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    found = told(home_with(tmp_path, str(tmp_path / "store")))
    assert found == [("error", "attachment.store_unavailable", str(tmp_path / "store"))]


def test_a_bus_whose_broker_is_elsewhere_has_to_say_where_files_are(tmp_path: Path) -> None:
    home = home_with(tmp_path, "", '[kafka]\nbootstrap = "k1:9092"\n')
    assert [(severity, code) for severity, code, _ in told(home)] == [
        ("error", "attachment.store_unset")
    ]


def test_a_bucket_without_a_login_or_without_an_answer_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_with(tmp_path, "s3://bucket", 'endpoint = "http://127.0.0.1:9"\n')
    assert [code for _, code, _ in told(home)] == ["home.login_missing"]
    write_private(home.credentials_file("attachments"), 'username = "a"\npassword = "b"\n')
    monkeypatch.setattr("connectors.bus.blobs_s3._TRIES_MAX", 0)
    assert told(home) == [("error", "attachment.store_unavailable", "s3://bucket")]


def test_a_folder_that_may_not_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store").mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = told(home_with(tmp_path, str(tmp_path / "store")))
    assert found == [("error", "attachment.store_unavailable", str(tmp_path / "store"))]


def test_the_disk_of_a_store_that_lies_elsewhere_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(DISK_BYTES_MIN - 1))
    home = home_with(tmp_path, str(store))
    assert told(home) == []
    monkeypatch.setattr(doctor_store, "_is_elsewhere", lambda *_: True)
    assert told(home) == [("error", "disk.low", str(store))]
