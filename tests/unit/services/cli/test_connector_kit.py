"""`yichuan connector kit`: all that an agency's connector needs, and nothing of anybody else."""

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.agency import load_agency, read_config
from connectors.bus.home import Home
from connectors.bus.private import write_private
from connectors.folder.app import FolderConfig
from deploy.local.tls import ensure_tls
from schemas.ids import OrganCode
from services.cli.main import main
from services.rulebook.layout import FILES
from tests.house.tree import REPO
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture

ALIAS = "mugang"
ORGAN = OrganCode("11520203YC0001055L")
SETTINGS = '[kafka]\nbootstrap = "10.0.0.8:9092"\nca_file = "county.pem"\n'


@pytest.fixture(autouse=True)
def county(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home of a county whose cluster is its own, with what must stay in it."""
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))
    for login in ("admin", "exchange", "registry-admin", "registry-reader", "yanjiao", ALIAS):
        text = f'username = "{login}"\npassword = "of-{login}"\n'
        write_private(home.credentials_file(login), text)
    write_private(home.casebook_key, "key-of-the-casebook")
    write_private(home.casebook, "casebook")
    (home.rulebook / "README.md").write_text("a note of the operator's", encoding="utf-8")
    ensure_tls(home)
    key = home.tls.ca_key.read_bytes()
    (home.path / "county.pem").write_bytes(home.tls.ca.read_bytes() + key)  # kept in one file
    write_private(home.config, f'{SETTINGS}[attachments]\nstore = "files"\n')
    return home


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "out" / "kit"


def files_of(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def table_of_the_page() -> set[str]:
    """The names in the first column of the table of what an agency gets."""
    text = (REPO / "deploy" / "agency-it.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text.split("## 启动")[0], re.MULTILINE)
    return {name.replace("简称", ALIAS) for row in rows for name in re.findall(r"`([^`]+)`", row)}


def made(place: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert main(["connector", "kit", ALIAS, str(place), "--json", *options]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(place: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["connector", "kit", ALIAS, str(place), "--json", *options]) != 0
    assert not place.exists() or place.is_file() or files_of(place) <= {"theirs"}
    assert [path.name for path in place.parent.glob(".*")] == []  # no half of one, either
    return str(json.loads(capsys.readouterr().out)["error"]["code"])


def test_the_files_are_those_of_the_page_s_table(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "rotate", ALIAS, "--encryption"]) == 0
    (older,) = home.opener(ALIAS).parent.glob(f"{ALIAS}.encryption.*.pem")
    text = f'{SETTINGS}[attachments]\nstore = "s3://bucket/county"\n'
    write_private(home.config, text)
    write_private(home.credentials_file("attachments"), 'username = "k"\npassword = "s"\n')
    capsys.readouterr()
    told = made(place, capsys)
    page = table_of_the_page()
    there = {name for name in files_of(place) if Path(name).parent.name != "rulebook"}
    kept = f"keys/{ALIAS}.encryption.指纹.pem"
    assert there == {
        older.relative_to(home.path).as_posix() if name == kept else name
        for name in page
        if not name.startswith("rulebook")
    }
    assert "rulebook" in page
    rules = {Path(name).name for name in files_of(place) if name.startswith("rulebook/")}
    assert {"rulebook.toml", "keys.csv", "no_sharing.toml", "organs.csv"} <= rules <= FILES
    assert {each["file"] for each in told["files"]} == files_of(place)
    secret = {each["file"] for each in told["files"] if each["secret"]}
    assert secret == {name for name in there if name.startswith(("keys/", "credentials/"))}
    assert [each["code"] for each in told["findings"]] == ["kit.store_login_shared"]


def test_nothing_of_another_is_in_it(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with home.credentials_file(ALIAS).open("a", encoding="utf-8") as file:
        file.write('# the old one: password = "of-admin"\n')
    with home.key(ALIAS).open("ab") as file:
        file.write(home.key("yanjiao").read_bytes())
    made(place, capsys)
    names = files_of(place)
    assert {name for name in names if name.startswith(("credentials/", "keys/"))} == {
        f"credentials/{ALIAS}.toml",
        f"keys/{ALIAS}.pem",
        f"keys/{ALIAS}.encryption.pem",
    }
    everything = b"".join((place / name).read_bytes() for name in names)
    own = {home.key(ALIAS), home.opener(ALIAS)}
    for path in {*home.key(ALIAS).parent.glob("*.pem"), home.tls.ca_key} - own:
        assert path.read_bytes().splitlines()[1] not in everything, path
    assert everything.count(b"PRIVATE KEY-----\n") == 2 * len(own)
    for secret in (b"of-admin", b"of-exchange", b"of-registry", b"of-yanjiao", b"casebook"):
        assert secret not in everything.replace(b"connectors/database", b"")


def test_a_connector_starts_from_the_folder_alone_wherever_it_lies(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(place, capsys)
    moved = place.with_name("at the agency")
    place.rename(moved)
    store = home.path / "files"
    home.path.rename(home.path.with_name("away"))
    monkeypatch.delenv("YICHUAN_HOME")
    agency = load_agency(read_config(moved / "connector.toml", FolderConfig))
    assert (agency.alias, agency.organ, agency.may_send()) == (ALIAS, ORGAN, True)
    assert agency.credentials.password.get_secret_value() == f"of-{ALIAS}"
    assert len(agency.openers) == 1
    assert agency.store.folder == store
    kafka = agency.settings.kafka
    assert (kafka.bootstrap, kafka.security) == ("10.0.0.8:9092", "SASL_SSL")
    assert kafka.ca_file == str(moved / "ca.pem")
    assert (
        Path(kafka.ca_file).read_bytes()
        == home.path.with_name("away").joinpath("tls", "ca.pem").read_bytes()
    )


def test_only_its_owner_can_read_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(place, capsys)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in place.rglob("*") if path.is_file()}
    folders = {path for path in place.rglob("*") if path.is_dir()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (place, *folders)} == {0o700}


def test_a_folder_that_holds_something_is_left_as_it_is(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place.mkdir(parents=True)
    made(place, capsys)  # an empty one will do
    assert main(["connector", "kit", ALIAS, str(place)]) == 3
    other = place.with_name("other")
    other.mkdir()
    (other / "theirs").touch()
    capsys.readouterr()
    assert refused(other, capsys) == "kit.folder_not_empty"
    assert refused(other / "theirs", capsys) == "kit.folder_not_empty"
    assert (other / "theirs").read_bytes() == b""


def test_an_address_of_this_machine_is_told_in_both_languages(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.config.unlink()
    told = made(place, capsys)
    (found,) = told["findings"]
    assert found["code"] == "kit.address_local"
    assert found["detail"] == "127.0.0.1:19000"
    text = (place / "yichuan.toml").read_text(encoding="utf-8")
    assert "须改正" in text
    assert "PUT THIS RIGHT" in text
    assert home.attachments.is_dir()  # as the store that is named has to be there
    assert Home(place).settings().attachments.store == str(home.attachments)


def test_a_county_without_a_store_or_with_a_public_ca_says_so_and_hands_over_no_ca(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_private(home.config, '[kafka]\nbootstrap = "k:9092"\nmechanism = "SCRAM-SHA-256"\n')
    told = made(place, capsys)
    assert [each["code"] for each in told["findings"]] == ["attachment.store_unset"]
    assert "ca.pem" not in files_of(place)
    settings = Home(place).settings()
    assert (settings.kafka.ca_file, settings.kafka.mechanism) == ("", "SCRAM-SHA-256")


def test_an_agency_that_keeps_its_own_keys_is_told_where_they_go(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.key(ALIAS).unlink()
    home.opener(ALIAS).unlink()
    told = made(place, capsys)
    assert [(each["code"], each["where"]) for each in told["findings"]] == [
        ("kit.key_kept_elsewhere", f"keys/{ALIAS}.encryption.pem"),
        ("kit.key_kept_elsewhere", f"keys/{ALIAS}.pem"),
    ]
    assert not (place / "keys").exists()


def test_another_s_login_or_key_under_its_name_is_handed_to_nobody(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = home.credentials_file(ALIAS).read_text(encoding="utf-8")
    write_private(home.credentials_file(ALIAS), 'username = "admin"\npassword = "of-admin"\n')
    assert refused(place, capsys) == "login.of_another"
    write_private(home.credentials_file(ALIAS), own)
    write_private(home.opener(ALIAS), home.opener("yanjiao").read_text(encoding="ascii"))
    assert refused(place, capsys) == "key.of_another_organ"
    write_private(home.key(ALIAS), home.key("yanjiao").read_text(encoding="ascii"))
    assert refused(place, capsys) == "key.of_another_organ"


def test_a_key_that_ended_is_not_handed_over(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = home.key(ALIAS).read_text(encoding="ascii")
    assert main(["keys", "rotate", ALIAS, "--grace-hours", "0"]) == 0
    write_private(home.key(ALIAS), before)
    capsys.readouterr()
    assert refused(place, capsys) == "key.not_in_force"


def test_the_county_s_passphrase_stays_with_the_county(
    home: Home, place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    write_private(ours, "of-the-county\n")
    write_private(theirs, "of-the-agency\n")
    with home.config.open("a", encoding="utf-8") as file:
        file.write(f'[keys]\npassphrase_file = "{ours}"\n')
    for more in ((), ("--encryption",)):
        asked = ["keys", "rotate", ALIAS, *more, "--grace-hours", "0"]
        assert main([*asked, "--passphrase-file", str(ours)]) == 0
    capsys.readouterr()
    assert refused(place, capsys) == "kit.passphrase_needed"
    made(place, capsys, "--passphrase-file", str(theirs))
    write_private(place / "passphrase.txt", "of-the-agency")  # as the page says
    agency = load_agency(read_config(place / "connector.toml", FolderConfig))
    assert agency.organ == ORGAN
    assert len(agency.openers) == 2
    (place / "passphrase.txt").write_text("of-the-county", encoding="utf-8")
    with pytest.raises(Exception, match=r"key\.passphrase"):
        load_agency(read_config(place / "connector.toml", FolderConfig))


def test_people_are_told_what_is_secret_and_what_comes_next(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["connector", "kit", ALIAS, str(place)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    (key,) = (line for line in lines if f"keys/{ALIAS}.pem" in line)
    (ids,) = (line for line in lines if "schema_ids.json" in line)
    assert key.split()[-1] == "保密"
    assert ids.split()[-1] == "不保密"
    assert "yichuan connector run connector.toml" in said.out
    assert str(place) in said.out
    assert f"of-{ALIAS}" not in said.out + said.err


def test_an_organ_that_is_nobody_gets_nothing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["connector", "kit", "admin", str(place), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "organ.unknown"
    assert not place.exists()
