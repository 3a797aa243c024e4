"""What an object keeps alive: the bytes of all objects that only it leads to, itself included.

An object dominates another if every way from a root to that one leads through it; the bytes that are freed if nothing
leads to it any more are those of all that it dominates. Dominators are found as Lengauer and Tarjan have it (A fast
algorithm for finding dominators in a flowgraph, 1979), with path compression, on arrays.

Most of a heap needs no such effort: what a single object leads to, and leads nowhere itself, goes with its holder;
taken away, it makes others such. Only what is left then is numbered.

Words on stacks count as roots, whether the compiler knows them to be alive or not, so what only a word left over there
leads to is kept by nobody here. Of an object with a finalizer nothing is freed before that has run; it is left out
of account, as all is freed after that.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain, pairwise, repeat

from gomap.census.objects import Objects
from gomap.census.pointers import Pointers

__all__ = ["retained"]

#: Objects between two words about progress.
_PAUSE = 1 << 16


def retained(
    objects: Objects,
    pointers: Pointers,
    roots: Collection[int],
    order: Sequence[int],
    progress: Callable[[str], None],
    apart: Collection[int] = (),
) -> array[int]:
    """The bytes that each object keeps alive; without meaning for those that cannot be reached.

    Args:
        roots: objects that something else than an object leads to.
        order: all objects that can be reached. Those to which no way leads from a root count as roots, in this order.
        apart: those of which whatever keeps them alive does not count the bytes as well, so that these can be added up.
    """
    sizes = array("Q")
    for state, _ in objects.spans:
        sizes.extend(repeat(state.span.elemsize, state.span.nelems))
    graph = _Graph(pointers, len(objects), roots, order)
    progress("what a single pointer leads to is taken away")
    counted_above = bytearray(b"\1") * len(objects)
    for node in apart:
        counted_above[node] = 0
    graph.peel(sizes, counted_above)
    numbering = _Numbering(graph, order, progress)
    dominators = _dominators(graph, numbering, progress)
    nodes = numbering.nodes
    for number in range(len(nodes) - 1, 0, -1):
        if dominators[number] and counted_above[nodes[number]]:
            sizes[nodes[dominators[number]]] += sizes[nodes[number]]
    return sizes


class _Graph:
    """The objects that can be reached, and the pointers between them.

    Attributes:
        coming, going: how many different objects lead to an object, and to how many it leads.
        holder: one that leads to it.
        rooted: a byte for each object: 1 if a root leads to it.
        left: 1 for those that are to be numbered.
    """

    def __init__(self, pointers: Pointers, count: int, roots: Collection[int], order: Sequence[int]) -> None:
        self.targets, self.ends = pointers.targets, pointers.ends
        self.coming, self.going = array("I", bytes(4 * count)), array("I", bytes(4 * count))
        self.holder = array("i", [-1]) * count
        self.rooted, self.left = bytearray(count), bytearray(count)
        for node in order:
            self.left[node] = 1
        for node in roots:
            self.rooted[node] = 1
        left, coming, going, holder = self.left, self.coming, self.going, self.holder
        for source, target in self.edges():
            # The pointers of one object come one after another, so its last one to TARGET is the last of all.
            if holder[target] != source and left[source] and source != target:
                holder[target] = source
                coming[target] += 1
                going[source] += 1

    def edges(self) -> Iterator[tuple[int, int]]:
        """Who leads to whom."""
        counts = (end - start for start, end in pairwise(chain((0,), self.ends)))
        return zip(chain.from_iterable(map(repeat, range(len(self.ends)), counts)), self.targets, strict=True)

    def peel(self, sizes: array[int], counted_above: bytearray) -> None:
        """Take away, again and again, what one object alone leads to and what leads nowhere; its bytes go to that.

        But for those for which a byte of COUNTED_ABOVE is 0.
        """
        coming, going, holder, rooted, left = self.coming, self.going, self.holder, self.rooted, self.left
        waiting = [
            node
            for node, (comes, goes) in enumerate(zip(coming, going, strict=True))
            if comes == 1 and not goes and left[node] and not rooted[node]
        ]
        while waiting:
            node = waiting.pop()
            left[node] = 0
            above = holder[node]
            if counted_above[node]:
                sizes[above] += sizes[node]
            going[above] -= 1
            if not going[above] and coming[above] == 1 and not rooted[above]:
                waiting.append(above)


class _Numbering:
    """What is left, numbered from 1 on in the order in which a search in depth comes to it; 0 stands for all roots.

    Attributes:
        nodes: by number.
        parents: the number of the one from which the search came.
        numbers: by node; 0: not numbered.
    """

    def __init__(self, graph: _Graph, order: Sequence[int], progress: Callable[[str], None]) -> None:
        self.nodes = array("I", [0])
        self.parents = array("I", [0])
        self.numbers = array("I", bytes(4 * len(graph.left)))
        self._progress = progress
        left, rooted = graph.left, graph.rooted
        self._search(graph, [node for node in order if rooted[node] and left[node]])
        for node in order:
            if left[node] and not self.numbers[node]:
                rooted[node] = 1
                self._search(graph, [node])

    def _search(self, graph: _Graph, roots: Sequence[int]) -> None:
        nodes, parents, numbers = self.nodes, self.parents, self.numbers
        targets, ends, left = graph.targets, graph.ends, graph.left
        waiting, above = array("I", roots), array("I", bytes(4 * len(roots)))
        while waiting:
            node, parent = waiting.pop(), above.pop()
            if numbers[node]:
                continue
            number = numbers[node] = len(nodes)
            nodes.append(node)
            parents.append(parent)
            if not number % _PAUSE:
                self._progress(f"dominators: {number} objects numbered")
            for target in targets[ends[node - 1] if node else 0 : ends[node]]:
                if left[target] and not numbers[target]:
                    waiting.append(target)
                    above.append(number)


def _dominators(graph: _Graph, numbering: _Numbering, progress: Callable[[str], None]) -> array[int]:
    """The immediate dominator of each by number; 0: none but the roots."""
    nodes, parents = numbering.nodes, numbering.parents
    count = len(nodes)
    comers = _Comers(graph, numbering)
    rooted, coming = graph.rooted, graph.coming
    semi, label, ancestor = array("I", range(count)), array("I", range(count)), array("I", parents)
    found, deferred = array("I", bytes(4 * count)), bytearray(count)
    buckets: dict[int, list[int]] = {}

    def evaluated(at: int, linked: int) -> int:
        """The one with the least semidominator on the way up from AT, as far as numbers are LINKED or higher."""
        if at < linked:
            return at
        path = []
        while ancestor[at] >= linked:
            path.append(at)
            at = ancestor[at]
        best = label[at]
        for each in reversed(path):
            mine = label[each]
            if semi[best] < semi[mine]:
                label[each] = best
            else:
                best = mine
            ancestor[each] = ancestor[at]
        return best

    for number in range(count - 1, 0, -1):
        if not number % _PAUSE:
            progress(f"dominators: {number} objects left")
        parent, node = parents[number], nodes[number]
        if rooted[node]:
            least = 0
        elif coming[node] == 1:
            least = parent
        else:
            least = parent
            for comer in comers.of(number):
                one = semi[evaluated(comer, number + 1)]
                if one < least:
                    least = one
        semi[number] = least
        if least == parent:
            found[number] = parent
        else:
            buckets.setdefault(least, []).append(number)
        for each in buckets.pop(parent, ()):
            above = evaluated(each, number)
            if semi[above] < semi[each]:
                found[each], deferred[each] = above, 1
            else:
                found[each] = parent
    for number in range(1, count):
        if deferred[number]:
            found[number] = found[found[number]]
    return found


class _Comers:
    """By number the numbers of all that lead to one to which several lead: a list in two arrays."""

    def __init__(self, graph: _Graph, numbering: _Numbering) -> None:
        numbers, coming, rooted = numbering.numbers, graph.coming, graph.rooted
        self._first = array("I", bytes(4 * len(numbering.nodes)))
        self._next, self._comer = array("I", [0]), array("I", [0])
        for source, target in graph.edges():
            if coming[target] > 1 and numbers[target] and numbers[source] and not rooted[target]:
                number = numbers[target]
                self._next.append(self._first[number])
                self._first[number] = len(self._comer)
                self._comer.append(numbers[source])

    def of(self, number: int) -> Iterator[int]:
        at = self._first[number]
        while at:
            yield self._comer[at]
            at = self._next[at]
