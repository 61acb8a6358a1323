"""Sources: what a client brings and what a watched channel shows become observations."""
