"""Telethon can be imported in these tests, since our stand-in for pyaes is registered first."""

import monitor.telegram  # noqa: F401
