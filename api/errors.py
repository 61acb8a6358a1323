"""One table: error -> exit code. An error takes the code of its nearest class in the table.

A second table gives the code of each error of the system.

0 done, PASSED · 1 refused, failed, FAILED · 2 usage · 3 INDETERMINATE.
"""

import errno
from collections.abc import Mapping
from types import MappingProxyType

from casefiles.errors import CaseError
from casefiles.verifier import report as verifier
from config.errors import ConfigError, Explained, UsageError
from evidence.errors import EvidenceError, NobodyNamedError
from evidence.finding import Verdict
from monitor.errors import MonitorError

DONE = 0
REFUSED = 1
USAGE = 2
UNDECIDED = 3

EXIT_CODES: Mapping[type[Explained], int] = MappingProxyType(
    {
        ConfigError: REFUSED,
        UsageError: USAGE,
        EvidenceError: REFUSED,
        NobodyNamedError: USAGE,
        MonitorError: REFUSED,
        CaseError: REFUSED,
    }
)
VERDICT_CODES: Mapping[Verdict, int] = verifier.EXIT_CODES
"""The verifier's own table: a script need not know which program it called."""

_SYSTEM_CODES: Mapping[int, str] = MappingProxyType(
    {
        errno.EACCES: "system.not_permitted",
        errno.EPERM: "system.not_permitted",
        errno.EROFS: "system.read_only",
        errno.ENOENT: "system.not_there",
        errno.ENOTDIR: "system.not_there",
        errno.EEXIST: "system.there_already",
        errno.ENOSPC: "system.no_space",
    }
)


def of_system(error: OSError) -> Explained:
    """Our error for one of the operating system, with what to do about it."""
    code = _SYSTEM_CODES.get(error.errno or 0, "system.other")
    return Explained(code, system=error.strerror or str(error), where=str(error.filename or ""))


def exit_code(error: Explained) -> int:
    """The exit code of an error."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
