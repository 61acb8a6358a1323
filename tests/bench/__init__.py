"""Measurements, each beside a named peer or limit. A number in the README comes from here."""

import monitor.telegram  # noqa: F401 - so that a measurement can import Telethon
