"""The files of an export: all are complete on disk under temporary names before they get their final names.

A bundle, its letter as a text, and the letter as PDF where it could be made.

The order: ``hold`` writes them beside their places (so a full disk is met there), the caller logs the
export, ``hand_over`` gives them their names with link(2), which refuses to replace. Whatever stops it in
between, a file with the name of a bundle is a whole bundle, and the files of an export that was logged
are not lost: the next export to the same place finds them as ``leftovers``. A file system without hard
links is the exception: an export that is stopped there can leave an empty file, which the next run replaces.
"""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from evidence.errors import HomeError
from evidence.objects.durable import storage_errors, sync_directory

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What a file system without hard links answers: FAT and exFAT, as most sticks have."""

SUFFIX = ".asice"
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a bundle and its letter go; a name without an ending gets that of a bundle."""

    bundle: Path

    def __post_init__(self) -> None:
        if self.bundle.name not in {"", ".."} and not self.bundle.suffix:
            object.__setattr__(self, "bundle", self.bundle.with_suffix(SUFFIX))

    @property
    def letter(self) -> Path:
        """The file of the covering letter as a text."""
        return self.bundle.with_name(f"{self.bundle.name}.letter.txt")

    @property
    def letter_pdf(self) -> Path:
        """The file of the covering letter as PDF, where it could be made."""
        return self.bundle.with_name(f"{self.bundle.name}.letter.pdf")

    def require_folder(self) -> None:
        """Check that there is a folder to write the files to, and that the name is none of another kind of file.

        Raises:
            HomeError: There is no such folder, or the name ends as another kind of file does.
        """
        if self.bundle.suffix.lower() != SUFFIX:
            raise HomeError("home.out_another_kind", where=str(self.bundle), expected=SUFFIX, found=self.bundle.suffix)
        if not self.bundle.parent.is_dir():
            raise HomeError("home.out_folder_missing", where=str(self.bundle.parent))

    def require_free(self) -> None:
        """Check that nothing lies at the name of the bundle or of a letter.

        Raises:
            HomeError: Something does, were it a link that leads nowhere.
        """
        for file in (self.bundle, self.letter, self.letter_pdf):
            if os.path.lexists(file):
                raise HomeError("home.out_taken", where=str(file))

    def hold(self, bundle: Iterable[bytes], letter: bytes, letter_pdf: bytes | None = None) -> "Parts":
        """Write the files under names of their own; on return they have reached the disk.

        Args:
            bundle: Its bytes, piece by piece; what is raised on the way leaves nothing behind.

        Raises:
            StorageFullError: No space; none of them is left behind.
        """
        held = Parts(self, self.bundle.with_name(f"{self.bundle.name}.{secrets.token_hex(4)}{_PART}"), [])
        contents = [bundle, [letter], *([] if letter_pdf is None else [[letter_pdf]])]
        try:
            with storage_errors(self.bundle.parent):
                for (part, _), pieces in zip(held.each(), contents, strict=False):
                    held.locks.append(_written(part, pieces))
                sync_directory(self.bundle.parent)
        except BaseException:
            held.drop()
            raise
        return held

    def has_leftovers(self) -> bool:
        """Whether an export to this place was cut short, or is being made."""
        return any(self._parts())

    @contextmanager
    def leftovers(self) -> Iterator[list["Parts"]]:
        """The files of exports to this place that were cut short; those of exports that go on are not among them."""
        found: list[Parts] = []
        try:
            for part in self._parts():
                lock = _lock_of(part)
                if lock is not None:
                    found.append(Parts(self, part, [lock]))
            yield found
        finally:
            for held in found:
                held.close()

    def _parts(self) -> Iterator[Path]:
        for file in sorted(self.bundle.parent.iterdir()):
            middle = file.name.removeprefix(f"{self.bundle.name}.").removesuffix(_PART)
            if file.name == f"{self.bundle.name}.{middle}{_PART}" and len(middle) == 8 and middle.isalnum():  # noqa: PLR2004 - token_hex(4)
                yield file


@dataclass(frozen=True, slots=True)
class Parts:
    """The complete files of one export, under names that nobody mistakes for a bundle.

    Attributes:
        bundle: The part that the bundle is in; the others are named after it.
        locks: Open files whose locks say that somebody works on this export.
    """

    destination: Destination
    bundle: Path
    locks: list[int]

    @property
    def letter(self) -> Path:
        """The part that the letter as a text is in."""
        return self._beside("letter")

    @property
    def letter_pdf(self) -> Path:
        """The part that the letter as PDF is in, where there is one."""
        return self._beside("letter-pdf")

    def _beside(self, which: str) -> Path:
        return self.bundle.with_name(f"{self.bundle.name.removesuffix(_PART)}.{which}{_PART}")

    def each(self) -> Sequence[tuple[Path, Path]]:
        """Each part with the file that it becomes: the bundle, the letter, and the letter as PDF."""
        to = self.destination
        return [(self.bundle, to.bundle), (self.letter, to.letter), (self.letter_pdf, to.letter_pdf)]

    def drop(self) -> None:
        """Remove every part: the export was not logged."""
        for part, _ in self.each():
            part.unlink(missing_ok=True)
        self.close()

    def hand_over(self, *, again: bool = False) -> None:
        """Give the files their names, the bundle last; on return the names have reached the disk.

        Args:
            again: An earlier run was stopped at this; an empty file at a name is what it left there.

        Raises:
            HomeError: Something was put at a name meanwhile; every part is still there.
        """
        for part, file in reversed(self.each()):
            if part == self.letter_pdf and not part.exists():
                continue  # it could not be made; or, without hard links, an earlier run moved it
            if again:
                _clear(file)
            try:
                give_name(part, file)
            except FileExistsError as error:
                raise HomeError("home.export_name_taken", where=str(file), part=part.name) from error
        sync_directory(self.bundle.parent)
        self.drop()

    def close(self) -> None:
        """Release the locks on the parts."""
        while self.locks:
            os.close(self.locks.pop())


def _written(part: Path, pieces: Iterable[bytes]) -> int:
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with os.fdopen(handle, "wb", closefd=False) as sink:
            sink.writelines(pieces)
            sink.flush()
            os.fsync(handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _lock_of(part: Path) -> int | None:
    """The lock of a part that nobody works on any more. None if somebody does, or has just finished."""
    try:
        handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if part.stat().st_ino == os.fstat(handle).st_ino:
            return handle
    except OSError:  # another holds it, or took the name away
        pass
    os.close(handle)
    return None


def _clear(file: Path) -> None:
    """Remove an empty file. ``give_name`` makes one where there are no hard links; it holds no data."""
    with suppress(FileNotFoundError):
        status = file.lstat()
        if stat.S_ISREG(status.st_mode) and not status.st_size:
            file.unlink()


def give_name(part: Path, file: Path) -> None:
    """Give a complete file of an export or a renewal its name, which has then not reached the disk.

    Raises:
        FileExistsError: Another file has the name; it was not touched.
    """
    try:
        os.link(part, file)  # unlike rename, link(2) refuses to replace
    except FileExistsError:
        with suppress(FileNotFoundError):
            if part.samefile(file):  # an earlier run came as far as this
                return
        raise
    except FileNotFoundError:
        if not file.exists():  # without hard links an earlier run moved it
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        part.replace(file)  # over the empty file that was ours a moment ago
