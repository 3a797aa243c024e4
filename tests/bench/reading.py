"""Run in GDB: commands that find where all the bytes of a map are and read them plainly, which no check can undercut.

What a check looks at is the buckets or groups, and the bytes of the keys that are strings.
"""

import gdb

_PIECE = 4 << 20
#: Bytes between two pieces that are read as well, for that is faster than to ask twice.
_GAP = 4096
_pieces: list[tuple[int, int]] = []


class Find(gdb.Command):
    """Remember where the bytes of a map are: bench-find EXPR."""

    def __init__(self) -> None:
        super().__init__("bench-find", gdb.COMMAND_DATA)

    def invoke(self, expression: str, _from_tty: bool) -> None:
        from gomap.expressions.map_finding import find_map
        from gomap.gdb.scope import live_scope
        from gomap.maps.model import Bucket
        from gomap.program.gotypes import Kind

        found = find_map(live_scope(), expression)
        size, word, order = found.layout.places.size, found.target.pointer_size, found.target.byte_order
        pieces = []
        for part in found.walk():
            if not isinstance(part, Bucket):
                continue
            pieces.append((part.address, part.address + size))
            if found.key.kind is Kind.STRING:
                for key, _ in part.entries():
                    at = key.offset
                    start, length = (int.from_bytes(key.buffer[i : i + word], order) for i in (at, at + word))
                    pieces.append((start, start + length))
        for start, end in sorted(pieces):
            if _pieces and start - _pieces[-1][1] <= _GAP:
                _pieces[-1] = (_pieces[-1][0], max(end, _pieces[-1][1]))
            else:
                _pieces.append((start, end))
        print(f"bench: {sum(end - start for start, end in _pieces) / 1e6:.1f} MB in {len(_pieces)} pieces")


class Read(gdb.Command):
    """Read what bench-find found."""

    def __init__(self) -> None:
        super().__init__("bench-read", gdb.COMMAND_DATA)

    def invoke(self, _argument: str, _from_tty: bool) -> None:
        memory = gdb.selected_inferior()
        for start, end in _pieces:
            for at in range(start, end, _PIECE):
                memory.read_memory(at, min(_PIECE, end - at))


Find()
Read()
