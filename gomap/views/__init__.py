"""How maps are shown: lines of text, objects for JSON. Nothing here reads a map's structure by itself."""
