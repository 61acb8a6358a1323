"""Preserves observations: sealing, objects, the custody log, time stamps, fingerprints, audit."""
