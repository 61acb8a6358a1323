"""The report of a bundle."""
