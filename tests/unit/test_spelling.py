"""Names in Go and in debug information."""

from __future__ import annotations

import pytest

from gomap.language.spelling import as_linked, as_written


@pytest.mark.parametrize(
    ("written", "linked"),
    [
        ("main.counts", "main.counts"),
        ("net/http.DefaultServeMux", "net/http.DefaultServeMux"),
        ("go.uber.org/zap.x", "go.uber.org/zap.x"),
        ("gopkg.in/yaml.v3.Node", "gopkg.in/yaml%2ev3.Node"),
        ("example.com.T", "example%2ecom.T"),
        ("a.b/c.d.e.F", "a.b/c%2ed%2ee.F"),
        ("map[gopkg.in/yaml.v3.Kind]*go.uber.org/zap.T", "map[gopkg.in/yaml%2ev3.Kind]*go.uber.org/zap.T"),
        ("main.Set[gopkg.in/a.v1.K,int]", "main.Set[gopkg.in/a%2ev1.K,int]"),
        ("func(...int) (x.y.Z, error)", "func(...int) (x%2ey.Z, error)"),
        ("struct { F a.b/c.v2.T }", "struct { F a.b/c%2ev2.T }"),
    ],
)
def test_both_ways(written: str, linked: str) -> None:
    assert as_linked(written) == linked
    assert as_linked(linked) == linked
    assert as_written(linked) == written
