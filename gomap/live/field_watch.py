"""A field of a map's header, watched for changes."""

from __future__ import annotations

from gomap.expressions.go_values import ExpressionError
from gomap.live.changes import Change, Changed
from gomap.live.culprit import culprit
from gomap.live.traps import Suspicion, Trap
from gomap.live.whereabouts import is_freed
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.program import Program

__all__ = ["FieldWatch"]


class FieldWatch:
    """Tells each change of one field, at the instruction that makes it.

    Args:
        program: the program, which runs.
        name: of the watch, for a person.
        map: which map.
        field: which field of its header; empty: the one that counts the entries, of a container that has none.

    Attributes:
        name, map, field: as given.
        value: as it is, as text.

    Raises ExpressionError for a map or a field that cannot be watched.
    """

    def __init__(self, program: Program, name: str, map: GoMap, field: str) -> None:
        names = [each.name for each in map.fields()]
        if field not in names:
            there = f"it has {', '.join(names)}" if names else "it is nil"
            missing = f"field {field!r} that could change" if field else "count; -header names one of its fields"
            raise ExpressionError(f"{name}: the map's header has no {missing}; {there}")
        self.name, self.map, self.field = name, map, field
        self._program = program
        self._trap = Trap(map.field_address(field), map.field_size(field))
        self._over = False
        self.value = self._text(map)

    def traps(self) -> list[Trap]:
        return [] if self._over else [self._trap]

    def struck(self, trap: Trap, lwp: int, still: bool) -> Changed | Suspicion | None:
        map = open_map(self._program, self.map.type, self.map.address)
        old, new = self.value, self._text(map)
        if new == old:
            return None
        if not still:
            return Suspicion()
        self.value = new
        self._over = is_freed(self._program, map)
        what = Change.FREED if self._over else Change.FIELD
        return Changed(what, self.name, culprit(self._program, lwp, trap), old, self.value, self.field)

    def _text(self, map: GoMap) -> str:
        one = next(each for each in map.fields() if each.name == self.field)
        return f"{one.value:#x}" if one.hexadecimal else str(one.value)
