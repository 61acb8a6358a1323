"""The live source: channels watched over MTProto, with Telethon.

Only this package and the loopback server of ``monitor.rehearsal`` import Telethon. Importing it first is a
rule: Telethon asks for ``pyaes``, which has no wheel, and ``monitor.telegram.ctr`` stands in for it.
"""

from monitor.telegram import ctr

ctr.stand_in()
