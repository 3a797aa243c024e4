"""The plans of values by their types: of one value or a row of them, of a channel, a closure; each made once.

The plan of a map's header is gomap.census.map_plans'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gomap.census.plans import Plan, Step
from gomap.goruntime.closures import closure_type
from gomap.goruntime.instances import is_shaped, only_instance
from gomap.goruntime.rtype import RuntimeTypes, runtime_types
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import pointer_at

__all__ = ["Plans", "TypePlan"]

#: Structs and arrays in one another: what goes deeper holds itself.
_DEEPEST = 64


class TypePlan(Plan):
    """A value of a type, or a row of them."""

    def __init__(self, plans: Plans, type: GoType, repeated: bool) -> None:
        self._plans = plans
        self._type = type
        self.name = type.name
        self.size = type.size
        self.repeated = repeated
        self._steps: dict[int, Step | None] = {}

    def step(self, place: int) -> Step | None:
        size = self.size
        if self.repeated:
            place = place % size if size else 0
        try:
            return self._steps[place]
        except KeyError:
            step = None
            if 0 <= place < size:
                step = self._plans.step_in(self._type, place, "[*]" if self.repeated else "")
            self._steps[place] = step
            return step

    def exact(self, place: int, address: int, step: Step) -> Step:
        if "[*]" not in step.label:
            return step
        index, inside = divmod(place, self.size) if self.repeated else (0, place)
        label, _, _ = _leaf(self._type, inside, indexed=True)
        # What an interface holds comes behind that.
        starred, _, _ = _leaf(self._type, inside, indexed=False)
        prefix = "[*]" if self.repeated else ""
        begun = f"[{index}]" if self.repeated else ""
        return replace(step, label=begun + label + step.label.removeprefix(prefix + starred))

    def part(self, place: int, type: GoType) -> str | None:
        index, inside = divmod(place, self.size) if self.repeated and self.size else (0, place)
        label = _part(self._type, inside, type)
        return None if label is None else f"[{index}]{label}" if self.repeated else label


class _ChanPlan(Plan):
    """runtime.hchan, of which only the buffer is followed."""

    def __init__(self, plans: Plans, type: GoType) -> None:
        self.name = type.name
        self.size = type.header.size
        self._buffer = type.header.field("buf").offset
        room = type.header.field("dataqsiz").offset
        self._step = Step("<-", plans.row(type.elem), length=room - self._buffer)

    def step(self, place: int) -> Step | None:
        return self._step if place == self._buffer else None


class Plans:
    """The plans of one program's types, each made once.

    Args:
        program: which.
        map_plan: makes the plan of a map type's header.
    """

    def __init__(self, program: Program, map_plan: Callable[[Plans, GoType], Plan]) -> None:
        self.program = program
        self.types: RuntimeTypes = runtime_types(program)
        self._map_plan = map_plan
        self._plans: dict[tuple[str, int], Plan] = {}
        #: Types whose plans are known, which must not go, as they are known by their identity.
        self._kept: list[GoType] = []
        self._held: dict[int, Step | None] = {}
        self._closures: dict[int, Step | None] = {}
        self._typed: dict[int, GoType | None] = {}

    def of(self, type: GoType) -> Plan:
        """The plan of one value of a type. Raises LayoutError and ReadError."""
        if type.kind is Kind.ARRAY:
            return self.row(type.elem)
        return self._made("one", type, lambda: TypePlan(self, type, False))

    def row(self, type: GoType) -> Plan:
        """The plan of a row of values of a type."""
        return self._made("row", type, lambda: TypePlan(self, type, True))

    def of_map(self, type: GoType) -> Plan:
        """The plan of the header of a map of that type. Raises LayoutError and ReadError."""
        if is_shaped(type):
            type = only_instance(self.program, type) or type
        return self._made("header", type, lambda: self._map_plan(self, type))

    def by_descriptor(self, address: int, room: int) -> Plan | None:
        """The plan of an object of ROOM bytes with one value, or more, of the type whose descriptor is at ADDRESS.

        None if there is none.
        """
        if address not in self._typed:
            try:
                self._typed[address] = self.types.named_at(address)
            except (LayoutError, ReadError):
                self._typed[address] = None
        type = self._typed[address]
        if type is None or not type.size or type.size > room:
            return None
        return self.row(type) if room >= 2 * type.size else self.of(type)

    def step_in(self, type: GoType, place: int, begun: str = "") -> Step | None:
        """The step that leads on from the pointer at that place of a value of TYPE; BEGUN: what comes before it."""
        try:
            label, leaf, inside = _leaf(type, place, indexed=False)
            step = self._from(leaf, inside)
        except (LayoutError, ReadError):
            return None
        return step and replace(step, label=begun + label + step.label)

    def _made(self, what: str, type: GoType, make: Callable[[], Plan]) -> Plan:
        key = what, id(type)
        if key not in self._plans:
            self._plans[key] = make()
            self._kept.append(type)
        return self._plans[key]

    def _from(self, leaf: GoType, inside: int) -> Step | None:
        kind = leaf.kind
        if kind is Kind.INTERFACE:
            untyped = leaf.find("_type") is not None
            word = self.program.pointer_size
            return Step("", asked=lambda address: self._held_at(address - word, untyped)) if inside == word else None
        if inside:
            return None
        if kind is Kind.POINTER:
            return self._pointed(leaf.elem)
        if kind is Kind.SLICE:
            word = self.program.pointer_size
            return Step("", self.row(leaf.elem), length=2 * word)
        if kind is Kind.MAP:
            return Step("", self.of_map(leaf))
        if kind is Kind.FUNC:
            return Step("", asked=self._closure_at)
        if kind is Kind.CHAN:
            return Step("", self._made("header", leaf, lambda: _ChanPlan(self, leaf)))
        return Step("")

    def _pointed(self, elem: GoType) -> Step:
        if elem.name.startswith("internal/sync.node["):
            return Step("", asked=lambda address: self._node_at(address, elem))
        return Step("", self.of(elem), elem.kind not in (Kind.STRUCT, Kind.ARRAY), elem.size)

    def _held_at(self, address: int, untyped: bool) -> Step | None:
        """The step to what the interface at ADDRESS holds."""
        try:
            word = pointer_at(self.program, address)
            if word not in self._held:
                self._held[word] = self._holding(word if untyped else self.types.in_itab(word)) if word else None
            return self._held[word]
        except (LayoutError, ReadError):
            return None

    def _holding(self, descriptor: int) -> Step | None:
        type = self.types.named_at(descriptor)
        label = f".({type.name})"
        if not self.types.is_direct(descriptor):
            return Step(label, self.of(type), size=type.size)
        step = self.step_in(type, 0, label)
        return step and replace(step, pointee=step.pointee and type.kind is not Kind.POINTER)

    def _closure_at(self, address: int) -> Step | None:
        """The step to the closure that the func value at ADDRESS leads to, if what it has caught has names."""
        try:
            code = pointer_at(self.program, pointer_at(self.program, address))
            if code not in self._closures:
                self._closures[code] = self._closure(code)
            return self._closures[code]
        except (LayoutError, ReadError):
            return None

    def _closure(self, code: int) -> Step | None:
        type = closure_type(self.program, code)
        return Step(f".({type.name})", self.of(type), size=type.size) if type is not None else Step("")

    def _node_at(self, address: int, node: GoType) -> Step | None:
        """The step to a node of internal/sync.HashTrieMap, which is an entry or leads to more."""
        try:
            at = pointer_at(self.program, address) + node.field("isEntry").offset
            which = "entry" if self.program.memory.read(at, 1)[0] else "indirect"
            name = node.name.replace("internal/sync.node[", f"internal/sync.{which}[", 1)
            # Of a generic type of which there are no variables the debug information has only what is laid out alike.
            shaped = name.replace("[", "[go.shape.", 1).replace(",", ",go.shape.", 1)
            type = self.program.type_named(name) or self.program.type_named(shaped)
            return Step("", self.of(type), size=type.size) if type is not None else None
        except (LayoutError, ReadError):
            return None


def _leaf(type: GoType, place: int, indexed: bool) -> tuple[str, GoType, int]:
    """What of a value of TYPE is at PLACE: how it is called, its type, and how far into it that is.

    INDEXED: with the indexes of arrays, which are stars otherwise.
    """
    label = ""
    for _ in range(_DEEPEST):
        if type.kind is Kind.STRUCT:
            pointed = _atomic_pointer(type)
            if pointed is not None and place == pointed[0]:
                return label, pointed[1], 0
            fields = [field for field in type.fields if field.offset <= place < field.offset + field.type.size]
            if len(fields) != 1:
                raise LayoutError(f"no field of {type.name} is at {place}")
            label += f".{fields[0].name}"
            type, place = fields[0].type, place - fields[0].offset
        elif type.kind is Kind.ARRAY and type.elem.size:
            index, place = divmod(place, type.elem.size)
            label += f"[{index if indexed else '*'}]"
            type = type.elem
        else:
            return label, type, place
    raise LayoutError(f"{type.name} holds itself")


def _part(type: GoType, place: int, wanted: GoType) -> str | None:
    """What the value of the type WANTED at PLACE of a value of TYPE is called; None if there is none."""
    label = ""
    for _ in range(_DEEPEST):
        if place == 0 and type.name == wanted.name:
            return label
        if type.kind is Kind.STRUCT:
            field = next((one for one in type.fields if one.offset <= place < one.offset + one.type.size), None)
            if field is None:
                return None
            label, type, place = f"{label}.{field.name}", field.type, place - field.offset
        elif type.kind is Kind.ARRAY and type.elem.size and place < type.size:
            index, place = divmod(place, type.elem.size)
            label, type = f"{label}[{index}]", type.elem
        else:
            return None
    return None


def _atomic_pointer(type: GoType) -> tuple[int, GoType] | None:
    """Of a sync/atomic.Pointer[T]: where its pointer is, and the type *T, which its first field tells."""
    if not type.name.startswith("sync/atomic.Pointer["):
        return None
    value, marker = type.find("v"), type.fields[0].type
    if value is None or marker.kind is not Kind.ARRAY or marker.elem.kind is not Kind.POINTER:
        return None
    return value.offset, marker.elem
