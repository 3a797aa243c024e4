"""Every kind of note, and every answer of the heap, has words."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from gomap.goruntime.answers import Answer, Span, Unknown
from gomap.goruntime.span_damage import SpanDamage, StateUnknown
from gomap.goruntime.tracebacks import NoCaller
from gomap.goruntime.wording import answer_text, broken_text, damage_text
from gomap.maps import notes
from gomap.maps.notes import BadNode, ChainTrouble, NodeTrouble, NoSuchBucket, Note
from gomap.maps.recognised import Evidence, Occupant, Recognised
from gomap.maps.wording import evidence_text, note_text, recognised_text
from gomap.program.gotypes import Kind
from gomap.program.mapped_files import FilePlace
from gomap.program.memory import ReadError
from tests.unit.image import basic

_VALUES: dict[str, Any] = {
    "int": 3,
    "str": "bucket",
    "bool": False,
    "Span": Span(0x1000, 0x2000, 8192, 48, 170, 5, False, 0),
    "Symbol | None": None,
    "ChainTrouble": ChainTrouble.CIRCLE,
    "NodeTrouble": NodeTrouble.AGAIN,
    "Note": NoSuchBucket(0x1000, 3, 2),
    "ReadError": ReadError(0x1000, 8),
    "SpanDamage | ReadError": StateUnknown(0x1000, 77),
    "FilePlace": FilePlace("/var/lib/db", 0x26, 0x1000, 0x2000),
    "FilePlace | None": None,
}
_NOTES = [kind for kind in vars(notes).values() if isinstance(kind, type) and issubclass(kind, Note)]


def made(kind: type[Any]) -> Any:
    facts = {
        name: type for each in reversed(kind.__mro__) for name, type in vars(each).get("__annotations__", {}).items()
    }
    return kind(*[_VALUES[type] for name, type in facts.items() if not name.startswith("_")])


@pytest.mark.parametrize("kind", [kind for kind in _NOTES if not kind.__subclasses__()])
def test_every_note_has_words(kind: type[Note]) -> None:
    assert len(note_text(made(kind))) > 10


@pytest.mark.parametrize("trouble", ChainTrouble)
def test_every_trouble_of_a_chain_has_words(trouble: ChainTrouble) -> None:
    where = "overflow pointer of overflow 7 at 0x1000 -> 0x2000: "
    text = note_text(notes.BrokenChain(0x2000, "overflow", 7, 0x1000, trouble, 0x3000))
    assert text.startswith(where) and len(text) > len(where) + 10


@pytest.mark.parametrize("trouble", NodeTrouble)
def test_every_trouble_of_a_node_has_words(trouble: NodeTrouble) -> None:
    where = "path 3a, overflow 1 -> 0x2000: "
    text = note_text(BadNode(0x1000, "3a", 1, 0x2000, trouble, 0x3000))
    assert text.startswith(where) and len(text) > len(where) + 10


@pytest.mark.parametrize("kind", get_args(Answer))
def test_every_answer_has_words(kind: type[Answer]) -> None:
    assert answer_text(made(kind)) and not answer_text(made(kind)).endswith(".")


@pytest.mark.parametrize("kind", get_args(SpanDamage))
def test_all_that_the_books_of_the_heap_contradict_has_words(kind: type[SpanDamage]) -> None:
    text = damage_text(made(kind))
    assert text and answer_text(Unknown(0x2000, made(kind))) == f"unknown: {text}"


def test_what_ends_a_stack_too_early_has_words() -> None:
    assert broken_text(NoCaller("main.f", 0x401000)) == "nothing tells what called main.f at 0x401000"
    assert broken_text(ReadError(0x1000, 8)) == str(ReadError(0x1000, 8))


def test_no_kind_of_note_is_forgotten() -> None:
    assert len([kind for kind in _NOTES if not kind.__subclasses__()]) >= 18
    with pytest.raises(TypeError):
        note_text(Note(0))


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (Occupant.HEADER, "header of a main.T"),
        (Occupant.DESCRIPTOR, "type descriptor of main.T"),
        (Occupant.GROUPS, "groups of a main.M"),
        (Occupant.BUCKETS, "buckets of a main.M"),
        (Occupant.OBJECT, "one or up to 3 of main.T"),
    ],
)
def test_what_was_recognised_has_words(what: Occupant, text: str) -> None:
    type, map_type = basic(Kind.INT, "main.T"), basic(Kind.INT, "main.M")
    assert recognised_text(Recognised(what, Evidence.TYPE_WORD, type, map_type, 3)) == text


def test_a_header_without_a_type_and_an_object_alone() -> None:
    assert recognised_text(Recognised(Occupant.HEADER, Evidence.INVARIANTS, None)) == "header of a map"
    assert recognised_text(Recognised(Occupant.OBJECT, Evidence.TYPE_WORD, basic(Kind.INT, "main.T"))) == "main.T"


def test_no_two_kinds_of_evidence_have_the_same_words() -> None:
    texts = {evidence_text(by) for by in Evidence}
    assert len(texts) == len(Evidence) and all(text.startswith("by its ") for text in texts)
