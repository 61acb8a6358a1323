"""Loopback stand-ins for outside services, so that the whole way can be rehearsed offline."""
