"""What the runtime's answers are in words: one line each, without a full stop, alone or behind "->" in a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gomap.goruntime.answers import (
    Answer,
    Foreign,
    FreeObject,
    FreePages,
    HeapObject,
    ManualSpan,
    ModuleData,
    NotInCore,
    NotMapped,
    SpanSlot,
    SpanTail,
    StackAddress,
    SystemStack,
    Text,
    UnmarkedObject,
    UnreadableFile,
)
from gomap.goruntime.span_damage import (
    ExtentImpossible,
    InlineMarksUnknown,
    ListCutOff,
    ObjectsImpossible,
    PageOfAnother,
    SpanDamage,
    SpanUnreadable,
    StateUnknown,
    SweepgenImpossible,
)
from gomap.program.mapped_files import FilePlace
from gomap.program.memory import ReadError
from gomap.program.target import Symbol

if TYPE_CHECKING:
    from gomap.goruntime.tracebacks import NoCaller

__all__ = ["answer_text", "broken_text", "damage_text", "in_file_text"]


def answer_text(answer: Answer) -> str:
    """What an address is.

    >>> answer_text(heap.at(0xc000070450))
    'allocated object at 0xc000070450 (48-byte class, span 0xc000070000, slot 23)'
    """
    match answer:
        case HeapObject():
            return f"{_interior(answer)}allocated object at {answer.data:#x} {_place(answer)}"
        case FreeObject():
            return f"{_interior(answer)}freed object {_place(answer)}"
        case UnmarkedObject():
            return f"{_interior(answer)}unreachable object, not swept yet {_place(answer)}"
        case SpanTail(span=span):
            return f"past the last object of a span ({span.elemsize}-byte class, span {span.start:#x})"
        case FreePages():
            return "free pages of the heap (no span)"
        case ManualSpan(span=span):
            return f"the runtime's own memory (manual span {span.start:#x}, no goroutine's stack)"
        case StackAddress():
            dead = "dead " if answer.dead else ""
            return f"stack of {dead}goroutine {answer.goroutine} ({answer.lo:#x} to {answer.hi:#x})"
        case SystemStack():
            return f"{answer.role} stack of thread m{answer.thread} ({answer.lo:#x} to {answer.hi:#x})"
        case ModuleData():
            return _in_module(answer.section, answer.address, answer.symbol, answer.module)
        case Text():
            return _in_module("code", answer.address, answer.symbol, answer.module)
        case Foreign(file=FilePlace() as file):
            return f"{in_file_text(file)} (readable)"
        case Foreign():
            return "outside of Go's heap, stacks and data (readable)"
        case NotInCore(file=FilePlace() as file):
            return f"{in_file_text(file)}, which is not in the core"
        case NotInCore():
            return "mapped, but not in the core: a file, or cut off"
        case UnreadableFile(file=file):
            return f"{in_file_text(file)}, which cannot be read"
        case NotMapped():
            return "not mapped" if answer.address else "nil"
        case _:
            why = answer.why
            return f"unknown: {why if isinstance(why, ReadError) else damage_text(why)}"


def damage_text(damage: SpanDamage) -> str:
    """How the heap's bookkeeping contradicts itself: ``mspan at 0x7f25a8 has state 77, which there is not``."""
    match damage:
        case ListCutOff():
            left_out = f"{damage.missing} of {damage.listed} spans are left out"
            return f"{left_out}: their list cannot be read at {damage.address:#x}"
        case PageOfAnother():
            return f"mspan at {damage.mspan:#x} claims the page at {damage.page:#x}, which is not its own"
        case SpanUnreadable():
            return f"mspan at {damage.mspan:#x}: {damage.error}"
        case StateUnknown():
            return f"mspan at {damage.mspan:#x} has state {damage.state}, which there is not"
        case ExtentImpossible():
            return f"mspan at {damage.mspan:#x} claims {damage.pages} pages at {damage.start:#x}"
        case ObjectsImpossible():
            claimed = f"{damage.objects} objects of {damage.elemsize} bytes in {damage.size} bytes"
            return f"mspan at {damage.mspan:#x} claims {claimed}"
        case InlineMarksUnknown():
            return f"span {damage.start:#x} has inline mark bits, yet the binary has no spanInlineMarkBits"
        case SweepgenImpossible():
            has = f"mspan at {damage.mspan:#x} has sweepgen {damage.sweepgen}"
            return f"{has}, which does not go with the heap's {damage.heap}"


def in_file_text(place: FilePlace) -> str:
    """``offset 0x26 of the mapped file /var/lib/db``."""
    return f"offset {place.offset:#x} of the mapped file {place.path}"


def broken_text(why: ReadError | NoCaller) -> str:
    """Why a stack could not be followed to its end."""
    return str(why) if isinstance(why, ReadError) else f"nothing tells what called {why.function} at {why.pc:#x}"


def unread_text(unread: int | ReadError) -> str:
    """What there is of goroutines besides those that could be looked at; empty: nothing."""
    if isinstance(unread, ReadError):
        return f"the goroutines that runtime.allgs lists cannot be read: {unread}"
    return f"{unread} of the goroutines that runtime.allgs lists cannot be read" if unread else ""


def _place(slot: SpanSlot) -> str:
    span = slot.span
    if not span.sizeclass:
        return f"(large, {span.elemsize} bytes, span {span.start:#x})"
    tiny = ", perhaps shared by tiny values" if span.tiny else ""
    return f"({span.elemsize}-byte class{tiny}, span {span.start:#x}, slot {slot.index})"


def _interior(slot: SpanSlot) -> str:
    if slot.offset < 0:
        return f"{-slot.offset} bytes before the data of "
    return f"byte {slot.offset} of " if slot.offset else ""


def _in_module(section: str, address: int, symbol: Symbol | None, module: str) -> str:
    text = section
    if symbol is not None:
        offset = address - symbol.address
        text += f": {symbol.name} + {offset:#x}" if offset else f": {symbol.name}"
    return f"{text} (module {module})" if module else text
