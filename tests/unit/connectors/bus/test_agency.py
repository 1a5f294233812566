from codecs import BOM_UTF8
from pathlib import Path

import pytest

from connectors.bus.agency import ConnectorConfig, kind_of, load_agency, read_config
from connectors.bus.allowance import LETTERS_PER_SECOND
from connectors.database.app import DatabaseConfig
from connectors.folder.app import FolderConfig
from schemas.errors import UserError
from tests.agency_home import THEM, US, County

FOLDER = 'organ = "yanjiao"\nkind = "folder"\n[source]\nfolder = "exchange"\n'
DATABASE = 'organ = "yanjiao"\nkind = "database"\n[source]\nurl = "sqlite:///x.db"\n'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "connector.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_examples_are_valid() -> None:
    folder = Path("connectors/folder/example.toml")
    database = Path("connectors/database/example.toml")
    assert read_config(folder, FolderConfig).map.records == {"线索移送": "lead_transfer"}
    assert read_config(database, DatabaseConfig).source.create_tables
    assert (kind_of(folder), kind_of(database)) == ("folder", "database")


def test_how_many_letters_a_second_an_organ_sends_is_configured(
    tmp_path: Path, county: County
) -> None:
    path = write(tmp_path, "letters_per_second = 2.5\n" + FOLDER)
    assert load_agency(read_config(path, FolderConfig), county.home).letters_per_second == 2.5
    usual = load_agency(read_config(write(tmp_path, FOLDER), FolderConfig), county.home)
    assert usual.letters_per_second == LETTERS_PER_SECOND


def test_paths_are_taken_from_where_the_file_lies(tmp_path: Path) -> None:
    path = write(tmp_path, 'home = "h"\nkey = "/elsewhere/seal.pem"\n' + FOLDER)
    config = read_config(path, FolderConfig)
    assert config.home == tmp_path / "h"
    assert config.key == Path("/elsewhere/seal.pem")
    assert config.credentials is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (FOLDER.replace("yanjiao", "Yan Jiao"), "organ"),
        (FOLDER.replace('"folder"', '"ftp"', 1), "kind"),
        (FOLDER.replace("folder =", "directory ="), "source"),
        (FOLDER + "poll_seconds = 0\n", "source.poll_seconds"),
        ("metrics_port = 70000\n" + FOLDER, "metrics_port"),
        ("letters_per_second = 0\n" + FOLDER, "letters_per_second"),
        ("colour = 1\n" + FOLDER, "colour"),
        (FOLDER + '[map]\nrecords = {x = "accepted"}\n', "map.records"),
        (FOLDER + '[map]\nrecords = {x = "nonsense"}\n', "map.records"),
        ("organ = \n", "line 1"),
        ("#" * 70_000, "65536"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(UserError, match=r"connector\.config_invalid") as caught:
        read_config(write(tmp_path, text), FolderConfig)
    assert where in str(caught.value)


def test_a_file_with_a_byte_order_mark_is_read_and_one_in_gbk_is_said_to_be_no_utf_8(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, FOLDER)
    file.write_text(FOLDER, encoding="utf-8-sig")
    assert kind_of(file) == "folder"
    file.write_bytes(FOLDER.encode() + "# 说明\n".encode("gbk"))
    with pytest.raises(UserError, match="not UTF-8"):
        kind_of(file)


def test_a_password_in_the_file_is_never_shown(tmp_path: Path) -> None:
    text = DATABASE.replace("sqlite:///x.db", "postgresql://u:hush@db.example/d")
    config = read_config(write(tmp_path, text), DatabaseConfig)
    assert "hush" not in repr(config)
    with pytest.raises(UserError) as caught:
        read_config(
            write(tmp_path, text.replace("url =", 'url = 3\nextra = "hush"\n#')), DatabaseConfig
        )
    assert "hush" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"connector\.config_invalid"):
        kind_of(tmp_path / "none.toml")
    with pytest.raises(UserError, match="kind"):
        kind_of(write(tmp_path, 'organ = "a"\n'))


def test_an_organ_is_known_by_its_key(county: County) -> None:
    agency = county.agency("liuzhi-cgj")
    assert (agency.organ, agency.alias, agency.bus) == (THEM, "liuzhi-cgj", "liuzhi-demo")
    assert county.agency().organ == US
    assert agency.credentials.username == "liuzhi-cgj"


def test_files_that_an_editor_of_windows_has_saved_are_read(county: County) -> None:
    for name in ("rulebook.toml", "keys.csv"):
        path = county.home.rulebook / name
        path.write_bytes(BOM_UTF8 + path.read_bytes())
    assert county.agency("liuzhi-cgj").organ == THEM


def test_key_and_login_may_lie_elsewhere(county: County, tmp_path: Path) -> None:
    key, login = tmp_path / "seal.pem", tmp_path / "login.toml"
    county.home.key("mugang").rename(key)
    county.home.credentials_file("mugang").rename(login)
    agency = load_agency(ConnectorConfig(organ="mugang", key=key, credentials=login), county.home)
    assert agency.credentials.username == "mugang"


def test_what_is_missing_is_named(county: County) -> None:
    county.home.credentials_file("mugang").unlink()
    with pytest.raises(UserError, match=r"home\.login_missing"):
        county.agency("mugang")
    county.home.key("mugang").write_text("no key", encoding="utf-8")
    with pytest.raises(UserError, match=r"keys\.unreadable"):
        county.agency("mugang")
    with pytest.raises(UserError, match=r"keys\.none"):
        county.agency("nobody")
    (county.home.rulebook / "rulebook.toml").unlink()
    with pytest.raises(UserError, match=r"connector\.rulebook_missing"):
        county.agency()


def test_a_key_that_nobody_listed_seals_nothing(county: County) -> None:
    table = county.home.rulebook / "keys.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(line for line in lines if US not in line), encoding="utf-8")
    with pytest.raises(UserError, match=r"connector\.key_unlisted"):
        county.agency()


def test_a_key_of_another_organ_seals_nothing_in_its_name(county: County) -> None:
    ours, theirs = county.home.key("mugang"), county.home.key("liuzhi-cgj")
    ours.write_bytes(theirs.read_bytes())
    with pytest.raises(UserError, match=r"key\.of_another_organ .*mugang\.pem"):
        county.agency("mugang")  # the key of its attachments is its own


def test_both_keys_of_another_organ_are_found_where_the_directory_is(county: County) -> None:
    for place in (county.home.key, county.home.opener):
        place("mugang").write_bytes(place("liuzhi-cgj").read_bytes())
    directory = county.home.rulebook / "organs.csv"
    directory.write_text(f"# organs\ncode,alias\n{THEM},mugang\n", encoding="utf-8-sig")
    assert county.agency("mugang").organ == THEM
    for remark in ("# organs", '"# organs, as a spreadsheet saves it"'):
        text = f"{remark}\ncode,alias\n11520203YC0001,mugang\n"
        directory.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=r"key\.of_another_organ"):
            county.agency("mugang")
