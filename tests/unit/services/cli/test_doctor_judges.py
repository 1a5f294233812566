from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import make_url

from connectors.bus.keyring import ListedKey
from schemas.errors import texts
from schemas.ids import BUS, OrganCode
from services.cli.doctor_casebook import Book, Frozen, judge_casebook, judge_connection
from services.cli.doctor_finding import Symptom, as_document, gravest_first, remark, wrong
from services.cli.doctor_home import (
    KeyFile,
    PrivateFile,
    judge_calendar,
    judge_keys,
    judge_modes,
    judge_rulebook,
)
from services.cli.doctor_host import (
    CERTIFICATE_MIN,
    CERTIFICATE_WARNED,
    DISK_BYTES_MIN,
    DISK_BYTES_WARNED,
    Certificate,
    Disk,
    Part,
    Port,
    judge_certificates,
    judge_disks,
    judge_parts,
    judge_ports,
)
from services.rulebook import finding

NOW = datetime(2026, 9, 21, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
YANJIAO, LANGDAI = OrganCode("11520203YC0001047R"), OrganCode("11520203YC0001063F")
ORGANS = {"bus": BUS, "yanjiao": YANJIAO}
BOOK = Book("casebook.sqlite", "wal", [11], {}, [], 0)


def told(symptoms: object) -> list[tuple[str, str, str]]:
    assert hasattr(symptoms, "__iter__")
    return [(s.severity.value, s.code, s.where) for s in symptoms]


def listed(kid: str, organ: OrganCode, **changes: Any) -> dict[str, ListedKey]:
    return {kid: replace(ListedKey(kid, organ, "ES256", "x", "y", NOW - DAY, None), **changes)}


BOTH = listed("b", BUS) | listed("y", YANJIAO)
FILES = [KeyFile("bus", "b"), KeyFile("yanjiao", "y")]


@pytest.mark.parametrize(
    ("mode", "open_to_others"), [(0o600, 0), (0o700, 0), (0o640, 1), (0o604, 1)]
)
def test_a_private_file_that_others_can_open_is_an_error(mode: int, open_to_others: int) -> None:
    found = told(judge_modes([PrivateFile("keys/bus.pem", mode)]))
    assert found == [("error", "file.readable_by_others", "keys/bus.pem")] * open_to_others


def test_keys_that_fit_keys_csv_have_no_findings() -> None:
    assert told(judge_keys(FILES, BOTH, ORGANS, NOW)) == []


@pytest.mark.parametrize(
    ("file", "rows", "severity", "code"),
    [
        (KeyFile("yanjiao", None), BOTH, "error", "keys.unreadable"),
        (KeyFile("yanjiao", "z"), BOTH, "error", "key.unlisted"),
        (KeyFile("yanjiao", "y"), listed("y", LANGDAI), "error", "key.of_another_organ"),
        (
            KeyFile("yanjiao", "y"),
            listed("y", YANJIAO, valid_to=NOW),
            "error",
            "key.not_in_force",
        ),
        (
            KeyFile("yanjiao", "y"),
            listed("y", YANJIAO, valid_from=NOW + DAY),
            "error",
            "key.not_in_force",
        ),
        (
            KeyFile("yanjiao", "y"),
            listed("y", YANJIAO, compromised_since=NOW),
            "error",
            "key.not_in_force",
        ),
    ],
)
def test_a_key_that_seals_nothing_valid_is_an_error(
    file: KeyFile, rows: dict[str, ListedKey], severity: str, code: str
) -> None:
    found = told(judge_keys([FILES[0], file], listed("b", BUS) | rows, ORGANS, NOW))
    assert found == [(severity, code, "keys/yanjiao.pem")]


def test_a_key_that_opens_attachments_is_judged_as_its_organ_s_and_a_kept_one_is_not() -> None:
    opener = KeyFile("yanjiao", "o", ".encryption")
    assert told(judge_keys([*FILES, opener], BOTH | listed("o", YANJIAO), ORGANS, NOW)) == []
    found = told(judge_keys([*FILES, opener], BOTH, ORGANS, NOW))
    assert found == [("error", "key.unlisted", "keys/yanjiao.encryption.pem")]
    kept = KeyFile("yanjiao", "o", ".encryption", is_kept=True)
    assert kept.where == "keys/yanjiao.encryption.o.pem"
    assert told(judge_keys([*FILES, kept], BOTH, ORGANS, NOW)) == []
    alone = told(judge_keys([FILES[0], opener], BOTH | listed("o", YANJIAO), ORGANS, NOW))
    assert [code for _, code, _ in alone] == ["key.missing"]  # the one that seals


def test_a_missing_key_of_the_bus_is_graver_than_an_organs_own() -> None:
    assert told(judge_keys([], BOTH, ORGANS, NOW)) == [
        ("error", "key.missing", "keys/bus.pem"),
        ("warning", "key.missing", "keys/yanjiao.pem"),
    ]


def test_a_key_of_nobody_is_a_note() -> None:
    found = told(judge_keys([*FILES, KeyFile("gone", "g")], BOTH, ORGANS, NOW))
    assert found == [("note", "key.of_nobody", "keys/gone.pem")]


def test_lints_errors_and_warnings_are_given_and_its_notes_are_not() -> None:
    findings = [
        finding.error("dangling", "organs.csv:3", "没有", "none"),
        finding.warning("officers_few", "officers.csv", "少", "few"),
        finding.warning("calendar_short", "rulebook.toml", "短", "short"),
        finding.note("gap", "matters.csv:2", "无人", "nobody"),
    ]
    assert told(judge_rulebook(findings, differs=False)) == [
        ("error", "rules.lint_failed", "rulebook/organs.csv:3"),
        ("warning", "rules.doubtful", "rulebook/officers.csv"),
    ]
    assert told(judge_rulebook([], differs=True)) == [("error", "rules.copy_differs", "rulebook")]


@pytest.mark.parametrize(
    ("ahead", "severity"), [(-1, "error"), (0, "warning"), (59, "warning"), (60, "note")]
)
def test_the_calendars_end_is_graver_the_nearer_it_is(ahead: int, severity: str) -> None:
    today = date(2026, 9, 21)
    (found,) = judge_calendar(today + timedelta(days=ahead), today)
    assert (found.severity.value, found.code) == (severity, "calendar.ends")
    assert found.detail == str(today + timedelta(days=ahead + 1))


def test_a_casebook_in_order_has_no_findings() -> None:
    assert told(judge_casebook(BOOK)) == []
    assert told(judge_casebook(replace(BOOK, journal_mode=None, writers=()))) == []


@pytest.mark.parametrize(
    ("book", "severity", "code", "where"),
    [
        (replace(BOOK, journal_mode="delete"), "error", "casebook.not_wal", "casebook.sqlite"),
        (replace(BOOK, writers=[11, 12]), "error", "casebook.in_use", "casebook.sqlite"),
        (replace(BOOK, stuck={"inbox.x": 2}), "error", "outbox.stuck", "inbox.x"),
        (
            replace(BOOK, frozen=[Frozen("c", "m", "case.defect")]),
            "error",
            "case.frozen",
            "c",
        ),
        (replace(BOOK, held=2), "note", "case.held", "casebook.sqlite"),
    ],
)
def test_each_fault_of_a_casebook_is_found(
    book: Book, severity: str, code: str, where: str
) -> None:
    assert told(judge_casebook(book)) == [(severity, code, where)]


@pytest.mark.parametrize(
    ("place", "detail"),
    [
        ("a:b@db.county/casebook", "db.county: sslmode=-"),
        ("a:b@db.county/casebook?sslmode=require", "db.county: sslmode=require"),
        ("a:b@10.1.2.3:5433/casebook", "10.1.2.3: sslmode=-"),
        ("a:b@/casebook?host=db1:5432&host=db2:5432", "db1:5432, db2:5432: sslmode=-"),
        ("a:b@localhost/casebook?host=db1,db2", "db1, db2: sslmode=-"),
        ("a:b@localhost/casebook?hostaddr=fd00::1", "fd00::1: sslmode=-"),
        ("a:b@db.county/casebook?sslmode=verify-full", None),
        ("a:b@db.county/casebook?sslmode=verify-ca", None),
        ("a:b@localhost/casebook", None),
        ("a:b@127.0.0.1:5433/casebook?sslmode=disable", None),
        ("a:b@[::1]:5433/casebook", None),
        ("a@/casebook?host=/run/postgresql", None),
        ("a@/casebook", None),
    ],
)
def test_a_database_on_another_host_that_nothing_verifies_is_warned_of(
    place: str, detail: str | None
) -> None:
    found = list(judge_connection(make_url(f"postgresql+psycopg://{place}")))
    assert [symptom.detail for symptom in found] == [detail] * (detail is not None)
    assert told(found) == [("warning", "casebook.unverified", "[casebook] url")] * len(found)


@pytest.mark.parametrize(
    ("free", "severities"),
    [
        (DISK_BYTES_WARNED, []),
        (DISK_BYTES_WARNED - 1, ["warning"]),
        (DISK_BYTES_MIN - 1, ["error"]),
    ],
)
def test_a_disk_is_judged_by_what_is_free(free: int, severities: list[str]) -> None:
    found = told(judge_disks([Disk("home", free)]))
    assert found == [(severity, "disk.low", "home") for severity in severities]


@pytest.mark.parametrize(
    ("left", "severities"),
    [
        (CERTIFICATE_WARNED, []),
        (CERTIFICATE_WARNED - DAY, ["warning"]),
        (CERTIFICATE_MIN, ["warning"]),
        (CERTIFICATE_MIN - DAY, ["error"]),
        (-DAY, ["error"]),
    ],
)
def test_a_certificate_is_judged_by_what_is_left_of_it(
    left: timedelta, severities: list[str]
) -> None:
    found = list(judge_certificates([Certificate("k1:9092", NOW + left)], NOW))
    assert told(found) == [(severity, "tls.certificate_ends", "k1:9092") for severity in severities]
    assert all(f"{left.days} d" in symptom.detail for symptom in found)


def test_a_ca_that_ends_has_its_own_cure_and_one_that_no_chain_needs_is_no_error() -> None:
    ends = [Certificate("CN=a CA", NOW - DAY, is_ca=True)]
    assert told(judge_certificates(ends, NOW)) == [("error", "tls.ca_ends", "CN=a CA")]
    spare = [Certificate("CN=an old CA", NOW - DAY, is_ca=True, is_spare=True)]
    assert told(judge_certificates(spare, NOW)) == [("warning", "tls.ca_ends", "CN=an old CA")]


def test_a_port_that_somebody_else_has_is_named_with_its_holder() -> None:
    (found,) = judge_ports([Port(19000, None), Port(19010, "pid 5 nginx")])
    assert (found.code, found.where, found.detail) == (
        "port.in_use",
        "127.0.0.1:19010",
        "pid 5 nginx",
    )


def test_a_part_that_is_gone_silent_or_unwell_is_an_error() -> None:
    parts = [
        Part("well", "127.0.0.1:1", runs=True, reasons=()),
        Part("gone", "logs/gone.log", runs=False, reasons=None),
        Part("silent", "127.0.0.1:2", runs=True, reasons=None),
        Part("unwell", "127.0.0.1:3", runs=True, reasons=["ticks.failing"]),
    ]
    assert told(judge_parts(parts, None)) == [
        ("error", "part.stopped", "gone"),
        ("error", "part.unhealthy", "silent"),
        ("error", "part.unhealthy", "unwell"),
    ]


def test_an_exchange_that_decides_by_an_earlier_rulebook_is_warned_of() -> None:
    part = Part("exchange", "127.0.0.1:1", runs=True, reasons=(), rulebook="old")
    assert told(judge_parts([part], "old")) == []
    assert told(judge_parts([part], None)) == []
    assert told(judge_parts([part], "new")) == [("warning", "exchange.rulebook_stale", "exchange")]


def test_a_process_of_before_an_upgrade_is_warned_of_also_where_it_is_unwell() -> None:
    part = Part("exchange", "127.0.0.1:1", runs=True, reasons=["x"], outdated="0.1.0 != 0.2.0")
    assert told(judge_parts([part], None)) == [
        ("error", "part.unhealthy", "exchange"),
        ("warning", "part.outdated", "exchange"),
    ]


def test_findings_come_gravest_first_and_once_with_their_cure() -> None:
    light, grave = remark("case.held", "a"), wrong("disk.low", "b", "0.1 GiB")
    assert gravest_first([light, grave, light]) == (grave, light)
    document = as_document(grave)
    assert list(document) == [
        "severity", "code", "where", "detail", "zh", "en", "remedy_zh", "remedy_en",
    ]  # fmt: skip
    assert document["remedy_en"] == texts()["disk.low"].remedy_en
    assert as_document(Symptom(grave.severity, "disk.low", "b"))["detail"] is None
