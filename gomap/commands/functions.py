"""Functions about maps for a debugger's own expressions, each declared once: how it is called, and what it comes to.

A function is called with a map and what else its parameters say, and comes to a number or to a value in the program.
The debugger evaluates the arguments: the door makes the map and the key of what comes of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Union

from gomap.commands.command import help_in

if TYPE_CHECKING:
    from gomap.expressions.go_values import GoValue
    from gomap.expressions.written import Written
    from gomap.maps.model import GoMap
    from gomap.program.program import Program

__all__ = ["FUNCTIONS", "Function", "overview"]

Answer = Callable[..., Union[int, "GoValue"]]

#: Findings that are counted: the status of a process goes no further.
_MOST = 255


class Function(NamedTuple):
    """One function.

    Attributes:
        name: with the dollar sign that debuggers want.
        parameters: what it is called with: ``MAP``, and ``KEY`` if it takes one.
        summary: what it gives, in a line.
        answer: what it comes to, of a program, a map and what else it is called with. Raises any of gomap's errors.
        text: its help.
        while_running: what it comes to while other threads run, as they do when GDB asks for a breakpoint's condition.
    """

    name: str
    parameters: Sequence[str]
    summary: str
    answer: Answer
    text: str
    while_running: Answer

    @property
    def call(self) -> str:
        """How it is called: ``$gomap_get(MAP, KEY)``."""
        return f"{self.name}({', '.join(self.parameters)})"


#: Every function, in the order of declaration.
FUNCTIONS: list[Function] = []


def overview() -> Iterator[str]:
    """What ``gomap`` says of them where they are."""
    yield "Functions, for print, conditions and scripts:"
    width = max(len(each.call) for each in FUNCTIONS) + 1
    for each in FUNCTIONS:
        yield f"  {each.call:{width}} {each.summary}"


def _function(summary: str, *parameters: str, while_running: Answer | None = None) -> Callable[[Answer], Answer]:
    """Declares the decorated function under its own name; its docstring is its help."""

    def declare(answer: Answer) -> Answer:
        name, text = f"${answer.__name__}", help_in(answer)
        FUNCTIONS.append(Function(name, parameters, summary, answer, text, while_running or answer))
        return answer

    return declare


@_function("How many entries a map has.", "MAP")
def gomap_len(program: Program, map: GoMap) -> int:
    """$gomap_len (MAP): how many entries a Go map has, as its header says."""
    return map.count


@_function("The element under a key.", "MAP", "KEY")
def gomap_get(program: Program, map: GoMap, key: Written) -> GoValue:
    """$gomap_get (MAP, KEY): the element under a key of a Go map; an error if it has no such key.

    Of an interface it is what that holds, of a func its code. The key is compared with every entry's:
    nothing is hashed, so a misplaced entry is found too.

    In a breakpoint's condition, while other threads run on, a key that stays may be missed as they
    let the map grow; help for $gomap_findings says what is certain."""
    from gomap.expressions.go_values import ExpressionError
    from gomap.expressions.map_keys import element
    from gomap.maps.wording import summary

    found = element(program, map, "$gomap_get", key)
    if found is None:
        has = f"which has {summary(map)}" if map.address else "which is nil"
        raise ExpressionError(f"$gomap_get: no such key in the {map.type.name}, {has}")
    return found


@_function("Whether a map has a key.", "MAP", "KEY")
def gomap_has(program: Program, map: GoMap, key: Written) -> int:
    """$gomap_has (MAP, KEY): 1 if a Go map has an entry under the key, 0 if not.

    In a breakpoint's condition, while other threads run on, a key that stays may be missed as they
    let the map grow; help for $gomap_findings says what is certain."""
    from gomap.expressions.map_keys import element

    return int(element(program, map, "$gomap_has", key) is not None)


def _findings_that_last(program: Program, map: GoMap) -> int:
    from gomap.check.lasting import lasting_findings

    return min(_MOST, len(lasting_findings(program, map)))


@_function("How many things are wrong with a map.", "MAP", while_running=_findings_that_last)
def gomap_findings(program: Program, map: GoMap) -> int:
    """$gomap_findings (MAP): how many things gomap-check finds wrong with a Go map; 255 at most.

    So that a batch session can end with it as its status: quit $gomap_findings(m). What a write
    under way explains does not count.

    GDB asks for a breakpoint's condition while other threads run, and a map that they write to looks
    broken now and then. So there only what several looks agree on counts, and gomap-check tells once
    all have stopped. For certainty, have GDB stop all threads before it asks: say
    "maint set target-non-stop off" before the program is started."""
    from gomap.check.checking import check

    return min(_MOST, sum(not finding.transient for finding in check(program, map).findings))
