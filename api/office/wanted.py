"""What can be asked for as a task, checked as far as it can be before anybody works on it."""

import hashlib
import io
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from api.home import Home
from api.office.addition import Brought
from api.office.approval import agree
from api.office.bundle import require_exportable
from api.office.case import require_case
from api.office.check import require_checkable
from api.office.task import (
    TaskKind,
    TaskWish,
    bundle_of,
    new_task_id,
    order_task,
    remove_files,
    take_upload,
    taken_files,
)
from config.errors import CallError
from evidence.authority import Doer, Request, legal_basis_for, require_reason
from evidence.names import require_name
from evidence.observation import Mode
from evidence.seal.recipients import KeyIdentity
from monitor.pages import SavedPage

_CHUNK = 1 << 20
_MOST_NAME = 255
"""Bytes; no file system has longer names."""


@dataclass(frozen=True, slots=True)
class WantedImport:
    """An export that a call brings.

    Attributes:
        archive: A ZIP archive of it; can be sought in.
        chat: Which chat of a full export; None where it holds one.
        legal_basis: The text of the file that a mode above ``metadata_only`` needs.
    """

    archive: BinaryIO
    declared_by: str
    mode: Mode
    chat: str | None
    legal_basis: str | None
    private_chat: bool


@dataclass(frozen=True, slots=True)
class WantedAddition:
    """Single files and links that a call brings.

    Attributes:
        files: Name and bytes of each.
        source: Where they come from, in the words of whoever brings them.
        page: Where the page was that the last of the files is; None if none is one.
        chat: The number of the channel that it shows, as the call says.
        case_id: A case that all of it is added to; None for none.
    """

    files: Sequence[tuple[str, BinaryIO]]
    links: Sequence[str]
    declared_by: str
    source: str
    page: str | None
    chat: str | None
    case_id: str | None


@dataclass(frozen=True, slots=True)
class WantedBundle:
    """A bundle that a call asks for; ``to`` is a receiver as the register names it."""

    case_id: str
    audience: str
    language: str
    to: str | None


def ask_for_import(home: Home, wanted: WantedImport, doer: Doer) -> str:
    """The verb by which a call orders an import: unpack an export, and return the task's id.

    The same archive again is the same task.

    Raises:
        AuthorityError, LegalBasisError: The mode needs a legal basis, or takes none, or it is not valid today.
        ArchiveError: The archive is damaged, or not what it says.
        StorageFullError: The disk has too little room.
    """
    basis = wanted.legal_basis
    legal_basis_for(wanted.mode, None if basis is None else io.BytesIO(basis.encode()), today=home.today())
    said = {
        "declared_by": require_name(wanted.declared_by),
        "mode": wanted.mode.value,
        "chat": wanted.chat,
        "legal_basis": basis,
        "private_chat": wanted.private_chat,
    }
    digest = _sha256(wanted.archive)
    task_id = take_upload(home, wanted.archive)
    alike = [TaskKind.IMPORT, digest, *map(str, said.values())]
    there = ""
    try:
        there = order_task(home, TaskWish(TaskKind.IMPORT, doer, said, alike=alike), task_id)
    finally:
        if there != task_id:
            remove_files(home, task_id)
    return there


def ask_for_addition(home: Home, wanted: WantedAddition, doer: Doer) -> str:
    """The verb by which a call orders an addition: put its files on the disk, and return the task's id.

    The same files with the same words again are the same task, as long as it has not ended.

    Raises:
        CallError: It brings nothing, or a name that no file has.
        AuthorityError: Nobody is declared, or by a name that is none; or the source is blank.
        BroughtLinkError: A link is none.
        UnknownItemError: There is no such case.
        StorageFullError: The disk has too little room.
    """
    if not wanted.files and not wanted.links:
        raise CallError("call.brings_nothing")
    if wanted.case_id is not None:
        require_case(home, wanted.case_id)
    names = [_name(name) for name, _file in wanted.files]
    checked = Brought((), wanted.source, wanted.declared_by, doer, links=wanted.links)
    page = None if wanted.page is None else SavedPage(wanted.page, Path()).address
    said = {
        "names": names,
        "links": list(checked.links),
        "declared_by": checked.declared_by,
        "source": checked.source,
        "page": page,
        "chat": wanted.chat,
    }
    there = ""
    with taken_files(home, [file for _name, file in wanted.files]) as (task_id, digests):
        alike = [TaskKind.ADDITION, *digests, json.dumps([said, wanted.case_id, doer.reason])]
        seeded = said | {"seed": secrets.token_hex(32)}
        there = order_task(home, TaskWish(TaskKind.ADDITION, doer, seeded, wanted.case_id, alike=alike), task_id)
    if there != task_id:
        remove_files(home, task_id)
    return there


def _name(sent: str) -> str:
    """What a file is called, without the folders that a program may put before it; browsers cut them off themselves.

    Raises:
        CallError: It is a name that no file has.
    """
    name = re.split(r"[/\\]", sent)[-1]
    if name in ("", ".", "..") or len(name.encode("utf-8", "replace")) > _MOST_NAME or "\0" in name:
        raise CallError("call.no_file_name")
    return name


def _sha256(archive: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := archive.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def ask_for_bundle(home: Home, wanted: WantedBundle, doer: Doer) -> str:
    """The verb by which a call orders a bundle; return the task's id.

    The same again, as long as it has not ended, is the same task.

    Raises:
        UnknownItemError: There is no such case, or it has no items.
        AuthorityError: There is no reason.
        Explained: As ``require_exportable``.
    """
    require_reason(doer, act="export")
    task_id = new_task_id()
    require_exportable(home, wanted.case_id, bundle_of(home, task_id))
    said = {"audience": wanted.audience, "language": wanted.language, "to": wanted.to}
    alike = [TaskKind.BUNDLE, wanted.case_id, *map(str, said.values()), doer.reason or ""]
    return order_task(home, TaskWish(TaskKind.BUNDLE, doer, said, wanted.case_id, alike=alike), task_id)


def ask_for_check(home: Home, case_id: str, asked: Mapping[str, str], doer: Doer, casework: KeyIdentity) -> str:
    """The verb by which a call orders a check of pictures: return the task's id.

    Args:
        asked: ``receipt`` of a question that is kept, or ``sealed``: a question of its own, in hex.

    Raises:
        UnknownItemError: There is no such case.
        AuthorityError: Its consent was withdrawn, has ended or is not to this.
    """
    require_checkable(home, case_id, casework)
    return order_task(home, TaskWish(TaskKind.CHECK, doer, asked, case_id))


def ask_for_act(home: Home, asked: Request, doer: Doer, casework: KeyIdentity, case_id: str | None) -> str:
    """The verb by which a call approves: approve what somebody asked for, order the act, return the task's id.

    Raises:
        AuthorityError: ``doer`` may not approve it, somebody answered it, or it needs the cards.
    """
    agree(home, asked, doer, casework)
    wanted = TaskWish(
        TaskKind.APPROVAL, doer, {"request": asked.request}, case_id, asked.request, [TaskKind.APPROVAL, asked.request]
    )
    return order_task(home, wanted)
