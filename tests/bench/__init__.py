"""Measurements, each beside a named peer or limit. A number in the README comes from here."""
