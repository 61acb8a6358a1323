"""Fingerprints of pictures, made once at intake in a sandboxed decoder and sealed to the matching key."""
