"""The outer layer: composition root, verbs, command line."""

VERSION = "0.1.0"
TOOL = f"nisisama/{VERSION}"
"""How the program names itself in the log and in bundles."""
