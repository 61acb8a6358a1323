"""The folder that a client brought, once its export is in the home: what lies in it, and its removal.

A file is only ever removed here if it is one that the import reads, and what it holds is sealed: that is audited, and
read again, before. So an archive is not removed, nor HTML pages: more may lie in them than an import reads.

LIMIT: removing a file does not overwrite it. A disk of flash memory, a phone, a backup and the mail that it came with
may keep it.
"""

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from api.home import Home
from api.office.audit import run_audit
from api.office.brought import opened_export
from api.office.foresee import Holding, new_of
from api.office.intake import Imported, Wish
from config import oplog
from evidence.errors import AuthorityError, HomeError
from evidence.finding import Verdict
from evidence.observation import HoleReason, Mode
from monitor.desktop.folder import previews_of
from monitor.desktop.found import RESULT
from monitor.desktop.json import read_export

AUDIT_LEVEL = 2
"""Every ciphertext is there and is what its leaf says."""
_NOTHING_THERE = frozenset(
    {
        HoleReason.GAP,
        HoleReason.MISSING_FILE,
        HoleReason.NOT_INCLUDED,
        HoleReason.TOO_LARGE,
        HoleReason.UNAVAILABLE,
        HoleReason.UNKNOWN_REASON,
        HoleReason.NOT_EXPORTED,
        HoleReason.PAYWALL,
        HoleReason.SELF_DESTRUCTING,
    }
)
"""Why something is not kept that does not lie at the source either."""
_KEPT_ALL_THE_SAME = frozenset(
    {
        HoleReason.OTHER_SIZE,
        HoleReason.NOT_DECODED,
        HoleReason.UNSUPPORTED,
        HoleReason.UNKNOWN,
        HoleReason.BAD_DATE,
        HoleReason.DATES_DIFFER,
        HoleReason.SAYS_NOTHING,
    }
)
"""What could not be read, of a message or file whose bytes are sealed as they came."""

_Seen: TypeAlias = tuple[int, int, int]
"""What a file is known again by: its inode, its bytes, and when it was changed, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Source:
    """The files of an export that are all kept, as they were before they were read again."""

    folder: Path
    files: Mapping[Path, _Seen]


def require_destroyable(home: Home, wish: Wish) -> None:
    """Check, before an import, that its source may be removed after it.

    Raises:
        AuthorityError: The mode does not keep files, or nobody approved; or the source is not the folder of an export
            as JSON, or is a link, or the home or its keys lie in it.
    """
    if wish.mode is not Mode.SEALED or wish.doer.approver is None:
        raise AuthorityError("authority.source_not_sealed")
    folder = wish.path
    holds_us = any(each.resolve().is_relative_to(folder.resolve()) for each in (home.path, home.keys.path))
    if wish.more or folder.is_symlink() or holds_us or not (folder / RESULT).is_file():
        raise AuthorityError("authority.source_not_whole", where=str(folder))


def require_all_kept(home: Home, wish: Wish, done: Imported) -> Source:
    """Check that everything at the source is sealed in the home: by an audit, and by reading the source again.

    Raises:
        AuthorityError: Something there is not kept, or is no file that the import reads; nothing was removed.
        HomeError: The audit found something.
    """
    if not done.container.alone:
        raise AuthorityError("authority.source_has_other_chats")
    audit = run_audit(home, level=AUDIT_LEVEL, against=None, passphrase=None, progress=lambda _more: None)
    if failed := sum(finding.verdict is Verdict.FAILED for finding in audit.report.findings):
        raise HomeError("home.audit_after_upload", count=failed)
    source = Source(wish.path, dict(_files_below(wish.path)))
    held = Holding()
    with opened_export(home, wish.paths) as place:
        container = read_export(place, chat_id=wish.chat_id, now=home.clock)
        new = new_of(home, wish, container, held)
    left = new.messages + new.service + new.unsupported + new.media + new.missing_media
    left += sum(held.missing[reason] for reason in held.missing.keys() - _NOTHING_THERE - _KEPT_ALL_THE_SAME)
    left += len(source.files.keys() - set(_read_files(wish.path, held.names)))
    if container.sha256 != done.container.sha256 or left:
        raise AuthorityError("authority.source_not_kept", count=left)
    return source


def destroy_source(source: Source) -> None:
    """The verb behind ``--destroy-source``: remove the files that were read, and the folders that are empty then.

    That it was done is in the operational log, by number, whether or not all could be removed. It is not in the
    custody log, which has the acts on evidence: this is a client's copy of it.

    Raises:
        AuthorityError: Something was added or changed since they were read; nothing was removed.
        OSError: Something could not be removed.
    """
    changed = dict(_files_below(source.folder)).items() ^ source.files.items()
    if changed:
        raise AuthorityError("authority.source_not_kept", count=len({path for path, _seen in changed}))
    oplog.note("source_removed", count=len(source.files))  # before: of a command that is killed meanwhile, too
    for file in source.files:
        file.unlink()
    for within, _folders, _names in os.walk(source.folder, topdown=False):
        with suppress(OSError):  # something came meanwhile, and stays
            Path(within).rmdir()


def _files_below(folder: Path) -> Iterator[tuple[Path, _Seen]]:
    """Everything in a folder that is no folder, links among it."""
    for path in folder.rglob("*"):
        seen = path.lstat()
        if not stat.S_ISDIR(seen.st_mode):
            yield path, (seen.st_ino, seen.st_size, seen.st_mtime_ns)


def _read_files(folder: Path, names: Collection[str]) -> Iterator[Path]:
    """The files of an export that an import reads, and their previews, which are smaller pictures of the same."""
    yield folder / RESULT
    for name in names:
        spelled = str(PurePosixPath(name.replace("\\", "/")))
        yield from (folder / each for each in (spelled, *previews_of(spelled)))
