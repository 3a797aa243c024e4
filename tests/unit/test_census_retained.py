"""What an object keeps alive, on graphs made by chance: what cannot be reached any more once it is gone."""

from __future__ import annotations

import random
from array import array
from itertools import accumulate
from types import SimpleNamespace
from typing import Any

import pytest

from gomap.census.retained import retained


def reached(edges: list[list[int]], roots: list[int], without: int = -1) -> list[int]:
    """What can be reached from ROOTS, in the order in which it is come to, if one object is not there."""
    order = [root for root in dict.fromkeys(roots) if root != without]
    for node in order:  # which grows
        order += [each for each in dict.fromkeys(edges[node]) if each not in order and each != without]
    return order


def kept(edges: list[list[int]], roots: list[int], sizes: list[int], extra: list[int], apart: list[int]) -> array[int]:
    """What gomap says; EXTRA: objects that only a finalizer would keep; APART: that are not counted above."""
    spans = [
        (SimpleNamespace(span=SimpleNamespace(elemsize=size, nelems=1)), number) for number, size in enumerate(sizes)
    ]
    objects: Any = type("Objects", (), {"spans": spans, "__len__": lambda self: len(sizes)})()
    pointers: Any = SimpleNamespace(
        targets=array("I", [each for targets in edges for each in targets]),
        ends=array("I", accumulate(map(len, edges))),
    )
    return retained(objects, pointers, set(roots), reached(edges, roots + extra), lambda what: None, apart)


@pytest.mark.parametrize("seed", range(300))
def test_it_is_what_cannot_be_reached_without_it(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randrange(1, 40)
    density = chance.choice((0.5, 1, 1.5, 3))
    edges: list[list[int]] = [[] for _ in range(count)]
    for _ in range(int(count * density)):
        edges[chance.randrange(count)].append(chance.randrange(count))
    if chance.random() < 0.5:  # a list that is linked both ways
        for at in range(count - 1):
            edges[at].append(at + 1)
            edges[at + 1].append(at)
    roots = [chance.randrange(count) for _ in range(chance.randrange(1, 4))]
    extra = [chance.randrange(count)] if chance.random() < 0.3 else []
    sizes = [chance.choice((8, 16, 48, 1024)) for _ in range(count)]
    apart = [node for node in range(count) if chance.random() < 0.3]
    said, said_apart = kept(edges, roots, sizes, extra, []), kept(edges, roots, sizes, extra, apart)
    before = reached(edges, roots)
    every = [*roots, *extra] if extra and extra[0] not in before else roots
    there = set(reached(edges, every))
    lost = {node: there - set(reached(edges, every, without=node)) for node in there}
    for node in there:
        assert said[node] == sum(sizes[each] for each in lost[node]), node
        of_others = set().union(*(lost[other] for other in apart if other != node and other in lost[node]))
        assert said_apart[node] == sum(sizes[each] for each in lost[node] - of_others), node


def test_long_chains_and_circles_take_no_longer_than_others() -> None:
    """A list of 200,000, linked both ways and to its head: what takes steps of its length for each one never ends."""
    count = 200_000
    edges = [[at + 1, 0] if at + 1 < count else [0] for at in range(count)]
    for at in range(1, count):
        edges[at].append(at - 1)
    spans = [(SimpleNamespace(span=SimpleNamespace(elemsize=16, nelems=count)), 0)]
    objects: Any = type("Objects", (), {"spans": spans, "__len__": lambda self: count})()
    pointers: Any = SimpleNamespace(
        targets=array("I", [each for targets in edges for each in targets]),
        ends=array("I", accumulate(map(len, edges))),
    )
    said = retained(objects, pointers, {0}, range(count), lambda what: None)
    assert said[0] == 16 * count and said[count // 2] == 16 * (count - count // 2)
