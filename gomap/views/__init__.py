"""How all that gomap has found out is shown: as lines of text, as objects for JSON, as a page, as a profile.

There is a module for each kind of answer. It has a function that gives the lines, one at a time and ready to be
printed, and mostly one that gives the object for ``-json``, whose shape is in gomap.schema.json. Nothing here reads a
map's structure by itself.
"""
