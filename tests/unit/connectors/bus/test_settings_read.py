"""What is wrong with the settings is told by its place: the file and key, or the variable."""

import os
from pathlib import Path

import pytest

from connectors.bus.home import Home
from schemas.errors import UserError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in os.environ:
        if name.startswith("YICHUAN_"):
            monkeypatch.delenv(name)
    return Home(tmp_path)


def fault_of(home: Home) -> tuple[str | None, str | None]:
    with pytest.raises(UserError, match=r"home\.config_invalid") as caught:
        home.settings()
    return caught.value.where, caught.value.detail


@pytest.mark.parametrize(
    ("text", "key", "why"),
    [
        ('[kafka]\nbootstap = "k:1"\n', "kafka.bootstap", "没有这一项 | there is no such key"),
        ('[kafak]\nbootstrap = "k:1"\n', "kafak", "没有这一项 | there is no such key"),
        ('kafka = "k:1"\n', "kafka", "应为一节，形如 [名称] 之下的各行 | needs a section, "),
        ('[ports]\nbase = "x"\n', "ports.base", "应为整数 | needs a whole number"),
        ("[ports]\nbase = 80\n", "ports.base", "不得小于 1024 | must be 1024 at least"),
        ("[bus]\nrulebook = 3\n", "bus.rulebook", "应为文本，写在引号内 | needs a text, in quotes"),
        ("[exchange]\ntick_seconds = 0\n", "exchange.tick_seconds", "须大于 0.0 | must be more"),
        ('[kafka]\nsecurity = "SSL"\n', "kafka.security", "写法须符合 ^SASL_(PLAINTEXT|SSL)$ | "),
    ],
)
def test_a_key_that_is_wrong_is_told_with_its_file_and_in_both_languages(
    home: Home, text: str, key: str, why: str
) -> None:
    home.config.write_text(text, encoding="utf-8")
    where, detail = fault_of(home)
    assert where == f"{home.config} {key}"
    assert (detail or "").startswith(why)


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("YICHUAN_PORTS__BASE", "abc", "应为整数 | needs a whole number"),
        ("yichuan_ports__base", "80", "不得小于 1024 | must be 1024 at least"),
        ("YICHUAN_KAFKA", "k1:9092", "应写作 YICHUAN_KAFKA__… | must be named YICHUAN_KAFKA__…"),
        ("YICHUAN_KAFKA", "[1]", "应为一节，形如 [名称] 之下的各行 | needs a section, lines below"),
        (
            "YICHUAN_KAFKA_BOOTSTRAP",
            "k1:9092",
            "应写作 YICHUAN_KAFKA__BOOTSTRAP | must be named YICHUAN_KAFKA__BOOTSTRAP",
        ),
        ("YICHUAN_KAFAK__BOOTSTRAP", "k1:9092", "没有 KAFAK 这一节 | no section KAFAK"),
        ("YICHUAN_KAFKA__BOOTSTAP", "k1:9092", "没有这一项 | there is no such key"),
    ],
)
def test_a_variable_that_is_wrong_or_would_be_passed_over_is_named(
    home: Home, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, why: str
) -> None:
    monkeypatch.setenv(variable, value)
    where, detail = fault_of(home)
    assert where == variable
    assert (detail or "").startswith(why)


