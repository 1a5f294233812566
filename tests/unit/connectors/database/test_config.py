"""A name that is wrong in a database connector's configuration is told before a letter needs it."""

from pathlib import Path

import pytest

from connectors.bus.agency import read_config
from connectors.database.app import DatabaseConfig, _system
from connectors.database.engine import open_engine
from schemas.errors import UserError

HEAD = 'organ = "a1"\nkind = "database"\n[source]\nurl = "sqlite:///x.db"\n'
DEBEZIUM = 'layout = "debezium"\n'


def config(folder: Path, text: str) -> DatabaseConfig:
    (folder / "c.toml").write_text(f"{HEAD}{text}\n", encoding="utf-8")
    return read_config(folder / "c.toml", DatabaseConfig)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('in = "EX_OUT"', "source: twice: EX_OUT"),
        ('ledger = "ex_in"', "source: twice: ex_in"),
        ('files_table = "EX_OWNER"', "source: twice: EX_OWNER"),
        (f'{DEBEZIUM}answers = "OUTBOX"', "source: twice: OUTBOX"),
        ('[map]\nout = { paylod = "CONTENT" }', "map.out: no column: paylod"),
        ('[map]\nout = { timestamp = "AT" }', "map.out: no column: timestamp"),
        (f'{DEBEZIUM}[map]\nout = {{ biz_type = "T" }}', "map.out: no column: biz_type"),
        ('[map]\nin = { paylod = "CONTENT" }', "map.in: no column: paylod"),
        ('[map]\nout = { payload = "ID" }', "map.out: twice: ID"),
        ('[map]\nin = { payload = "sm3" }', "map.in: twice: sm3"),
        ('[map]\nout = { payload = "" }', "map.out.payload: "),
        ("[map]\nout = { payload = 'A\"; --' }", "map.out.payload: "),
    ],
)
def test_a_name_that_is_none_or_stands_twice_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=r"connector\.config_invalid") as found:
        config(tmp_path, text)
    assert told in str(found.value)


def test_names_of_the_agencys_own_may_be_in_chinese_or_of_several_words(tmp_path: Path) -> None:
    text = '[map]\nout = { payload = "内容", biz_key = "BIZ KEY" }\nin = { payload = "CONTENT" }'
    found = config(tmp_path, text)
    system = _system(found, open_engine("sqlite:///x.db", tmp_path), tmp_path)
    system.open()
    assert system.collect(5) == ()
    system.close()
    assert config(tmp_path, f'{DEBEZIUM}[map]\nout = {{ timestamp = "at" }}').map.out
