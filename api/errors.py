"""One table: error -> exit code. An error takes the code of its nearest class in the table.

And one for the system's errors: what to do about each.

0 done, PASSED · 1 refused, failed, FAILED · 2 usage · 3 INDETERMINATE.
"""

import errno
from collections.abc import Mapping
from types import MappingProxyType

from casefiles.errors import CaseError
from casefiles.verifier import report as verifier
from config.errors import ConfigError, Explained
from evidence.errors import EvidenceError
from evidence.finding import Verdict
from monitor.errors import MonitorError

DONE = 0
REFUSED = 1
USAGE = 2
UNDECIDED = 3

EXIT_CODES: Mapping[type[Explained], int] = MappingProxyType(
    {
        ConfigError: REFUSED,
        EvidenceError: REFUSED,
        MonitorError: REFUSED,
        CaseError: REFUSED,
    }
)
VERDICT_CODES: Mapping[Verdict, int] = verifier.EXIT_CODES
"""The verifier's own table: a script need not know which program it called."""

_SYSTEM_REMEDIES: Mapping[int, str] = MappingProxyType(
    {
        errno.EACCES: "Run it as the account that owns this, or name another place",
        errno.EPERM: "Run it as the account that owns this, or name another place",
        errno.EROFS: "Name a place that can be written to",
        errno.ENOENT: "Check the path",
        errno.ENOTDIR: "Check the path",
        errno.EEXIST: "Name another place, or move away what is there",
        errno.ENOSPC: "Make room and run it again: what was acknowledged is kept",
    }
)


def of_system(error: OSError) -> Explained:
    """An error of the operating system, with what to do about it."""
    return Explained(
        error.strerror or str(error),
        where=str(error.filename or ""),
        fix=_SYSTEM_REMEDIES.get(error.errno or 0, "Look at the disk and at this path, then run it again"),
    )


def exit_code(error: Explained) -> int:
    """The exit code of an error."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
