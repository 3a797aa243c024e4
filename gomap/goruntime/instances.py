"""Of which type something is that generic code works with.

The compiler makes one body of a generic function for all type arguments that are laid out alike: of one shape. In it a
``*cache[string, *user]`` is a ``*cache[go.shape.string, go.shape.*uint8]``, which no value ever is. What it really is
stands in the dictionary that such a function is given (cmd/compile/internal/noder/reader.go, readerDict): the debug
information says in which word (DW_AT_go_dict_index), and of later versions where the dictionary is. Without that the
type is known where the program has only one of that shape: what a dictionary names is in the linker's list of types.
"""

from __future__ import annotations

from collections.abc import Sequence

from gomap.goruntime.code import Code
from gomap.goruntime.rtype import runtime_types
from gomap.goruntime.typelinks import listed_types
from gomap.program.frames import FrameVariable, Standing
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program, while_files_stay
from gomap.program.target import pointer_at

__all__ = ["has_shape", "is_generic", "is_shaped", "map_type_handed_on", "may_hand_on", "only_instance", "variables_of"]

_SHAPE = "go.shape."
_DICTIONARY = ".dict"
#: Types in one another that are compared; of a pointer that is all the same, of a struct its fields' are.
_DEEPEST = 6
#: Words of a dictionary that are looked at.
_MOST_WORDS = 256
_LED_TO = (Kind.POINTER, Kind.SLICE, Kind.ARRAY, Kind.CHAN)


def is_shaped(type: GoType) -> bool:
    """Whether TYPE is one of those that generic code has in the place of others.

    >>> is_shaped(program.type_named("map[go.shape.string]int"))
    True
    """
    return _SHAPE in type.name


def variables_of(program: Program, standing: Standing) -> Sequence[FrameVariable]:
    """The variables of a call on a stack, those of generic code with their types there, if these are known.

    Raises LayoutError and ReadError as Program.frame_variables does.
    """
    variables = program.frame_variables(standing)
    if not any(is_shaped(each.type) for each in variables):
        return [each for each in variables if each.name != _DICTIONARY]
    dictionary = _dictionary(program, variables)
    return [_typed(program, each, dictionary) for each in variables if each.name != _DICTIONARY]


def only_instance(program: Program, shaped: GoType) -> GoType | None:
    """The only type of the program that has that shape, of a map or a pointer to a generic struct; else None."""
    if shaped.kind not in (Kind.MAP, Kind.POINTER) or shaped.name.startswith(_SHAPE):
        return None
    try:
        listed = _listed(program, shaped.kind is Kind.MAP)
        fitting = {type.name: type for type in listed if has_shape(type, shaped)}
    except (LayoutError, ReadError):
        return None
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def is_generic(function: str) -> bool:
    """Whether the function of that name, as the runtime prints it, is generic: it has several types' code in one."""
    return "[...]" in function


def may_hand_on(program: Program, code: Code, type_name: str) -> bool:
    """Whether a function may call a generic one with that type: it names a dictionary with it, or has one itself."""
    return is_generic(code.function.name) or any(
        type_name in _dictionary_types(program, address) for address in code.names
    )


def map_type_handed_on(program: Program, standing: Standing) -> GoType | None:
    """The one map type in the dictionary that a call on a stack was given; None if that is not known, or has several.

    Raises LayoutError and ReadError.
    """
    if not is_generic(standing.name):
        return None
    dictionary = _dictionary(program, program.frame_variables(standing))
    names = [name for name in _dictionary_types(program, dictionary) if name.startswith("map[")] if dictionary else []
    return next((type for type in _listed(program, True) if type.name == names[0]), None) if len(names) == 1 else None


def _dictionary(program: Program, variables: Sequence[FrameVariable]) -> int:
    """Where the dictionary is that is among VARIABLES; 0 if there is none, or it is lost. Raises ReadError."""
    contents = (each.read(program.memory) for each in variables if each.name == _DICTIONARY and each.pieces)
    return int.from_bytes(next(contents, b""), program.byte_order)


@while_files_stay
def _dictionary_types(program: Program, address: int) -> frozenset[str]:
    """The names of the types in the dictionary at ADDRESS, which come first there; none if that is something else."""
    types, word, names = runtime_types(program), program.pointer_size, set()
    symbol = program.symbol_at(address)
    if symbol is not None and "..dict." not in symbol.name:
        return frozenset()
    words = symbol.size // word if symbol is not None else _MOST_WORDS
    try:
        for place in range(min(words, _MOST_WORDS)):
            descriptor = pointer_at(program, address + place * word)
            if not types.in_module(descriptor):
                break
            names.add(types.named_at(descriptor).name)
    except (LayoutError, ReadError):
        pass  # behind the types come others' dictionaries and functions
    return frozenset(names)


def has_shape(type: GoType, shaped: GoType) -> bool:
    """Whether a value of TYPE may be what generic code calls a SHAPED one. Raises LayoutError and ReadError."""
    return not is_shaped(type) and _fits(type, shaped, _DEEPEST)


def _fits(type: GoType, shaped: GoType, depth: int) -> bool:
    if not is_shaped(shaped):
        return type.name == shaped.name
    if (type.kind, type.size) != (shaped.kind, shaped.size):
        return False
    if depth == 0:
        return True
    kind, parameter = type.kind, shaped.name.startswith(_SHAPE)
    if kind is Kind.POINTER and parameter:  # all pointers have one shape
        return True
    if not parameter and _generic(type) != _generic(shaped):
        return False
    if kind is Kind.STRUCT:
        pairs = zip(type.fields, shaped.fields, strict=False)
        return len(type.fields) == len(shaped.fields) and all(
            one.name == other.name and one.offset == other.offset and _fits(one.type, other.type, depth - 1)
            for one, other in pairs
        )
    if kind is Kind.MAP:
        return _fits(type.key, shaped.key, depth - 1) and _fits(type.elem, shaped.elem, depth - 1)
    if kind in _LED_TO:
        return type.length == shaped.length and _fits(type.elem, shaped.elem, depth - 1)
    return True


def _generic(type: GoType) -> str:
    """The name of the generic type that TYPE is an instance of; empty of a type without a name."""
    name, bracket, _ = type.name.partition("[")
    return name if bracket and name and type.kind not in (Kind.MAP, Kind.POINTER, Kind.CHAN) else ""


def _typed(program: Program, variable: FrameVariable, dictionary: int) -> FrameVariable:
    if not is_shaped(variable.type) or variable.parameter < 0:
        return variable
    type = _in_dictionary(program, dictionary, variable.parameter) if dictionary else None
    try:
        if type is None or not has_shape(type, variable.type):
            type = only_instance(program, variable.type)
    except (LayoutError, ReadError):
        return variable
    return variable if type is None else variable._replace(type=type)


def _in_dictionary(program: Program, dictionary: int, place: int) -> GoType | None:
    types = runtime_types(program)
    try:
        word = pointer_at(program, dictionary + place * program.pointer_size)
        return types.named_at(word) if types.in_module(word) else None
    except (LayoutError, ReadError):
        return None


@while_files_stay
def _listed(program: Program, maps: bool) -> list[GoType]:
    """The map types that the program's linker has listed, or the pointers to instances of generic types.

    Raises LayoutError and ReadError.
    """
    types, found = runtime_types(program), []
    for address in listed_types(program, types.descriptors):
        common = types.descriptors.common(address)
        # Most types are pointers: whether one is to an instance shows before the name is put together.
        if common.kind is Kind.MAP if maps else common.kind is Kind.POINTER and "[" in types.descriptors.text(common):
            found.append(types.named_at(address))
    return found
