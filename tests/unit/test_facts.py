"""Facts: declared as dataclasses are, and compared by what they hold."""

from __future__ import annotations

from dataclasses import is_dataclass

from gomap.maps.iterators.model import End, Untold
from gomap.maps.notes import Note, Unreadable
from gomap.program.facts import Facts


class Stop(Facts):
    place: str
    number: int = 7


class Last(Stop):
    line: str = "none"


def test_they_stand_in_the_order_of_their_declaration_those_of_the_class_above_first() -> None:
    stop, last = Stop("here"), Last("there", line="U1")
    assert (stop.place, stop.number) == ("here", 7)
    assert (last.place, last.number, last.line) == ("there", 7, "U1")


def test_they_are_compared_by_what_they_hold_and_of_which_kind_they_are() -> None:
    assert Stop("here") == Stop("here", 7) != Stop("here", 8)
    assert Stop("here") != Last("here")
    assert len({Stop("here"), Stop("here", number=7), Last("here")}) == 2


def test_one_that_differs_leaves_the_other_as_it_is() -> None:
    stop = Stop("here")
    assert stop.replace(number=9) == Stop("here", 9) and stop == Stop("here")


def test_notes_have_their_address_wherever_they_are_declared() -> None:
    untold = Untold(0x1000, End.CHAIN)
    assert (untold.address, untold.end, untold.cause) == (0x1000, End.CHAIN, None)
    assert Unreadable(0x1000, "bucket", 3, 2, 1).address == 0x1000


def test_no_kind_of_them_is_a_dataclass_as_well() -> None:
    """It would have a second constructor, which knows nothing of the facts above."""
    kinds = [*Facts.__subclasses__(), *Note.__subclasses__()]
    assert len(kinds) > 30 and not any(map(is_dataclass, kinds))
