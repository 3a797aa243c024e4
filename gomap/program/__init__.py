"""What any debugger gives us: memory by address, Go types, symbols by name."""
