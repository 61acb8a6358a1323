"""The command line of DESIGN.md, one module per group, imported only when called."""
