"""The root of every error, and the errors of settings.

    Explained
    ├── ConfigError
    │   ├── SettingsError       a setting is unknown, missing or out of range
    │   ├── SecretFileError     a secret file is absent or readable by others
    │   ├── CatalogueError      a shipped catalogue does not fit its schema
    │   └── LegalBasisError     a legal basis file is incomplete or expired
    ├── evidence.errors.EvidenceError
    ├── monitor.errors.MonitorError
    └── casefiles.errors.CaseError

Standard library only: the offline verifier carries this module.
"""


class Explained(Exception):  # noqa: N818 - the root says what every error here is: explained
    """An error that says what was expected, what was found and what to do.

    Args:
        message: One sentence, never with a secret or a personal detail.
        where: What it is about: a file, a setting, ``leaf 12``.
        expected: What should have been there.
        found: What was there instead.
        fix: What the reader can do now, in the imperative.
    """

    def __init__(self, message: str, *, where: str = "", expected: str = "", found: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.expected = expected
        self.found = found
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.expected:
            text += f" (expected {self.expected}" + (f", found {self.found})" if self.found else ")")
        elif self.found:
            text += f" (found {self.found})"
        return f"{text}. {self.fix}" if self.fix else text


class ConfigError(Explained):
    """Something told to the program is wrong."""


class SettingsError(ConfigError):
    """A setting is unknown, missing or out of range."""


class SecretFileError(ConfigError):
    """A secret file is absent, empty or readable by others."""


class CatalogueError(ConfigError):
    """A shipped catalogue does not fit its schema."""


class LegalBasisError(ConfigError):
    """A legal basis file is incomplete, not yet valid or expired."""
