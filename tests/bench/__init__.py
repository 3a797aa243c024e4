"""How fast gomap is, beside Go's own GDB script and Delve. Nothing here is a test: machines differ."""
