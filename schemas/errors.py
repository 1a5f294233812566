"""Codes and their texts. A code is `noun.reason`, listed once in errors.toml and never reused.

A refusal that a sender can cause is a value (`Refusal`). Exceptions say whose fault it is:
Malformed (theirs: dead letter), Unavailable (nobody's for long: retried within a limit),
Broken (ours: the process stops), UserError (the person at the command line).
"""

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import ClassVar, Final

from schemas.load import error_tables


@dataclass(frozen=True, slots=True)
class ErrorText:
    """One entry of errors.toml."""

    code: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str

    def in_language(self, language: str) -> tuple[str, str]:
        """Return (what is wrong, how to mend it) in `zh` or `en`."""
        return (self.en, self.remedy_en) if language == "en" else (self.zh, self.remedy_zh)


@cache
def texts() -> MappingProxyType[str, ErrorText]:
    """Return every code with its texts."""
    return MappingProxyType(
        {
            f"{noun}.{reason}": ErrorText(code=f"{noun}.{reason}", **fields)
            for noun, reasons in error_tables().items()
            for reason, fields in reasons.items()
        }
    )


def text(code: str) -> ErrorText:
    """Return the texts of a code; a KeyError is a mistake of ours that a house test finds."""
    return texts()[code]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is not lawful: a code, the path in the message, and content-free detail.

    `detail` may hold numbers, codes, names of organs and rules; never a value of the message.
    """

    code: str
    where: str | None = None
    detail: str | None = None


class YichuanError(Exception):
    """Base of ours; never raised itself. Carries a code of errors.toml, a place and a detail."""

    retriable: ClassVar[bool] = False

    def __init__(self, code: str, where: str | None = None, detail: str | None = None) -> None:
        super().__init__(" ".join(part for part in (code, where, detail) if part))
        self.code: Final = code
        self.where: Final = where
        self.detail: Final = detail


class Malformed(YichuanError):
    """The bytes are no message of ours: they go to the dead letters."""


class Unavailable(YichuanError):
    """Something outside does not answer: retried within a limit."""

    retriable = True


class Broken(YichuanError):
    """We are wrong, or the log is: the process stops and says so."""


class UserError(YichuanError):
    """The command cannot be done as asked.

    `exit_code`: 1 the answer is no, 2 wrong use, 3 could not be tried.
    """

    def __init__(
        self, code: str, where: str | None = None, detail: str | None = None, *, exit_code: int = 2
    ) -> None:
        super().__init__(code, where, detail)
        self.exit_code: Final = exit_code
