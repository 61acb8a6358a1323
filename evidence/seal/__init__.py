"""The age v1 envelopes of the store (c2sp.org/age): pure over bytes, no database and no clock."""
