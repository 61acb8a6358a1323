"""The custody log: a Merkle tree of hiding leaves (RFC 9162, C2SP signed notes and tlog-proofs)."""
