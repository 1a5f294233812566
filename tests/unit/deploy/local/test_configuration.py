import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.sections import KafkaSection, PortsSection
from deploy.local import kafka, kafka_config, registry
from deploy.local.artifacts import KAFKA, REGISTRY, locked
from deploy.local.java import environment, properties

SETTINGS = Settings(ports=PortsSection(base=25_000), kafka=KafkaSection(memory_mb=300))
HOME = Home(Path("/somewhere/县里"))


def parsed(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_every_listener_of_the_broker_wants_a_login_and_is_on_the_loopback() -> None:
    found = parsed(kafka_config.broker_properties(SETTINGS, kafka.DATA))
    listeners = dict(item.split("://") for item in found["listeners"].split(","))
    protocols = dict(item.split(":") for item in found["listener.security.protocol.map"].split(","))
    assert listeners == {
        "CLIENT": "127.0.0.1:25000",
        "INTERNAL": "127.0.0.1:25001",
        "CONTROLLER": "127.0.0.1:25002",
    }
    assert protocols == dict.fromkeys(listeners, "SASL_SSL")
    assert found["ssl.keystore.location"] == "tls/server.store.pem"
    assert found["listener.name.client.sasl.enabled.mechanisms"] == "SCRAM-SHA-512"


def test_nobody_stands_above_the_access_rules_but_the_admin_and_the_broker_itself() -> None:
    found = parsed(kafka_config.broker_properties(SETTINGS, kafka.DATA))
    assert found["super.users"] == "User:admin;User:_broker;User:_controller"
    assert found["allow.everyone.if.no.acl.found"] == "false"
    assert found["auto.create.topics.enable"] == "false"
    alias = re.compile(r"[a-z0-9-]{2,24}")
    assert not alias.fullmatch(kafka_config.BROKER_LOGIN)
    assert not alias.fullmatch(kafka_config.CONTROLLER_LOGIN)


def test_the_inner_listeners_have_passwords_of_their_own_new_at_each_start() -> None:
    texts = [kafka_config.broker_properties(SETTINGS, kafka.DATA) for _ in range(2)]
    passwords = {item for text in texts for item in re.findall(r'password="([^"]+)"', text)}
    assert len(passwords) == 4
    assert min(len(password) for password in passwords) >= 43


def test_a_message_at_the_limit_fits_and_offsets_are_kept_a_year() -> None:
    found = parsed(kafka_config.broker_properties(SETTINGS, kafka.DATA))
    assert int(found["message.max.bytes"]) > 900_000 + 64 * 1024
    assert int(found["offsets.retention.minutes"]) >= 365 * 24 * 60
    assert found["group.initial.rebalance.delay.ms"] == "0"


def test_what_an_organ_saved_of_its_quota_is_of_seconds_only() -> None:
    found = parsed(kafka_config.broker_properties(SETTINGS, kafka.DATA))
    assert found["quota.window.num"] == str(kafka_config.QUOTA_SECONDS) == "3"


def test_no_kind_of_group_is_on_by_which_an_agency_would_have_a_topic_created() -> None:
    found = parsed(kafka_config.broker_properties(SETTINGS, kafka.DATA))
    assert found["group.coordinator.rebalance.protocols"] == "classic,consumer"
    tool = kafka.format_arguments("run/format.properties", Credentials("admin", SecretStr("word")))
    assert " --feature share.version=0 --feature streams.version=0 " in tool
    assert tool.endswith('--add-scram "SCRAM-SHA-512=[name=admin,password=word,iterations=8192]"\n')


def test_the_brokers_command_names_home_memory_and_locked_jars_but_no_secret() -> None:
    component = kafka.component(HOME, SETTINGS, locked(), Path("/cache"))
    assert component.version == locked().version(KAFKA)
    assert component.ports == (25_000, 25_001, 25_002)
    assert "-Xmx300m" in component.argv
    assert f"-Dyichuan.home={HOME.path}" in component.argv
    jars = component.argv[component.argv.index("-cp") + 1].split(":")
    assert len(jars) == len(locked().part(KAFKA))
    assert component.argv[-2:] == ("kafka.Kafka", kafka.PROPERTIES)
    assert not any("password" in argument for argument in component.argv)


def test_a_cluster_id_is_new_each_time_and_no_option() -> None:
    ids = {kafka.cluster_id() for _ in range(200)}
    assert len(ids) == 200
    assert {len(text) for text in ids} == {22}
    assert not any(text.startswith("-") for text in ids)


def test_the_registry_has_two_logins_with_roles_and_keeps_its_store_in_a_file() -> None:
    admin = Credentials("admin", SecretStr("secret-of-admin"))
    reader = Credentials("reader", SecretStr("secret-of-reader"))
    found = parsed(registry.server_properties(SETTINGS, admin, reader))
    users = "quarkus.security.users.embedded"
    assert found[f"{users}.users.admin"] == "secret-of-admin"
    assert found[f"{users}.roles.admin"] == "sr-admin"
    assert found[f"{users}.roles.reader"] == "sr-readonly"
    assert found["apicurio.auth.role-based-authorization"] == "true"
    assert found["quarkus.http.auth.permission.everything.policy"] == "authenticated"
    assert (found["quarkus.http.host"], found["quarkus.http.ssl-port"]) == ("127.0.0.1", "25010")
    assert found["quarkus.http.insecure-requests"] == "disabled"
    assert found["quarkus.management.host"] == "127.0.0.1"
    assert found["quarkus.management.port"] == "25011"
    # An id that was answered is on the disk: else another schema could get it after a crash.
    assert found["apicurio.datasource.url"] == (
        "jdbc:h2:file:./data/registry/registry;WRITE_DELAY=0"
    )


def test_no_server_leaves_its_memory_behind() -> None:
    argv = registry.component(HOME, SETTINGS, locked(), Path("/cache/x")).argv
    assert {"-XX:-CreateCoredumpOnCrash", "-XX:-UsePerfData"} <= set(argv)


def test_the_registry_runs_from_the_unpacked_folder() -> None:
    component = registry.component(HOME, SETTINGS, locked(), Path("/cache/unpacked/x"))
    assert component.version == locked().version(REGISTRY)
    assert component.argv[-2:] == ("-jar", "/cache/unpacked/x/quarkus-run.jar")


@pytest.mark.parametrize("value", ["县", "a\\b", "two\nlines", " space", "tab\t"])
def test_a_value_that_java_would_read_otherwise_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="key"):
        properties({"key": value})


def test_java_does_not_see_the_users_java_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JAVA_TOOL_OPTIONS", "CLASSPATH", "QUARKUS_HTTP_HOST", "APICURIO_STORAGE_KIND"):
        monkeypatch.setenv(name, "other")
    assert "other" not in environment().values()
