"""Sheets for the platform: numbers, links and times of a case's items, on one page, without a picture."""
