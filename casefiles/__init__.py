"""Cases, the signed bundle without pictures, and its offline verifier."""
