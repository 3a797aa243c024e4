"""Who has pointers to the bytes of changed keys: what is said where there are many, or not all could be looked at."""

from __future__ import annotations

from gomap.check.stack_users import StackPointer, StackUsers
from gomap.goruntime.goroutines import Goroutine
from gomap.goruntime.tracebacks import Traceback
from gomap.maps.holders import Holding
from gomap.program.frames import FrameVariable, Piece
from gomap.program.gotypes import Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.views.paint import Paint
from gomap.views.stack_users import stack_users_lines, stack_users_object
from tests.unit.image import basic, slice_of

_AT = 0xC000012340
_NAMED = FrameVariable("p", slice_of(basic(Kind.UINT8)), True, [Piece(None, 0xC000080000)])


def _user(id: int, *pointers: StackPointer) -> tuple[Traceback, list[StackPointer]]:
    """A goroutine whose stack can not be followed, with POINTERS or one that no frame has."""
    goroutine = Goroutine(0xC000080000, 0xC000082000, id, 4, 0, 0, 0)
    trace = Traceback(goroutine, None, "select", "waiting", None, None, None, [], 0, 0, False, None, None)
    return trace, list(pointers) or [StackPointer(Holding(None, 0xC000080100, _AT, ""), None, None)]


def _said(users: StackUsers) -> list[str]:
    return list(stack_users_lines(users, _AT, Paint()))


def test_many_goroutines_have_one_line() -> None:
    said = _said(StackUsers([_user(id) for id in range(7, 13)], 100, 0, False, 0))
    assert said == [
        *(f"goroutine {id} (select) has a pointer to it in a frame that is not known" for id in range(7, 11)),
        "2 more goroutines have a pointer to it on the stack",
    ]


def test_what_was_not_looked_at() -> None:
    assert _said(StackUsers([], 9_999, 1, True, 3)) == [
        f"none of 9999 goroutines has a pointer to it on its stack; what else has one, 'gomap-refs {_AT:#x}' says",
        "note: the stacks of 9999 goroutines were looked at, and there are more",
        "note: nothing tells where 1 goroutine has its stack",
        "note: 3 of the goroutines that runtime.allgs lists cannot be read",
    ]
    assert _said(StackUsers([], 0, 0, False, ReadError(0x1000, 8))) == [
        "note: not all stacks were looked at for pointers to it: cannot read 8 bytes at 0x1000"
    ]
    (line,) = _said(StackUsers([], 0, 0, False, LayoutError("runtime.g has no field stack")))
    assert line == "note: not all stacks were looked at for pointers to it: runtime.g has no field stack"


def test_json_says_whether_that_is_all() -> None:
    register = StackPointer(Holding(None, 0, _AT, ""), None, _NAMED)
    users = StackUsers([_user(7, register)], 1, 0, False, 0)
    pointer = {
        "address": None,
        "value": f"{_AT:#x}",
        "frame": None,
        "function": None,
        "variable": "p",
        "type": "[]uint8",
    }
    assert stack_users_object(users) == {
        "goroutines": [{"goroutine": 7, "status": "select", "pointers": [pointer]}],
        "lookedAt": 1,
        "complete": True,
    }
    for partial in (users._replace(more=True), users._replace(unseen=1), users._replace(unread=ReadError(0x1000, 8))):
        assert not stack_users_object(partial)["complete"]
