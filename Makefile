# Each target first installs what it needs, below ~/.cache/gomap; tests/fixtures/fetching.py says how.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-unit test-matrix lint bench clean

PYTHON ?= python3
# Debuggers and Go compilers are what takes the time: as many workers as processors.
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
tool = $(PYTHON) -m tests.fixtures.toolchains
# Put in front of a recipe: the development tools' bin/ as $$bin.
dev = bin=$$($(tool) dev)/bin;

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */make \1\t/' | expand -t 18

demo: ## a Go program crashes; GDB opens its core and gomap shows its maps
	@gdb=$$($(tool) gdb) swiss=$$($(tool) go:1.27.3) classic=$$($(tool) go:1.23.9); \
		GDB="$$gdb" PYTHON="$(PYTHON)" examples/demo.sh "$$swiss" "$$classic"

test: lint ## lint and all tests: each Go version, debugger and way to a process at least once
	@$(dev) "$$bin/python" -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

test-unit: ## the tests that need no debugger
	@$(dev) "$$bin/python" -m pytest tests/unit $(ARGS)

test-matrix: lint ## the full product of versions, debuggers and ways to a process (takes long)
	@$(dev) "$$bin/python" -m pytest -n $(WORKERS) --dist loadgroup --matrix $(ARGS)

lint: ## ruff, mypy, import-linter
	@$(dev) "$$bin/ruff" check --quiet . && "$$bin/ruff" format --check --quiet . \
		&& "$$bin/mypy" && PYTHONPATH=. "$$bin/lint-imports" --no-logo

bench: ## how fast, beside Go's own GDB script, Delve and goref (ARGS=--quick leaves out what takes minutes)
	@$(dev) "$$bin/python" -m tests.bench $(ARGS)

clean: ## remove what was built here and in the cache; downloads stay
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf "$$($(PYTHON) -c 'from tests.fixtures.fetching import cache; print(cache())')/builds"
