"""The forms of a bundle: pure, shared by its writer and its verifiers."""
