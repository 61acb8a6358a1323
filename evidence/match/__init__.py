"""Finds a picture among the sealed fingerprints."""
