"""One table: error -> exit code. An error takes the code of its nearest class in the table.

0 done, PASSED · 1 refused, failed, FAILED · 2 usage · 3 INDETERMINATE.
"""

from collections.abc import Mapping
from types import MappingProxyType

from casefiles.errors import CaseError
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
VERDICT_CODES: Mapping[Verdict, int] = MappingProxyType(
    {Verdict.PASSED: DONE, Verdict.FAILED: REFUSED, Verdict.INDETERMINATE: UNDECIDED}
)


def exit_code(error: Explained) -> int:
    """The exit code of an error."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
