"""What all doors' commands have in common: how their options are declared and read."""
