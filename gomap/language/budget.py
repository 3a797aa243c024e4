"""How much all literals of one command may take, when lengths out of corrupt memory would have them take everything.

Each literal takes some parts and bytes freely, so that no map of values as programs have them is ever cut, however many
there are. What goes beyond that comes out of one stock: a thousand slices that claim a hundred thousand items each are
shown as long as it lasts, and then only as far as what is free goes.
"""

from __future__ import annotations

__all__ = ["Budget"]


class Budget:
    """What is left, of parts or of bytes.

    Args:
        free: what each literal may take.
        stock: what all together may take besides.
    """

    def __init__(self, free: int, stock: int) -> None:
        self._free = free
        self._stock = stock
        self._left = free

    @property
    def left(self) -> int:
        """What can still be taken."""
        return self._left + self._stock

    def begin(self) -> None:
        """Another literal begins."""
        self._left = self._free

    def take(self, amount: int) -> bool:
        """Take so much; False, and nothing is taken, if that is not left."""
        if amount > self.left:
            return False
        free = min(amount, self._left)
        self._left -= free
        self._stock -= amount - free
        return True
