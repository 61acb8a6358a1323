"""The paper that goes with pictures that are handed over."""
