"""The commands: nouns, verbs, where each is, and its help in both languages (design, section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a command is: module and function, with its help in both languages."""

    module: str
    function: str
    zh: str
    en: str
    may_begin_with_dash: bool = False  # its argument: a fingerprint is any base64url


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun with its verbs."""

    zh: str
    en: str
    verbs: Mapping[str, Verb] = field(default_factory=dict)


_CLI: Final = "services.cli"
COMMANDS: Final[Mapping[str, Verb | Noun]] = {
    "up": Verb(f"{_CLI}.stack", "up", "启动本机 Kafka 与登记中心", "start broker and registry"),
    "down": Verb(
        f"{_CLI}.stack", "down", "停止，包括演示留下的进程", "stop them, and what the demo left"
    ),
    "status": Verb(f"{_CLI}.stack", "status", "各进程的状况", "what runs and how it does"),
    "doctor": Verb(
        f"{_CLI}.doctor", "doctor", "检查本机安装，指出问题与办法", "is it fit, and the cure if not"
    ),
    "demo": Verb(f"{_CLI}.demo", "demo", "一个县的全过程演示", "a whole county, end to end"),
    "backup": Verb(f"{_CLI}.backup", "backup", "运行中备份账本等", "casebook and keys to one file"),
    "restore": Verb(f"{_CLI}.backup", "restore", "还原备份", "put a backup back"),
    "send": Verb(f"{_CLI}.send", "send", "检查、封签、发送，待回执", "check, seal, publish, await"),
    "inbox": Verb(f"{_CLI}.inbox", "inbox", "某机关收到了什么", "what an organ got"),
    "trace": Verb(
        f"{_CLI}.trace", "trace", "按标识或文号查看案件全程", "the whole journey, by id or 文号"
    ),
    "resend": Verb(
        f"{_CLI}.resend", "resend", "向一个收件机关重送", "the same copy to one recipient again"
    ),
    "replay": Verb(
        f"{_CLI}.replay",
        "replay",
        "依原始消息重新判定，与日志逐字节核对",
        "decide all anew, compare to the byte",
    ),
    "route": Verb(f"{_CLI}.route", "route", "归谁管辖及理由", "whose it is, and why"),
    "deadline": Verb(f"{_CLI}.deadline", "deadline", "何时到期，逐日列明", "when it falls due"),
    "simulate": Verb(
        f"{_CLI}.simulate", "simulate", "推演一个情景", "months of a scenario in milliseconds"
    ),
    "schemas": Noun(
        "消息模式",
        "the contracts",
        {
            "lint": Verb(f"{_CLI}.schemas", "lint", "检查模式文件", "check the schema files"),
            "plan": Verb(f"{_CLI}.schemas", "plan", "与登记中心的差异", "what apply would do"),
            "apply": Verb(f"{_CLI}.schemas", "apply", "登记模式", "register the schemas"),
            "diff": Verb(
                f"{_CLI}.schemas_diff",
                "diff",
                "与登记中心或另一目录的差别",
                "what changed, in words",
            ),
            "docs": Verb(f"{_CLI}.schemas", "docs", "每种消息的字段", "every field of each record"),
        },
    ),
    "topics": Noun(
        "主题、登录与权限",
        "topics, logins and access rights",
        {
            "plan": Verb(f"{_CLI}.topics", "plan", "与集群的差异", "what apply would do"),
            "apply": Verb(f"{_CLI}.topics", "apply", "使集群符合名录", "make the cluster fit"),
        },
    ),
    "rules": Noun(
        "规则库",
        "the rulebook",
        {
            "lint": Verb(f"{_CLI}.rules", "lint", "检查规则库", "check a rulebook"),
            "show": Verb(f"{_CLI}.rules", "show", "查看规则库内容", "print a part of it"),
            "diff": Verb(
                f"{_CLI}.rules_diff", "diff", "两个规则库的实质差别", "what changes for whom"
            ),
            "activate": Verb(
                f"{_CLI}.rules_activate",
                "activate",
                "启用规则库，写入全部分区",
                "bring one into force, in every partition",
            ),
        },
    ),
    "keys": Noun(
        "封签密钥",
        "the keys of the seals",
        {
            "list": Verb(f"{_CLI}.keys_cmd", "keys_list", "列出公钥", "list the public keys"),
            "new": Verb(f"{_CLI}.keys_change", "keys_new", "生成密钥", "make a key pair"),
            "rotate": Verb(f"{_CLI}.keys_change", "keys_rotate", "更换密钥", "replace it"),
            "revoke": Verb(
                f"{_CLI}.keys_change",
                "keys_revoke",
                "废止密钥",
                "end a key",
                may_begin_with_dash=True,
            ),
        },
    ),
    "dead": Noun(
        "死信与冻结案件",
        "dead letters and frozen cases",
        {
            "list": Verb(f"{_CLI}.dead", "dead_list", "列出死信", "list the dead letters"),
            "show": Verb(f"{_CLI}.dead", "dead_show", "查看一封死信", "show one of them"),
            "retry": Verb(
                f"{_CLI}.dead_retry", "dead_retry", "重试、重发或舍弃", "try or send it again"
            ),
        },
    ),
    "retention": Verb(
        f"{_CLI}.retention", "retention", "保存期限、冻结与销毁", "what is kept until when"
    ),
    "statistics": Verb(
        f"{_CLI}.statistics", "statistics", "监督统计，可逐件列出", "the supervisor's figures"
    ),
    "connector": Noun(
        "连接器",
        "connectors",
        {
            "run": Verb(f"{_CLI}.connector", "run", "运行一个连接器", "run one connector"),
            "doctor": Verb(
                f"{_CLI}.connector_doctor",
                "doctor",
                "检查机关的安装目录",
                "is an agency's home fit",
            ),
            "kit": Verb(
                f"{_CLI}.connector_kit", "kit", "交给机关的一套文件", "what an agency gets"
            ),
        },
    ),
    "exchange": Noun(
        "交换进程",
        "the exchange",
        {
            "run": Verb(f"{_CLI}.exchange_cmd", "exchange_run", "运行交换进程", "run the exchange"),
            "gap": Verb(f"{_CLI}.gap", "gap", "日志缺口：查看、确认跳过", "what the log lost"),
        },
    ),
    "verify": Verb(
        f"{_CLI}.verify", "verify", "离线核验一份文件的封签", "whose a file is, offline"
    ),
    "errors": Verb(f"{_CLI}.errors_cmd", "errors", "全部错误代码", "every error code"),
}
