"""What deploy/integration-engineer.md tells a client without a connector is what the bus does."""

import re
import tomllib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from connectors.database.app import DatabaseConfig
from connectors.database.tables import tables
from schemas.ids import NAMESPACE, MessageId, OrganCode, case_id_of
from schemas.load import default_example
from schemas.topics import RECORDS

PAGE = Path("deploy/integration-engineer.md").read_text(encoding="utf-8")


def test_the_page_s_case_id_is_the_one_that_the_bus_expects() -> None:
    found = re.search(r"代码 `(.*?)`、`message_id` 为 `(.*?)`，得 `(.*?)`", PAGE)
    assert found is not None
    sender, message, case = found.groups()
    assert case_id_of(OrganCode(sender), MessageId(message)) == case
    assert str(uuid5(NAMESPACE, f"case\x1f{sender}\x1f{message}")) == case
    assert f"命名空间 `{NAMESPACE}`" in PAGE
    assert UUID(case).version == 5


def test_the_page_sends_the_example_in_its_sender_s_name_and_traces_its_number() -> None:
    envelope = default_example("lead_transfer")["envelope"]
    assert "schemas/examples/lead_transfer/good/default.json --as yanjiao" in PAGE
    organs = Path("deploy/rulebooks/demo/organs.csv").read_text(encoding="utf-8").splitlines()
    (line,) = [each for each in organs if ",yanjiao," in each]
    assert {each["organ"] for each in envelope["officers"]} == {line.split(",")[0]}
    assert f"yichuan trace {envelope['document_number']}" in PAGE


def test_the_page_names_a_subject_that_there_is() -> None:
    assert "leads-yichuan.LeadTransfer" in RECORDS["LeadTransfer"].subjects
    assert "`leads-yichuan.LeadTransfer`" in PAGE


def test_the_page_s_insert_names_the_table_as_postgresql_has_it() -> None:
    dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call] # of SQLAlchemy
    made = str(CreateTable(tables().out).compile(dialect=dialect))
    found = re.search(r"^INSERT INTO (\S+) ", PAGE, re.MULTILINE)
    assert found is not None
    assert f"CREATE TABLE {found[1]} (" in made


def test_the_page_s_database_connector_says_which_home_is_its_own() -> None:
    (example,) = re.findall(r'```toml\n(organ = "langdai"\n.*?)```', PAGE, re.DOTALL)
    config = DatabaseConfig.model_validate(tomllib.loads(example))
    assert config.home is not None
