"""The command line: nouns, then verbs (design, section 5).

Start-up is quick because only the noun that is asked for is imported; the others are listed by
their help texts alone. Known errors become a line and an exit code here, and so does a host that
refuses a file; anything else is a bug and stays a traceback.
"""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any, Final

import typer

from connectors.bus.exits import leave
from schemas.errors import UserError, YichuanError
from services.cli.arguments import HELP, decoded, words_of
from services.cli.commands import COMMANDS, Noun, Verb
from services.cli.exit_codes import NO, NOT_TRIED, WRONG_USE, code_of
from services.cli.options import HomeFolder
from services.cli.output import language, print_all, print_failure

_INTERRUPTED: Final = 130
# The account, the disk or what lies in a file's place is in the way, not a bug: whoever runs the
# command can mend it.
_HOST_REFUSES: Final = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.ESTALE,
        errno.EISDIR,
        errno.ENOTDIR,
    }
)
# They run for long, and their exit codes are for what starts them again.
_SUPERVISED: Final = frozenset({("connector", "run"), ("exchange", "run")})


def run() -> None:
    """The entry point `yichuan`."""
    print_all(sys.stdout)
    leave(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code (exit_codes.py)."""
    as_json = "--json" in arguments
    is_noun_alone = isinstance(COMMANDS.get(" ".join(words_of(arguments))), Noun)
    incomplete = not arguments or (is_noun_alone and HELP not in arguments)
    try:
        typed = decoded(arguments)
        result = typer.main.get_command(application(typed)).main(
            args=[*typed, HELP] if incomplete else list(typed),
            prog_name="yichuan",
            standalone_mode=False,
        )
        sys.stdout.flush()  # once the process ends it is too late to say anything
    except typer.TyperException as error:
        _tell(UserError("command.usage", detail=error.format_message()), as_json=as_json)
        return WRONG_USE
    except YichuanError as error:
        _tell(error, as_json=as_json)
        return code_of(error, is_supervised=tuple(words_of(arguments))[:2] in _SUPERVISED)
    except BrokenPipeError:  # who reads it has seen enough
        _give_up_output()
        return NO
    except OSError as error:
        if error.errno not in _HOST_REFUSES:
            raise
        where = None if error.filename is None else str(error.filename)
        refused = UserError("host.refuses", where, error.strerror, exit_code=NOT_TRIED)
        _tell(refused, as_json=as_json)
        return NOT_TRIED
    except (typer.Abort, KeyboardInterrupt):  # the latter while a command is still being imported
        return _INTERRUPTED
    return WRONG_USE if incomplete else result or 0


def _tell(error: YichuanError, *, as_json: bool) -> None:
    """Print an error where that can be done: the host may refuse the output itself."""
    try:
        print_failure(error, as_json=as_json)
        sys.stdout.flush()
    except OSError:
        _give_up_output()


def _give_up_output() -> None:
    """Let what still waits to be written go nowhere: the end of the process would try it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def application(arguments: Sequence[str]) -> typer.Typer:
    """Return the app, with the noun that the arguments name imported and the others as help."""
    chosen, chosen_verb, *_ = (*words_of(arguments), "", "")
    app = _typer(_help("驿传：执法机关之间的消息总线", "Yichuan: the bus between agencies"))
    app.callback()(_globals)
    for name, entry in COMMANDS.items():
        if isinstance(entry, Verb):
            _add(app, name, entry, real=name == chosen)
            continue
        noun = _typer(_help(entry.zh, entry.en))
        for verb_name, verb in entry.verbs.items():
            _add(noun, verb_name, verb, real=name == chosen and verb_name == chosen_verb)
        app.add_typer(noun, name=name)
    return app


def _typer(words: str) -> typer.Typer:
    return typer.Typer(help=words, add_completion=False, rich_markup_mode=None)


def _add(app: typer.Typer, name: str, verb: Verb, *, real: bool) -> None:
    function: Callable[..., Any] = _listed
    if real:
        function = getattr(import_module(verb.module), verb.function)
    settings = {"ignore_unknown_options": verb.may_begin_with_dash}
    app.command(name, help=_help(verb.zh, verb.en), context_settings=settings)(function)


def _say_version(asked: bool) -> None:
    if asked:
        from connectors.bus.build import VERSION, code  # noqa: PLC0415 - only this one asks for it

        print(f"yichuan {VERSION} ({code()})")
        raise typer.Exit


_Version = Annotated[
    bool,
    typer.Option(
        "--version",
        help="version and digest of the code / 版本与代码摘要",
        is_eager=True,
        callback=_say_version,
    ),
]


def _globals(home: HomeFolder = None, version: _Version = False) -> None:
    """`--home` before the noun is the same as after it."""
    del version  # it has been said
    if home is not None:
        os.environ["YICHUAN_HOME"] = str(home)


def _listed() -> None:
    """A command that is listed, not run: its module is imported only when it is asked for."""
    raise AssertionError


def _help(zh: str, en: str) -> str:
    return en if language() == "en" else zh
