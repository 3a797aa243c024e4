"""What is to be put at a place: the runtime's own names for states and flags, numbers, expressions."""

from __future__ import annotations

from collections.abc import Mapping

from gomap.expressions.evaluating import address_in, evaluate
from gomap.expressions.go_values import ExpressionError
from gomap.expressions.scope import Scope
from gomap.maps import classic, swiss
from gomap.maps.classic import ClassicMap
from gomap.poking.places import Meaning, Place, PokeError

__all__ = ["names_at", "value_for"]

#: As runtime/map.go has them.
_TOPHASH = {
    "emptyRest": classic.EMPTY_REST,
    "emptyOne": classic.EMPTY_ONE,
    "evacuatedX": classic.EVACUATED_X,
    "evacuatedY": classic.EVACUATED_Y,
    "evacuatedEmpty": classic.EVACUATED_EMPTY,
    "minTopHash": classic.MIN_TOP_HASH,
}
#: As gomap shows them and as internal/runtime/maps/group.go has them, which calls a deleted slot a tombstone too.
_CONTROL = {
    **dict.fromkeys(("empty", "ctrlEmpty"), swiss.EMPTY),
    **dict.fromkeys(("deleted", "ctrlDeleted", "tombstone"), swiss.DELETED),
}
_FLAGS = {name: bit for bit, name in classic.FLAGS}


def names_at(place: Place) -> Mapping[str, int]:
    """The names that values of a place have; flags may be combined, as in ``iterator|hashWriting``."""
    match place.meaning:
        case Meaning.MARK:
            return _TOPHASH if isinstance(place.map, ClassicMap) else _CONTROL
        case Meaning.FLAGS:
            return _FLAGS
        case Meaning.POINTER:
            return {"nil": 0}
        case Meaning.BOOL:
            return {"false": 0, "true": 1}
    return {}


def value_for(scope: Scope, place: Place, text: str) -> int:
    """The number that TEXT is at PLACE: a name, a number, an expression. Raises ExpressionError."""
    names = names_at(place)
    words = text.split("|") if place.meaning is Meaning.FLAGS else [text]
    if all(word in names for word in words):
        return sum({names[word] for word in words})
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        value = evaluate(scope, text)
        kind = value.type.kind
        return value.integer(signed=True) if kind.integer and kind.signed else address_in(value)
    except ExpressionError as error:
        known = f"; names for it: {', '.join(names)}" if names else ""
        raise PokeError(f"{error}{known}") from None
