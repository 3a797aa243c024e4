"""Which words of a function's frame hold something that the function still uses.

For each call in a function the compiler notes which of the frame's words hold pointers that are used behind it: a
variable that nothing reads any more has none, whatever its words say. The collector reads the same notes (getStackMap
in runtime/stkframe.go): a bitmap for all of the frame's local variables (FUNCDATA_LocalsPointerMaps, a
runtime.stackmap), by an index that PCDATA_StackMapIndex has for the call. Between calls there is no such note.
"""

from __future__ import annotations

from gomap.goruntime.frames import Frame
from gomap.goruntime.functions import Functions
from gomap.program.gotypes import LayoutError
from gomap.program.memory import ReadError
from gomap.program.structs import Struct
from gomap.program.target import Target

__all__ = ["StackMaps"]

#: internal/abi/symtab.go (runtime/symtab.go up to Go 1.20); none has changed since.
_PCDATA_STACK_MAP_INDEX, _FUNCDATA_LOCALS_POINTER_MAPS = 1, 1
#: Where a frame pointer is kept below the address to return to (framepointer_enabled in runtime/runtime2.go).
_FRAME_POINTERS = ("amd64", "arm64")
#: Bits past which a map is none: frames have 10 MB at most (maxStackSize in cmd/compile).
_MOST_BITS = 1 << 21


class StackMaps:
    """The compiler's notes about frames. Raises LayoutError if the runtime's types are not as expected."""

    def __init__(self, target: Target, functions: Functions) -> None:
        self._memory, self._order, self._word = target.memory, target.byte_order, target.pointer_size
        self._functions = functions
        self._frame_pointer = target.architecture in _FRAME_POINTERS
        stackmap = target.type_named("runtime.stackmap")
        if stackmap is None:
            raise LayoutError("no type runtime.stackmap")
        self._bits = stackmap.field("bytedata").offset
        self._counts = Struct(stackmap, target).some("n", "nbit")

    def used(self, frame: Frame, address: int) -> bool | None:
        """Whether the pointer at ADDRESS is one that FRAME's function still uses.

        None where that is not noted: the function is at no call, or has no such notes.
        """
        try:
            return self._used(frame, address)
        except ReadError:
            return None

    def _used(self, frame: Frame, address: int) -> bool | None:
        function = frame.function
        if frame.exact or frame.base is None:
            return None
        maps = self._functions.funcdata(function, _FUNCDATA_LOCALS_POINTER_MAPS)
        index = self._functions.pcdata(function, _PCDATA_STACK_MAP_INDEX, frame.inside)
        if not maps or index is None:
            return None
        number, bits = self._counts.read(self._memory, maps)
        end = frame.base
        if function.quantum == 1:  # amd64 and 386: the address to return to lies above the variables
            end -= self._word
        if self._frame_pointer and end > frame.sp:
            end -= self._word
        bit, odd = divmod(address - (end - bits * self._word), self._word)
        if bits > _MOST_BITS or not 0 <= index < number:
            return None
        if odd or not 0 <= bit < bits:
            return False  # none of the function's variables
        at = maps + self._bits + (bits + 7) // 8 * index + bit // 8
        return bool(self._memory.read(at, 1)[0] >> bit % 8 & 1)
