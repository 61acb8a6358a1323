"""The root of every error, and the errors of settings.

    Explained
    ├── ConfigError
    │   ├── SettingsError       a setting is unknown, missing or out of range
    │   ├── SecretFileError     a secret file is absent or readable by others
    │   ├── CatalogueError      a shipped catalogue does not fit its schema
    │   ├── LegalBasisError     a legal basis file is incomplete or expired
    │   ├── UsageError          a command was called in a way that it has not
    │   ├── CallError           a call of the API was refused before anything was done
    │   ├── MailError           a mail cannot be sent with these settings
    │   └── StoppedError        somebody stopped a command before its end
    ├── evidence.errors.EvidenceError
    ├── monitor.errors.MonitorError
    └── casefiles.errors.CaseError

An error has a code and facts; its words come from the catalogue, ``data/errors/<language>.json``. A fact is data:
a number, a name, a path, a time, or a term that the catalogue has words for. English is never a fact. What the
operating system, the database or a library says is the fact ``system``, which the catalogue quotes.
Standard library only: the offline verifier carries this module.
"""

import functools
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from config.times import told_time

Fact: TypeAlias = "str | float | Term | Explained"
"""A name, a number, a term, or the error that was the cause. Never a secret or a personal detail."""
Where: TypeAlias = "str | Term"
"""What an error is about: a name from outside, as a path or a member, or a term."""
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

    @property
    def outcome(self) -> str:
        """What is there, or happened, in one line: a message and what was found."""
        return ": ".join(part for part in (self.message, self.found) if part)


WORDING_PARTS = ("message", "where", "expected", "found", "fix")


def put_in_words(code: str, facts: Mapping[str, Fact], language: str = LANGUAGE) -> Wording:
    """The words of an error's code, with its facts filled in as ``str.format`` does.

    ``{at:time}`` is a time, for a person; ``{at:by}`` is one that is a bound from above (``told_time``).

    ``where`` is a fact of its own unless the catalogue makes it of others. A code without words, or
    whose words need other facts (of another version, or of a test), is said by itself, beside the facts that are
    named as the parts are: an error can always be told.
    """
    fields = {name: _said(fact, language) for name, fact in facts.items()}
    parts = {name: str(fact) for name, fact in fields.items() if name in WORDING_PARTS}
    try:
        words = {part: text.format_map(fields).strip() for part, text in catalogue(language)[code].items()}
    except (KeyError, ValueError, AttributeError):
        return Wording(**{"message": code, **parts})
    return Wording(**{"where": parts.get("where", ""), **words})


def _said(fact: Fact, language: str) -> Wording | str | float:
    """A fact as words may use it: a cause by its parts, a term by its one part, anything else as it is."""
    if isinstance(fact, Explained):
        return put_in_words(fact.code, fact.facts, language)
    if isinstance(fact, Term):
        return put_in_words(fact.code, fact.facts, language).message
    return _Text(fact) if isinstance(fact, str) else fact


_TIME_FORMS = ("time", "by")


class _Text(str):
    """A text that the words may show as a time, with ``time`` or ``by`` as its form."""

    __slots__ = ()

    def __format__(self, form: str) -> str:
        return told_time(self, up=form == "by") if form in _TIME_FORMS else super().__format__(form)


@functools.cache
def catalogue(language: str) -> Mapping[str, Mapping[str, str]]:
    """The words of every error's code in one language."""
    file = importlib.resources.files("config").joinpath("data", "errors", f"{language}.json")
    return MappingProxyType(json.loads(file.read_text(encoding="utf-8")))


def facts_as_json(facts: Mapping[str, Fact]) -> dict[str, Any]:
    """Facts of an error or a finding for a machine; a term and a cause are their code and facts."""
    return {
        name: {"code": fact.code, "facts": facts_as_json(fact.facts)} if isinstance(fact, Coded) else fact
        for name, fact in facts.items()
    }


catalogue(LANGUAGE)  # now: when no file can be opened any more, it is too late to read what to say of it


class Coded:
    """Whatever has a code and facts, and so has words.

    Attributes:
        code: Of the catalogue; empty where there is nothing to say.
        facts: What the words of the code need.
    """

    __slots__ = ()
    code: str
    facts: Mapping[str, Fact]

    @property
    def said(self) -> Wording:
        """Its words in the language of the program."""
        return put_in_words(self.code, self.facts) if self.code else Wording()

    @property
    def message(self) -> str:
        """What is wrong, in one sentence."""
        return self.said.message

    @property
    def where(self) -> str:
        """The thing that it is about: a member, a setting, ``leaf 12``."""
        return self.said.where

    @property
    def expected(self) -> str:
        """What should have been there."""
        return self.said.expected

    @property
    def found(self) -> str:
        """What was there instead, in the words of the code."""
        return self.said.found

    @property
    def fix(self) -> str:
        """What the reader can do now."""
        return self.said.fix


class Term(Coded):
    """A thing that the catalogue names: ``Term("place.leaf", index=12)``. It is a fact of an error or of a finding.

    Args:
        code: ``area.what``, of the catalogue, whose words have a message and no other part.
        facts: What its words need.
    """

    __slots__ = ("code", "facts")

    def __init__(self, code: str, /, **facts: Fact) -> None:
        self.code = code
        self.facts = facts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and (self.code, self.facts) == (other.code, other.facts)

    def __hash__(self) -> int:
        return hash(self.code)

    def __repr__(self) -> str:
        return f"Term({self.code!r}, {self.facts!r})"

    def __str__(self) -> str:
        return self.said.message


class Explained(Coded, Exception):  # noqa: N818 - the root says what every error here is: explained
    """An error that says what was expected, what was found and what to do.

    Args:
        code: ``area.what``, of the catalogue. It belongs to one class and never changes its meaning.
        facts: What the words of the code need: ``limit=65535``, ``cause=error``.
    """

    def __init__(self, code: str, /, **facts: Fact) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def as_json(self) -> dict[str, Any]:
        """For a machine: code and facts, and the words for whoever shows it."""
        return {"code": self.code, **asdict(self.said), "facts": facts_as_json(self.facts)}

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


class CallError(ConfigError):
    """A call of the API is refused before anything is done."""


class MailError(ConfigError):
    """A mail cannot be sent with these settings."""


class StoppedError(ConfigError):
    """Somebody stopped a command before its end."""
