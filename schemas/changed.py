"""A frozen value with some of its fields changed: dataclasses.replace in half its time.

That asks for each field by its name and lets the constructor set each by its name again; a Case has
31, and a decision changes it several times. Here the slots are copied as they are.
"""

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

__all__ = ["changed"]

if TYPE_CHECKING:
    from dataclasses import replace as changed
else:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    _T = TypeVar("_T")

    def changed(value: _T, /, **changes: Any) -> _T:  # noqa: ANN401 - of any field
        """Return a copy with these fields changed, of a slotted dataclass that derives none.

        Raises TypeError for a field that there is not, or a class with other means.
        """
        kind = type(value)
        read, writers = _slots(kind)
        copy = object.__new__(kind)
        for write, field in zip(writers.values(), read(value), strict=True):
            write(copy, field)
        for name, field in changes.items():
            if name not in writers:
                raise TypeError(name)
            writers[name](copy, field)
        return copy

    @cache
    def _slots(kind: type) -> tuple[Callable[..., Any], Mapping[str, Callable[..., None]]]:
        """Return what reads all the fields, and by name what writes one past `frozen`."""
        names = [each.name for each in fields(kind)]
        is_plain = "__slots__" in kind.__dict__ and not hasattr(kind, "__post_init__")
        if not is_plain or not names[1:]:  # of one name attrgetter makes no tuple
            raise TypeError(kind.__name__)
        return attrgetter(*names), {name: getattr(kind, name).__set__ for name in names}
