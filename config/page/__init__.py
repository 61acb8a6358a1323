"""What every page for people is put together from: HTML that cannot be broken, and one script of plain modules."""