def test_an_agencys_database_and_what_is_no_section_are_other_variables(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("YICHUAN_BUS_DATABASE_URL", "YICHUAN_HOME", "YICHUAN_LANG", "YICHUAN_BUSY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("YICHUAN_PORTS__BASE", "20000")
    assert home.settings().ports.base == 20_000


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff\xfe"])
def test_a_note_of_the_ports_that_a_power_cut_has_emptied_is_named(
    home: Home, content: bytes
) -> None:
    home.run.mkdir()
    home.ports.write_bytes(content)
    assert fault_of(home) == (
        str(home.ports),
        "不是端口号：删去它，再运行 yichuan up | no port: remove it, then yichuan up",
    )


@pytest.mark.parametrize("what", ["a folder in its place", "a file in its folder's"])
def test_a_note_of_the_ports_that_is_no_file_is_named(home: Home, what: str) -> None:
    if what == "a folder in its place":
        home.ports.mkdir(parents=True)
    else:
        home.run.touch()
    assert fault_of(home)[0] == str(home.ports)


@pytest.mark.parametrize(
    "bootstrap",
    [
        "https://k1.example:9092",
        "k1:abc",
        "k1:99999",
        "k1:0",
        "::1:9092",
        "k1:9092;k2:9092",
        "k1:9092，k2:9092",
        "k1:9092 k2:9092",
    ],
)
def test_brokers_that_no_client_reads_are_refused(home: Home, bootstrap: str) -> None:
    """Some went on with a part of it and asked nobody for half a minute, one with a traceback."""
    home.config.write_text(f'[kafka]\nbootstrap = "{bootstrap}"\n', encoding="utf-8")
    where, detail = fault_of(home)
    assert where == f"{home.config} kafka.bootstrap"
    assert "host:port,host:port" in str(detail)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("k1:9092, k2:9092,", "k1:9092,k2:9092"),
        ("[::1]:9092", "[::1]:9092"),
        ("kafka-1.example_net", "kafka-1.example_net"),
        ("总线:9092", "总线:9092"),
    ],
)
def test_brokers_are_read_as_clients_want_them(home: Home, written: str, read: str) -> None:
    home.config.write_text(f'[kafka]\nbootstrap = "{written}"\n', encoding="utf-8")
    assert home.settings().bootstrap == read


@pytest.mark.parametrize(("section", "key"), [("registry", "url"), ("attachments", "endpoint")])
@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8443",
        "ftp://u:hush@h.example",
        "https://u:hush@h.example",
        "https://h.example:99999/x",
        "https://[::1/x",
        "https:///x",
    ],
)
def test_what_is_no_address_by_http_is_refused_and_not_quoted(
    home: Home, section: str, key: str, url: str
) -> None:
    home.config.write_text(f'[{section}]\n{key} = "{url}"\n', encoding="utf-8")
    where, detail = fault_of(home)
    assert where == f"{home.config} {section}.{key}"
    assert "https://host:port/path" in str(detail)
    assert "hush" not in str(detail)


@pytest.mark.parametrize("store", ["http://files.example/x", "s3://", "s3:/b", "S3://b"])
def test_a_store_that_would_be_a_folder_of_that_name_is_refused(home: Home, store: str) -> None:
    home.config.write_text(f'[attachments]\nstore = "{store}"\n', encoding="utf-8")
    where, detail = fault_of(home)
    assert where == f"{home.config} attachments.store"
    assert "s3://bucket/prefix" in str(detail)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sqlite:///books/c.sqlite", "sqlite:///{}/books/c.sqlite"),
        ("sqlite+pysqlite:///c.sqlite", "sqlite+pysqlite:///{}/c.sqlite"),
        ("sqlite:////srv/c.sqlite", "sqlite:////srv/c.sqlite"),
        ("postgresql://u@h.example/c", "postgresql://u@h.example/c"),
        ("", ""),
    ],
)
def test_a_casebook_is_the_same_whichever_folder_a_command_runs_in(
    home: Home, written: str, read: str
) -> None:
    home.config.write_text(f'[casebook]\nurl = "{written}"\n', encoding="utf-8")
    assert home.settings().casebook.url.get_secret_value() == read.format(home.path)


def test_a_casebook_that_lies_where_the_command_runs_is_not_begun_anew(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release before looked for a relative one there."""
    before = tmp_path / "elsewhere" / "c.sqlite"
    before.parent.mkdir()
    before.touch()
    monkeypatch.chdir(before.parent)
    home.config.write_text('[casebook]\nurl = "sqlite:///c.sqlite"\n', encoding="utf-8")
    where, detail = fault_of(home)
    assert where == str(home.config)
    assert f"账本在 {before}" in str(detail)
    (home.path / "c.sqlite").touch()
    assert home.settings().casebook.url.get_secret_value() == f"sqlite:///{home.path}/c.sqlite"


@pytest.mark.parametrize("text", ['username = 5\npassword = "x"\n', 'username = "a"\npassword = 5'])
def test_a_login_of_another_type_is_named(home: Home, text: str) -> None:
    file = home.credentials_file("admin")
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"home\.config_invalid") as caught:
        home.credentials("admin")
    assert caught.value.where == str(file)
