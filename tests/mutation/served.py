"""The loader that serves a changed module in this process; the files stay as they are."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from tests.mutation.mutant import Change

if TYPE_CHECKING:
    from ast import Module

REPO = Path(__file__).resolve().parents[2]


class _Loader(SourceFileLoader):
    """Compiles another tree than that of the file, and keeps no .pyc of it."""

    def __init__(self, change: Change, path: str) -> None:
        super().__init__(change.module, path)
        self.change = change

    def get_code(self, fullname: str) -> CodeType | None:
        if self.change.tree is None:
            return super().get_code(fullname)
        tree: Module = self.change.tree()
        return compile(tree, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if self.change.patch is not None:
            self.change.patch(vars(module))


class _Finder(MetaPathFinder):
    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = {change.module: change for change in changes}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol
    ) -> ModuleSpec | None:
        change = self.changes.get(fullname)
        if change is None:
            return None
        file = str(REPO / (fullname.replace(".", "/") + ".py"))
        return spec_from_file_location(fullname, file, loader=_Loader(change, file))


def serve(*changes: Change) -> None:
    """Have everybody in this process who imports these modules get them changed."""
    early = sorted(change.module for change in changes if change.module in sys.modules)
    if early:
        message = f"imported before they could be changed: {', '.join(early)}"
        raise RuntimeError(message)
    sys.meta_path.insert(0, _Finder(changes))
