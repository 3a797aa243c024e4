"""The Go runtime's own bookkeeping - heap, stacks, modules - read through a Target."""
