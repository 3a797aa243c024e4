"""Facts: classes of plain data that cost next to nothing to declare.

They are declared as dataclasses are, and compared by what they hold. ``@dataclass`` compiles methods for each class:
for those that the first command of a session loads, that took longer than all else it did.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform() -> Any:
        return lambda declared: declared


__all__ = ["Facts"]

_F = TypeVar("_F", bound="Facts")


@dataclass_transform()
class Facts:
    """What a class declares with annotations: facts in this order, those of the class above it first.

    A fact that has a value there may be left out where one is made. They are not to be changed.
    """

    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._names += tuple(cls.__annotations__)

    def __init__(self, *facts: Any, **named: Any) -> None:
        self.__dict__.update(zip(self._names, facts, strict=False), **named)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(getattr(self, name) == getattr(other, name) for name in self._names)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self._names))

    def replace(self: _F, **named: Any) -> _F:
        """These facts, with others for those NAMED."""
        changed = copy(self)
        changed.__dict__.update(named)
        return changed
