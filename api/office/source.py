"""The folder or archives that a client brought, once they are in the home: what is still there, and its removal.

Evidence is only ever removed here where a copy of all of it is sealed: that is audited, and read again, before.

LIMIT: removing a file does not overwrite it. A disk of flash memory, a phone, a backup and the mail that it came with
may keep it.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from api.home import Home
from api.office.audit import run_audit
from api.office.brought import opened_export
from api.office.foresee import Holding, new_of
from api.office.intake import Imported, Wish
from evidence.errors import AuthorityError, HomeError
from evidence.finding import Verdict
from evidence.observation import HoleReason, Mode
from monitor.desktop.json import read_export

AUDIT_LEVEL = 2
"""Every ciphertext is there and is what its leaf says."""
_NOT_KEPT = (HoleReason.UNNAMED, HoleReason.REFUSED, HoleReason.BROKE_OFF, HoleReason.OUTSIDE, HoleReason.FROZEN)
"""Reasons for which something lies at the source and is not in the home."""


@dataclass(frozen=True, slots=True)
class SourceSize:
    """What would be removed of a source."""

    files: int
    bytes: int


def require_destroyable(home: Home, wish: Wish) -> None:
    """Check, before an import, that its source may be removed after it.

    Raises:
        AuthorityError: The mode does not keep files; or the source is a single JSON file, whose folder would stay; or
            it is a link, or the home lies in it.
    """
    if wish.mode is not Mode.SEALED or wish.doer.approver is None:
        raise AuthorityError("authority.source_not_sealed")
    for path in wish.paths:
        inside = home.path.resolve().is_relative_to(path.resolve())
        if path.is_symlink() or inside or path.suffix.lower() == ".json":
            raise AuthorityError("authority.source_not_whole", where=str(path))


def source_size(wish: Wish) -> SourceSize:
    """How much lies at the source."""
    files = [each for path in wish.paths for each in ((path,) if path.is_file() else path.rglob("*"))]
    sizes = [each.lstat().st_size for each in files if each.is_symlink() or each.is_file()]
    return SourceSize(len(sizes), sum(sizes))


def require_all_kept(home: Home, wish: Wish, done: Imported) -> None:
    """Check that everything at the source is sealed in the home: by an audit, and by reading the source again.

    Raises:
        AuthorityError: Something there is not kept; nothing was removed.
        HomeError: The audit found something.
    """
    if not done.container.alone:
        raise AuthorityError("authority.source_has_other_chats")
    if lacking := sum(done.missing.get(reason, 0) for reason in _NOT_KEPT):
        raise AuthorityError("authority.source_not_kept", count=lacking)
    audit = run_audit(home, level=AUDIT_LEVEL, against=None, passphrase=None, progress=lambda _more: None)
    if failed := sum(finding.verdict is Verdict.FAILED for finding in audit.report.findings):
        raise HomeError("home.audit_after_upload", count=failed)
    with opened_export(home, wish.paths) as place:
        container = read_export(place, chat_id=wish.chat_id, now=home.clock)
        new = new_of(home, wish, container, Holding())
    left = new.messages + new.service + new.unsupported + new.media
    if container.sha256 != done.container.sha256 or left:
        raise AuthorityError("authority.source_not_kept", count=left)


def destroy_source(wish: Wish) -> tuple[Path, ...]:
    """The verb behind ``--destroy-source``: remove what was imported from where it was brought.

    Raises:
        OSError: Something could not be removed.
    """
    for path in wish.paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return wish.paths
