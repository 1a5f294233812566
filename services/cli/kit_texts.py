"""The two files of a kit that nobody else has: where the bus is, and how the agency exchanges.

The folders and ports are those of deploy/agency-it.md; the agency changes them as it likes.
"""

import json
from ipaddress import ip_address
from typing import Final

from connectors.bus.home import Settings
from connectors.bus.kafka import addresses
from connectors.bus.sections import KafkaSection
from connectors.bus.stores import StorePlace
from connectors.bus.toml_table import toml_line
from schemas.ids import Alias

CA: Final = "ca.pem"
PASSPHRASE: Final = "passphrase.txt"  # noqa: S105 - a file's name, which the agency makes itself

_CONNECTOR: Final = """\
# 驿传连接器：本机关怎样与县里的总线交换。启动：yichuan connector run connector.toml
# How this agency exchanges. The other kind, "database": connectors/database/example.toml

organ = {organ}
kind = "folder"
home = "."              # 本文件所在的目录 | the folder of this file
metrics_port = 19051    # 本机查看状态用的端口 | /healthz and /metrics, on this machine alone
"""
_LOCKED: Final = """\
# 私钥带口令，口令另行送达：写入此文件，仅本人可读 | the keys' passphrase comes by another way
key_passphrase = {passphrase}
"""
_SOURCE: Final = """
[source]
folder = "exchange"     # 交换文件夹，连接器会自行建立 | the connector makes it
"""
_LOCAL: Final = (
    "# 须改正：这是县里那台机器自己的地址，别的机器连不上；改为总线的地址（向县里问）\n"
    "# PUT THIS RIGHT: only the bus's own machine is reached by it; ask the county for the address"
)
_SHARED: Final = (
    "# 全县一致；本机读写它的路径不同的，改为本机的 | the same store for all, as seen from here"
)
_UNSET: Final = (
    "# 附件存放处，全县一致，向县里问；不写则不能收发附件\n"
    "# the county's store of attachments: without it no file is sent or fetched\n"
    '# store = "/mnt/yichuan/files"'
)


def is_of_this_machine(settings: Settings) -> bool:
    """Whether an address of the bus is one that each machine has for itself."""
    return any(_is_loopback(host) for host, _ in addresses(settings.bootstrap))


def settings_text(settings: Settings, store: StorePlace, *, has_ca: bool) -> str:
    """Return the agency's yichuan.toml."""
    kafka = settings.kafka
    lines = ["[kafka]"]
    if is_of_this_machine(settings):
        lines.append(_LOCAL)
    lines += [toml_line("bootstrap", settings.bootstrap), toml_line("security", kafka.security)]
    if kafka.mechanism != KafkaSection().mechanism:
        lines.append(toml_line("mechanism", kafka.mechanism))
    if has_ca:
        lines.append(toml_line("ca_file", CA) + "    # 从安装目录算起 | seen from this folder")
    return "\n".join([*lines, "", "[attachments]", *_store_lines(settings, store), ""])


def connector_text(alias: Alias, *, is_locked: bool) -> str:
    """Return the agency's connector.toml, of a folder connector."""
    head = _CONNECTOR.format(organ=json.dumps(alias))
    return head + (_LOCKED.format(passphrase=json.dumps(PASSPHRASE)) if is_locked else "") + _SOURCE


def _store_lines(settings: Settings, store: StorePlace) -> list[str]:
    if store.unset:
        return [_UNSET]
    if store.folder is not None:
        return [_SHARED, toml_line("store", str(store.folder))]
    section = settings.attachments
    lines = [toml_line("store", section.store), toml_line("region", section.region)]
    return [*lines, toml_line("endpoint", section.endpoint)] if section.endpoint else lines


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
