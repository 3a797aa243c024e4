"""Go programs with maps of random types and random histories, all of them sound; the same seed gives the same program.

A program's maps are the package variables M0, M1... Some hold a map that package reflect made, of a type that the
compiler does not know. What keys and elements are set to, tests/fixtures/random/fill.go decides.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

__all__ = ["program"]

_PLAIN = (
    *("bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr"),
    *("float32", "float64", "complex64", "complex128", "string", "string", "any", "fmt.Stringer"),
    *("*int", "*tree", "chan int", "unsafe.Pointer", "word", "degrees", "flags", "point", "struct{}"),
)
#: What elements can be, and keys can't.
_INCOMPARABLE = (
    "[]byte",
    "[]string",
    "func()",
    "map[string]int",
    "[]any",
    "map[word][]int",
    "set[int16]",
    "[]struct{}",
)
#: How many entries are inserted at a time: few, or so many that one more makes a map of buckets or of tables grow.
_INSERTED = (
    *(1, 3, 7, 8, 9, 14, 20, 50, 53, 100, 105, 209, 417, 500, 833, 897, 1000, 1665, 1793, 3000),
    *(6657, 9000),
)


def program(seed: int, maps: int, go: tuple[int, int]) -> str:
    """The Go file that declares and fills so many maps, for a compiler of the version GO: (1, 21)."""
    rng = random.Random(seed)
    bodies = [_reflected(rng, number) if rng.random() < 0.2 else _compiled(rng, number, go) for number in range(maps)]
    text = "".join(bodies)
    packages = {"fmt", "math/rand", "unsafe"} | {name for name in ("maps", "reflect", "runtime") if f"{name}." in text}
    imports = "".join(f'\t"{name}"\n' for name in sorted(packages))
    used = "var _ = unsafe.Pointer(nil)\n\nvar _ fmt.Stringer\n\nvar _ *rand.Rand\n"
    calls = ", ".join(f"build{number}" for number in range(maps))
    return (
        f"// Seed {seed}.\n\n//go:build go{go[0]}.{go[1]}\n\npackage main\n\nimport (\n{imports})\n\n{used}\n"
        f"func init() {{ builders = []func(){{{calls}}} }}\n{text}"
    )


def _key(rng: random.Random, depth: int = 0) -> str:
    """A type whose values can be compared."""
    kind = rng.random()
    if depth < 3 and kind < 0.15:
        return _array(rng, _key(rng, depth + 1))
    if depth < 3 and kind < 0.4:
        return _struct(rng, lambda: _key(rng, depth + 1))
    if depth < 2 and kind < 0.5:
        return f"pair[{_key(rng, depth + 1)}, {_key(rng, depth + 2)}]"
    return rng.choice(_PLAIN)


def _elem(rng: random.Random, depth: int = 0) -> str:
    """Any type; often a byte, beside which preallocated buckets weigh most."""
    kind = rng.random()
    if kind > 0.85:
        return rng.choice(("bool", "uint8", "flags"))
    if kind < 0.25:
        return rng.choice(_INCOMPARABLE)
    if depth < 2 and kind < 0.35:
        return _array(rng, _elem(rng, depth + 1))
    if depth < 2 and kind < 0.5:
        return _struct(rng, lambda: _elem(rng, depth + 1))
    return _key(rng, depth)


def _array(rng: random.Random, elem: str) -> str:
    small = elem in _PLAIN and elem not in ("string", "any", "fmt.Stringer", "point")
    return f"[{rng.choice((0, 1, 2, 3, 4, 9, 17, 33, 130) if small else (0, 1, 2, 3, 5))}]{elem}"


def _struct(rng: random.Random, type: Callable[[], str]) -> str:
    fields = []
    for number in range(rng.choice((0, 1, 2, 2, 3, 3, 4, 6))):
        name = rng.choice(("_", f"f{number}", f"F{number}", f"F{number}"))
        fields.append(f"{name} {type()}")
    return f"struct{{ {'; '.join(fields)} }}"


def _compiled(rng: random.Random, number: int, go: tuple[int, int]) -> str:
    """A map of a type that the compiler knows."""
    key, elem = _key(rng), _elem(rng)
    hint = f", {rng.choice(_INSERTED)}" if rng.random() < 0.3 else ""
    made = f"make(map[{key}]{elem}{hint})" if rng.random() < 0.97 else "nil"
    lines = [f"var m map[{key}]{elem} = {made}"]
    if made != "nil":
        insert = f"var k {key}; var e {elem}; fill(&k, r); fill(&e, r); m[k] = e"
        for step in range(rng.randrange(6)):
            lines += _step(rng, step, insert, go)
    return (
        f"\nvar M{number} map[{key}]{elem}\n\nfunc build{number}() {{\n"
        f"\tr := rand.New(rand.NewSource({rng.randrange(1 << 40)}))\n\t_ = r\n"
        + "".join(f"\t{line}\n" for line in lines)
        + f'\tM{number} = m\n\tlengths["M{number}"] = len(m)\n}}\n'
    )


def _step(rng: random.Random, step: int, insert: str, go: tuple[int, int]) -> Iterator[str]:
    """One event in the life of the map m."""
    kind = rng.choice(
        ("insert", "insert", "insert", "grow", "delete", "delete", "clear", "clone", "collect", "iterate")
    )
    if step == 0 or kind == "insert":
        yield f"for i := 0; i < {rng.choice(_INSERTED)}; i++ {{ {insert} }}"
    elif kind == "grow":  # until one more entry makes it grow, as far as there are so many keys
        buckets = 1 << rng.randrange(1, 10)
        most = rng.choice((13 * buckets // 2 + 1, 7 * buckets + 1))
        yield f"for i := 0; len(m) < {most} && i < {3 * most}; i++ {{ {insert} }}"
    elif kind == "delete":
        yield f"for k := range m {{ if r.Intn(100) < {rng.choice((5, 50, 90, 100))} {{ delete(m, k) }} }}"
    elif kind == "clear":
        yield "clear(m)" if go >= (1, 21) else "for k := range m { delete(m, k) }"
    elif kind == "clone":
        if go >= (1, 21):
            yield "m = maps.Clone(m)"
    elif kind == "collect":
        yield "runtime.GC()"
    else:
        loop = "for range m { if left--; left < 0 { stand() } }"
        yield f"go func(left int) {{ {loop}; stand() }}({rng.randrange(40)})"
        yield "<-started"


def _reflected(rng: random.Random, number: int) -> str:
    """A map of a type that package reflect makes."""
    key, elem = _made(rng), _made(rng)
    lines = [f"m := reflect.MakeMap(reflect.MapOf({key}, {elem}))"]
    insert = (
        "k, e := reflect.New(m.Type().Key()), reflect.New(m.Type().Elem()); "
        "set1(k.Elem(), r, 0); set1(e.Elem(), r, 0); m.SetMapIndex(k.Elem(), e.Elem())"
    )
    for step in range(rng.randrange(1, 5)):
        kind = "insert" if step == 0 else rng.choice(("insert", "delete", "collect"))
        if kind == "insert":
            lines.append(f"for i := 0; i < {rng.choice(_INSERTED)}; i++ {{ {insert} }}")
        elif kind == "delete":
            gone = f"if r.Intn(100) < {rng.choice((5, 50, 90))} {{ m.SetMapIndex(k, reflect.Value{{}}) }}"
            lines.append(f"for _, k := range m.MapKeys() {{ {gone} }}")
        else:
            lines.append("runtime.GC()")
    return (
        f"\nvar M{number} any\n\nfunc build{number}() {{\n"
        f"\tr := rand.New(rand.NewSource({rng.randrange(1 << 40)}))\n\t_ = r\n"
        + "".join(f"\t{line}\n" for line in lines)
        + f'\tM{number} = m.Interface()\n\tlengths["M{number}"] = m.Len()\n}}\n'
    )


def _made(rng: random.Random, depth: int = 0) -> str:
    """An expression for a type that can be compared, of reflect's making for the most part."""
    kind = rng.random()
    if depth < 3 and kind < 0.6 - 0.1 * depth:
        fields = [
            f'{{Name: "F{number}", Type: {_made(rng, depth + 1)}}}' for number in range(rng.choice((0, 1, 2, 3, 3, 4)))
        ]
        return f"reflect.StructOf([]reflect.StructField{{{', '.join(fields)}}})"
    if depth < 3 and kind < 0.7:
        return f"reflect.ArrayOf({rng.choice((0, 1, 2, 5))}, {_made(rng, depth + 1)})"
    return f"reflect.TypeOf((*{_key(rng, 2)})(nil)).Elem()"
