"""Checks a bundle offline; needs the standard library, cryptography and asn1crypto only."""
