"""How full a map is, how long its lookups are and what it takes, in figures: what is, and what would be expected."""
