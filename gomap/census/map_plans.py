"""Plans of what a map consists of: its header, directory, tables, groups or buckets, and in these keys and elements.

Parts of a map have no name of their own in a path; a pointer in an element adds ``[*]``, one in a key ``[key *]``.
"""

from __future__ import annotations

from dataclasses import replace

from gomap.census.plans import Plan, Step
from gomap.census.type_plans import Plans
from gomap.language import Limits
from gomap.maps.layout import Places, classic_layout, swiss_layout
from gomap.maps.opening import literals_of
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["map_plan"]

#: Keys stand in paths.
_LIMITS = Limits(elements=40, depth=2, repeats=10, bytes_as_text=True)


def map_plan(plans: Plans, type: GoType) -> Plan:
    """The plan of the header of a map of that type. Raises LayoutError."""
    program = plans.program
    if type.header.find("dirPtr") is not None:
        return _SwissPlan(plans, type)
    layout = classic_layout(type, program)
    row = _SlotsPlan(plans, type, layout.places, layout.overflow)
    header = layout.header.type
    return _FixedPlan(type, {header.field(name).offset: Step("", row) for name in ("buckets", "oldbuckets")})


class _FixedPlan(Plan):
    """A header of buckets."""

    def __init__(self, type: GoType, steps: dict[int, Step]) -> None:
        self.name = type.name
        self.size = type.header.size
        self.map_type = type
        self._steps = steps

    def step(self, place: int) -> Step | None:
        return self._steps.get(place)


class _SwissPlan(Plan):
    """A Map, which leads to a group, or by its directory to tables."""

    def __init__(self, plans: Plans, type: GoType) -> None:
        program = plans.program
        layout = swiss_layout(type, program, program.type_named("internal/runtime/maps.table"))
        header = layout.header.type
        self.name = type.name
        self.size = header.size
        self.map_type = type
        directory, length = header.field("dirPtr"), header.field("dirLen")
        groups = _SlotsPlan(plans, type, layout.places, None)
        data = layout.groups_offset + layout.groups.type.field("data").offset
        table = _Inside("table", layout.table.size, {data: Step("", groups)}, repeated=False)
        word = program.pointer_size
        tables = Step("", _Inside("directory", word, {0: Step("", table)}, repeated=True))

        def first(address: int) -> Step | None:
            try:
                at = address - directory.offset + length.offset
                large = any(program.memory.read(at, length.type.size))
            except ReadError:
                return None
            return tables if large else Step("", groups)

        self._first = Step("", asked=first)
        self._directory = directory.offset

    def step(self, place: int) -> Step | None:
        return self._first if place == self._directory else None


class _Inside(Plan):
    """A part of a map with few pointers."""

    inside = True

    def __init__(self, name: str, size: int, steps: dict[int, Step], repeated: bool) -> None:
        self.name = name
        self.size = size
        self.repeated = repeated
        self._steps = steps

    def step(self, place: int) -> Step | None:
        return self._steps.get(place % self.size if self.repeated else place)


class _SlotsPlan(Plan):
    """A row of groups or buckets."""

    inside = True
    repeated = True

    def __init__(self, plans: Plans, type: GoType, places: Places, overflow: int | None) -> None:
        self.name = f"slots of {type.name}"
        self.size = places.size
        self._plans = plans
        self._places = places
        self._overflow = overflow
        self._steps: dict[int, Step | None] = {}
        self._key_size = plans.program.pointer_size if places.indirect_key else places.key.size
        self._elem_size = plans.program.pointer_size if places.indirect_elem else places.elem.size

    def step(self, place: int) -> Step | None:
        place %= self.size
        if place not in self._steps:
            self._steps[place] = self._step(place)
        return self._steps[place]

    def _step(self, place: int) -> Step | None:
        if place == self._overflow:
            return Step("", self)
        found = self._slot(place)
        if found is None:
            return None
        places, (_, is_key, inside) = self._places, found
        type, indirect = (places.key, places.indirect_key) if is_key else (places.elem, places.indirect_elem)
        label = "[key *]" if is_key else "[*]"
        try:
            return Step(label, self._plans.of(type)) if indirect else self._plans.step_in(type, inside, label)
        except (LayoutError, ReadError):
            return None

    def exact(self, place: int, address: int, step: Step) -> Step:
        found = self._slot(place % self.size)
        if found is None:
            return step
        slot, is_key, _ = found
        if is_key:
            return replace(step, label=step.label.replace("[key *]", f"[key {self._key(place, address, slot)}]", 1))
        return replace(step, label=step.label.replace("[*]", f"[{self._key(place, address, slot)}]", 1))

    def slot(self, place: int) -> tuple[int, int, bool] | None:
        found = self._slot(place % self.size)
        return None if found is None else (place - place % self.size, found[0], found[1])

    def _key(self, place: int, address: int, slot: int) -> str:
        """The key of that slot, as Go writes it."""
        places, program = self._places, self._plans.program
        at = address - place % self.size + places.keys + slot * places.key_stride
        try:
            if places.indirect_key:
                at = int.from_bytes(program.memory.read(at, program.pointer_size), program.byte_order)
            return _literal(program, places.key, program.memory.read(at, places.key.size))
        except (LayoutError, ReadError):
            return "?"

    def _slot(self, place: int) -> tuple[int, bool, int] | None:
        """Which slot PLACE is in, whether in its key, and how far into that or the element."""
        places = self._places
        rows = (
            (places.keys, places.key_stride, self._key_size, True),
            (places.elems, places.elem_stride, self._elem_size, False),
        )
        for first, stride, size, is_key in rows:
            slot, inside = divmod(place - first, stride) if stride else (-1, 0)
            if 0 <= slot < places.slots and inside < size:
                return slot, is_key, inside
        return None


def _literal(program: Program, type: GoType, buffer: bytes) -> str:
    return literals_of(program, _LIMITS).text(type)(buffer, 0)
