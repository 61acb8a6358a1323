"""The court bundle: ASiC-E with CAdES (ETSI EN 319 162-1), at once a BagIt bag (RFC 8493)."""
