"""The invariants of Swiss maps: directory, tables and their groups, where probes find each key."""
