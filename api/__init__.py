"""The outer layer: composition root, command line, migrations."""
