"""The beat by which a home asks for time stamps, noted in ``HOME/beat``: a hint, not evidence.

The file's own time says when a stamp was last asked for, so that only one of several programs asks; its text says
over how many entries.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from evidence.times import Clock

BEAT_FILE = "beat"


@dataclass(frozen=True, slots=True)
class Beat:
    """When and over how many entries a home last asked for a time stamp."""

    file: Path
    clock: Clock

    def begin(self) -> None:
        """Note when a time stamp is asked for, so that nobody else asks at the same time."""
        self.file.touch(mode=0o600)
        at = self.clock().timestamp()
        os.utime(self.file, (at, at))

    def end(self, size: int) -> None:
        """Note over how many entries a time stamp was asked for, whether or not one came."""
        self.file.write_text(f"{max(size, self.asked_size() or 0)}\n", "ascii")
        self.begin()

    def asked_size(self) -> int | None:
        """Over how many entries a time stamp was last asked for; None if nobody noted it."""
        try:
            return int(self.file.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def is_due(self, every_s: float) -> bool:
        """Whether nobody asked for a time stamp in the last ``every_s`` seconds."""
        try:
            asked_at = self.file.stat().st_mtime
        except FileNotFoundError:
            return True
        return not 0 <= self.clock().timestamp() - asked_at < every_s
