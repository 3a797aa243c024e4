"""Where a variable is: DWARF's location expressions, as far as Go's compiler writes them (DWARF 4 and 5, section 2.5;
cmd/compile/internal/ssa/debug.go, cmd/internal/dwarf)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from gomap.elf.forms import signed_leb128, unsigned_leb128
from gomap.program.frames import Piece, Standing

__all__ = [
    "IN_REGISTER",
    "OPTIMIZED_OUT",
    "InRegisterError",
    "UnknownExpressionError",
    "pieces_of",
    "pieces_or_why",
]

#: Why a variable is nowhere whose register has been used for something else since.
IN_REGISTER = "was in a register, which a call has overwritten since"
#: The same of one that the debug information has nowhere.
OPTIMIZED_OUT = "is optimized out here"

#: DW_OP_...
_ADDR = 0x03
_SIZED_CONSTANTS = {0x08: 1, 0x0A: 2, 0x0C: 4, 0x0E: 8}  # const1u, const2u, const4u, const8u
_CONSTU, _CONSTS, _PLUS, _PLUS_UCONST = 0x10, 0x11, 0x22, 0x23
_LIT0, _REG0, _BREG0, _REGX, _FBREG, _BREGX, _PIECE = 0x30, 0x50, 0x70, 0x90, 0x91, 0x92, 0x93
_CALL_FRAME_CFA, _IMPLICIT_VALUE, _STACK_VALUE = 0x9C, 0x9E, 0x9F
_ROW = 32


class InRegisterError(Exception):
    """The variable, or part of it, is in a register whose value is not known."""


class UnknownExpressionError(Exception):
    """An expression that is damaged, or has an operation that Go does not write."""


def pieces_of(
    expression: bytes,
    base: int,
    registers: Mapping[int, int],
    bias: int,
    word: int,
    byte_order: Literal["little", "big"],
) -> list[Piece]:
    """Where the EXPRESSION says that a variable is; nowhere, if it is empty.

    Args:
        base: what the frame's base is, which in Go is DW_OP_call_frame_cfa.
        registers: those that are known, by DWARF's numbers.
        bias: how much further up the program lies in memory than its file says.
        word: size of a pointer.

    Raises InRegisterError, UnknownExpressionError.
    """
    reader = _Reader(expression, base, registers, bias, word, byte_order)
    try:
        return reader.read()
    except IndexError:
        raise UnknownExpressionError(expression.hex()) from None


def pieces_or_why(
    expressions: Iterable[bytes | None],
    standing: Standing,
    bias: int,
    word: int,
    byte_order: Literal["little", "big"],
) -> tuple[list[Piece], str]:
    """Where the first of EXPRESSIONS that leads anywhere says that a variable is; or none, and why it is lost.

    The reason is empty where none says anything. The other arguments are as of pieces_of.
    """
    lost = ""
    for expression in expressions:
        if expression is None:
            continue
        try:
            pieces = pieces_of(expression, standing.base, standing.registers, bias, word, byte_order)
        except InRegisterError:
            lost = IN_REGISTER
            continue
        except UnknownExpressionError as error:
            lost = f"is where gomap cannot tell: {error}"
            continue
        if pieces:
            return pieces, ""
    return [], lost


class _Reader:
    def __init__(
        self,
        expression: bytes,
        base: int,
        registers: Mapping[int, int],
        bias: int,
        word: int,
        byte_order: Literal["little", "big"],
    ) -> None:
        self._expression, self._at = expression, 0
        self._base, self._registers, self._bias = base, registers, bias
        self._word, self._order = word, byte_order
        self._stack: list[int] = []
        #: What the piece that is being told is, if it is no address.
        self._content: bytes | None = None

    def read(self) -> list[Piece]:
        pieces = []
        while self._at < len(self._expression):
            operation = self._number(1)
            if operation != _PIECE:
                self._step(operation)
                continue
            size, self._at = unsigned_leb128(self._expression, self._at)
            pieces.append(self._piece(size))
        if self._stack or self._content is not None:
            pieces.append(self._piece(None))
        return pieces

    def _step(self, operation: int) -> None:
        if operation == _ADDR:
            self._push(self._number(self._word) + self._bias)
        elif operation in _SIZED_CONSTANTS:
            self._push(self._number(_SIZED_CONSTANTS[operation]))
        elif operation == _CONSTU:
            self._push(self._unsigned())
        elif operation == _CONSTS:
            self._push(self._signed())
        elif operation == _PLUS:
            self._push(self._stack.pop() + self._stack.pop())
        elif operation == _PLUS_UCONST:
            self._push(self._stack.pop() + self._unsigned())
        elif _LIT0 <= operation < _LIT0 + _ROW:
            self._push(operation - _LIT0)
        elif _REG0 <= operation < _REG0 + _ROW:
            self._content = self._bytes(self._register(operation - _REG0))
        elif operation == _REGX:
            self._content = self._bytes(self._register(self._unsigned()))
        elif _BREG0 <= operation < _BREG0 + _ROW:
            self._push(self._register(operation - _BREG0) + self._signed())
        elif operation == _BREGX:
            register = self._register(self._unsigned())
            self._push(register + self._signed())
        elif operation == _FBREG:
            self._push(self._base + self._signed())
        elif operation == _CALL_FRAME_CFA:
            self._push(self._base)
        elif operation == _IMPLICIT_VALUE:
            length = self._unsigned()
            self._content = self._expression[self._at : self._at + length]
            self._at += length
        elif operation == _STACK_VALUE:
            self._content = self._bytes(self._stack.pop())
        else:
            raise UnknownExpressionError(self._expression.hex())

    def _piece(self, size: int | None) -> Piece:
        """What the operations before it amount to."""
        content, self._content = self._content, None
        if content is not None:
            return Piece(size, None, content)
        if not self._stack:  # a piece whose value is nowhere
            raise InRegisterError
        return Piece(size, self._stack.pop())

    def _register(self, number: int) -> int:
        if number not in self._registers:
            raise InRegisterError
        return self._registers[number]

    def _push(self, value: int) -> None:
        self._stack.append(value % (1 << 8 * self._word))

    def _bytes(self, value: int) -> bytes:
        return value.to_bytes(self._word, self._order)

    def _number(self, size: int) -> int:
        self._at += size
        if self._at > len(self._expression):
            raise IndexError(self._at)
        return int.from_bytes(self._expression[self._at - size : self._at], self._order)

    def _unsigned(self) -> int:
        value, self._at = unsigned_leb128(self._expression, self._at)
        return value

    def _signed(self) -> int:
        value, self._at = signed_leb128(self._expression, self._at)
        return value
