"""Time from outside: RFC 3161 time-stamp requests, tokens and their verification."""
