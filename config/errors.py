"""The root of every error, and the errors of settings.

    Explained
    ├── ConfigError
    │   ├── SettingsError       a setting is unknown, missing or out of range
    │   ├── SecretFileError     a secret file is absent or readable by others
    │   ├── CatalogueError      a shipped catalogue does not fit its schema
    │   ├── LegalBasisError     a legal basis file is incomplete or expired
    │   └── UsageError          a command was called in a way that it has not
    ├── evidence.errors.EvidenceError
    ├── monitor.errors.MonitorError
    └── casefiles.errors.CaseError

An error has a code and facts; its words come from the catalogue, ``data/errors/<language>.json``.
Standard library only: the offline verifier carries this module.
"""

import functools
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

Fact: TypeAlias = "str | float | Explained"
"""A text, a number, or the error that was the cause. Never a secret or a personal detail."""
LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one code with its facts; a part that there is nothing to say of is empty.

    Attributes:
        message: One sentence.
        where: The thing it is about: a file, a setting, ``leaf 12``.
        expected: What should have been there.
        found: What was there instead.
        fix: What the reader can do now, in the imperative.
    """

    message: str = ""
    where: str = ""
    expected: str = ""
    found: str = ""
    fix: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.expected:
            text += f" (expected {self.expected}" + (f", found {self.found})" if self.found else ")")
        elif self.found:
            text += f" (found {self.found})"
        return f"{text}. {self.fix}" if self.fix else text


WORDING_PARTS = ("message", "where", "expected", "found", "fix")


def say(code: str, facts: Mapping[str, Fact], language: str = LANGUAGE) -> Wording:
    """The words of a code, with its facts filled in as ``str.format`` does.

    ``where`` is a fact of its own unless the catalogue makes it of others. A code without words, or
    whose words need other facts (of another version, or of a test), is said by itself, beside the facts that are
    named as the parts are: an error can always be told.
    """
    fields = {
        name: say(fact.code, fact.facts, language) if isinstance(fact, Explained) else fact
        for name, fact in facts.items()
    }
    parts = {name: str(fact) for name, fact in fields.items() if name in WORDING_PARTS}
    try:
        words = {part: text.format_map(fields).strip() for part, text in catalogue(language)[code].items()}
    except (KeyError, ValueError, AttributeError):
        return Wording(**{"message": code, **parts})
    return Wording(**{"where": parts.get("where", ""), **words})


@functools.cache
def catalogue(language: str) -> Mapping[str, Mapping[str, str]]:
    """The words of every code in one language."""
    file = importlib.resources.files("config").joinpath("data", "errors", f"{language}.json")
    return MappingProxyType(json.loads(file.read_text(encoding="utf-8")))


def as_json(facts: Mapping[str, Fact]) -> dict[str, Any]:
    """Facts for a machine; a cause is its code and facts."""
    return {
        name: {"code": fact.code, "facts": as_json(fact.facts)} if isinstance(fact, Explained) else fact
        for name, fact in facts.items()
    }


catalogue(LANGUAGE)  # now: when no file can be opened any more, it is too late to read what to say of it


class Explained(Exception):  # noqa: N818 - the root says what every error here is: explained
    """An error that says what was expected, what was found and what to do.

    Args:
        code: ``area.what``, of the catalogue. It belongs to one class and never changes its meaning.
        facts: What the words of the code need: ``limit=65535``, ``cause=error``.
    """

    def __init__(self, code: str, /, **facts: Fact) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    @property
    def said(self) -> Wording:
        """The words of this error in the language of the program."""
        return say(self.code, self.facts)

    def as_json(self) -> dict[str, Any]:
        """For a machine: code and facts, and the words for whoever shows it."""
        return {"code": self.code, **asdict(self.said), "facts": as_json(self.facts)}

    @property
    def message(self) -> str:
        """What is wrong, in one sentence."""
        return self.said.message

    @property
    def where(self) -> str:
        """The thing that the error is about."""
        return self.said.where

    @property
    def expected(self) -> str:
        """What should have been there."""
        return self.said.expected

    @property
    def found(self) -> str:
        """What was there instead."""
        return self.said.found

    @property
    def fix(self) -> str:
        """What the reader can do now."""
        return self.said.fix

    def __str__(self) -> str:
        return str(self.said)


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


class UsageError(ConfigError):
    """A command was called in a way that it has not."""
