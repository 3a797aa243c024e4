"""Keys that nobody wrote in an expression: a script gives them as values of Python's, a debugger as its own."""

from __future__ import annotations

from functools import partial

from gomap.expressions.evaluating import evaluate
from gomap.expressions.go_values import ExpressionError, GoValue
from gomap.expressions.scope import Scope
from gomap.expressions.written import Constant, Written, read
from gomap.program.gotypes import GoType, Kind

__all__ = ["given_key"]

#: Kinds whose values neither a debugger nor Python has constants of.
_SPELLED = (Kind.STRUCT, Kind.ARRAY, Kind.COMPLEX64, Kind.COMPLEX128)


def given_key(scope: Scope, of: GoType, key: object, known: str = "a bool or None") -> Written:
    """A key of type OF that was given as KEY: a number, a string, a bool, None, or a value of the program.

    A string is one (bytes that are not UTF-8 by surrogates), unless keys are structs, arrays or complex numbers: of
    these nobody has constants, so the string spells them as Go does, evaluated in SCOPE.

    KNOWN: for the message, how the list of what can be given ends. Raises ExpressionError for anything else.
    """
    if isinstance(key, GoValue):
        return key
    if isinstance(key, str):
        data = key.encode("utf-8", "surrogateescape")
        text = data.decode("utf-8", "replace")
        return read(text, partial(evaluate, scope)) if of.kind in _SPELLED else Constant(text, data)
    if key is None or isinstance(key, (bytes, int, float, complex)):
        return Constant(str(key), key)
    raise ExpressionError(f"a {type(key).__name__} is no key: give a number, a string, {known}")
