"""A Telegram on loopback: an MTProto 2.0 server with a world behind it, for rehearsals, ``demo`` and tests.

Real clients connect to it over TCP on 127.0.0.1 and run the same code that they would run against Telegram. It is
written from the public documentation and the schema of the pinned layer, on Telethon's generated classes: requests are
read with their ``from_reader``, answers are written with ``bytes()``.

It is not Telegram. It does not show how Telegram's own servers limit, ban, merge updates or choose what a difference
holds; it refuses what it is not sure of (``METHOD_NOT_SUPPORTED``). docs/adr/0029 lists the limits.
"""

import monitor.telegram  # noqa: F401 - registers the stand-in without which Telethon cannot be imported
