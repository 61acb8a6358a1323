"""Bytes of photos and documents, in parts (core.telegram.org/api/files)."""

from telethon.tl import functions

from monitor.rehearsal.telegram.requests.caller import Answers, Caller
from monitor.rehearsal.telegram.wire import Tl


def get_file(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: a part of a file that lies in this data centre."""
    caller.require_login()
    return caller.world.media.part(request, dc=caller.dc)


ANSWERS: Answers = {functions.upload.GetFileRequest: get_file}
