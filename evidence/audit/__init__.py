"""Checks the store against the log."""
