"""The forms in which media are handed over, each opened by programs of others: age, CMS, an encrypted ZIP archive."""
