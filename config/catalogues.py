"""Loads the catalogues in ``config/data`` and checks every entry before anyone uses it.

A catalogue is data that one person maintains and another verifies. Each entry names its source,
and ``verified_by`` stays null until a named person has checked it. Outside this module an entry is
a frozen value. A mistake in a file raises a ``CatalogueError`` that names the file and the key.
"""

import hashlib
import importlib.resources
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from config.errors import CatalogueError, Term
from config.unfit import wanted

OFFICES = "offices.json"
OFFICES_FOLDER = "offices"
REPORTED = "reported.json"
PLATFORM = "platform.json"
CHILDREN = "children.json"


@dataclass(frozen=True, slots=True)
class RootCertificate:
    """A root certificate that comes with the program.

    Attributes:
        file: Its name in ``config/data/offices``.
        subject: What its owner calls it.
        sha256: SHA-256 of its DER, lower hex: compare it with the fingerprint that its owner publishes.
        pem: The certificate, checked against ``sha256``.
    """

    file: str
    subject: str
    sha256: str
    pem: bytes


@dataclass(frozen=True, slots=True)
class OfficeEntry:
    """A time-stamp office that settings may choose by name.

    Attributes:
        name: What settings and the log call it.
        title: What people call it.
        country: ISO 3166-1, two letters: the country whose law applies to it.
        qualified: Whether it is on an EU trusted list (eIDAS, article 42); None if nobody looked.
        source: Where the address and the root come from.
        verified_by: Who checked this entry; if None, check it before first use.
    """

    name: str
    title: str
    url: str
    country: str
    qualified: bool | None
    source: str
    verified_by: str | None
    roots: tuple[RootCertificate, ...]


@dataclass(frozen=True, slots=True)
class PublicReport:
    """A public statement that names groups.

    Attributes:
        source: How it was read.
        verified_by: Who compared this entry with the report; if None, read the report first.
    """

    title: str
    url: str
    reported_by: str
    reported_on: date
    source: str
    verified_by: str | None


@dataclass(frozen=True, slots=True)
class ReportedGroup:
    """A group that public reports name.

    Attributes:
        name: As this program calls it.
        spellings: As reports spell it, in every script and language.
        reports: The reports that name it, the earliest first.
    """

    name: str
    spellings: tuple[str, ...]
    reports: tuple[PublicReport, ...]


@dataclass(frozen=True, slots=True)
class PlatformRule:
    """A line of law, or of the platform's own rules, that sheets for the platform print.

    Attributes:
        about: ``offence``, ``terms`` of the platform, or ``order`` of an authority.
        sheets: The kinds of sheets that print it.
        country: ISO 3166-1, two letters, or ``XK``: only for an authority or a client there; None for any.
        verified_by: Who compared it with the text of the rule; if None, counsel verifies it first.
    """

    about: str
    sheets: tuple[str, ...]
    country: str | None
    says: str
    source: str
    verified_by: str | None


@dataclass(frozen=True, slots=True)
class Platform:
    """What is known of a platform that sheets are written to.

    Attributes:
        address_months: For how many months, at most, it says that it keeps the address of who posted.
        rules: In the order in which sheets print them.
    """

    name: str
    address_months: int
    source: str
    verified_by: str | None
    rules: tuple[PlatformRule, ...]

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries that have rules of their own."""
        return tuple(sorted({rule.country for rule in self.rules if rule.country is not None}))


class Then(StrEnum):
    """What becomes of material that may show a child, once it is reported."""

    ASK = "ask"
    DESTROY = "destroy"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class ChildRule:
    """What counsel has written of material that may show a child.

    Attributes:
        country: ISO 3166-1, two letters, or ``XK``; None for the rule where no country of the catalogue is set.
        written: What the rule says becomes of it.
        hold_days: For how many days at most it is held for the police; None where it is not.
        written_by: Counsel; None as long as no counsel has written a rule.
        verified_by: Who compared this entry with counsel's paper; if None, it decides nothing.
    """

    country: str | None
    written: Then
    hold_days: int | None
    says: str
    source: str
    written_by: str | None
    written_on: date | None
    verified_by: str | None

    @property
    def then(self) -> Then:
        """What becomes of it: a rule that nobody has verified decides nothing, so counsel is asked."""
        return Then.ASK if self.verified_by is None else self.written


@dataclass(frozen=True, slots=True)
class ChildHotline:
    """A hotline that takes reports of material that may show a child.

    Attributes:
        verified_by: Who asked it whether it takes reports, and how; if None, counsel verifies it first.
    """

    name: str
    says: str
    source: str
    verified_by: str | None


@dataclass(frozen=True, slots=True)
class ChildRules:
    """What counsel has written, by country, and the hotlines there."""

    default: ChildRule
    rules: Mapping[str, ChildRule]
    hotlines: Mapping[str, tuple[ChildHotline, ...]]

    def rule_of(self, country: str) -> ChildRule:
        """The rule of a country; the default where there is none."""
        return self.rules.get(country, self.default)

    def hotlines_of(self, country: str) -> tuple[ChildHotline, ...]:
        """The hotlines of a country."""
        return self.hotlines.get(country, ())


def child_rules(file: Traversable | None = None) -> ChildRules:
    """What a catalogue says becomes of material that may show a child, and to whom it is reported.

    Args:
        file: An office's own; the shipped one by default.

    Raises:
        CatalogueError: An entry does not fit its schema.
    """
    file = file or importlib.resources.files("config").joinpath("data", CHILDREN)
    found = _parse(_ChildrenFile, _read_file(file), file.name)
    rules = {country: _child_rule(country, row.rule) for country, row in found.countries.items()}
    hotlines = {
        country: tuple(ChildHotline(**hotline.model_dump()) for hotline in row.hotlines)
        for country, row in found.countries.items()
    }
    default = _child_rule(None, found.default)
    return ChildRules(default, MappingProxyType(rules), MappingProxyType(hotlines))


def _child_rule(country: str | None, row: "_ChildRuleRow") -> ChildRule:
    return ChildRule(
        country, Then(row.then), row.hold_days, row.says, row.source, row.written_by, row.written_on, row.verified_by
    )


def sheet_platform(data: Traversable | None = None) -> Platform:
    """The shipped catalogue's platform that sheets are written to, with its rules and those of law.

    Args:
        data: Folder with ``platform.json``; the shipped one by default.

    Raises:
        CatalogueError: An entry does not fit its schema.
    """
    data = data or importlib.resources.files("config").joinpath("data")
    file = _parse(_PlatformFile, _read(data, PLATFORM), PLATFORM)
    rules = tuple(
        PlatformRule(row.about, tuple(row.sheets), row.country, row.says, row.source, row.verified_by)
        for row in file.rules.values()
    )
    told = file.platform
    return Platform(told.name, told.address_months, told.source, told.verified_by, rules)


def reported_groups(data: Traversable | None = None) -> Mapping[str, ReportedGroup]:
    """The shipped catalogue's groups that public reports name, by the name of their entry.

    Args:
        data: Folder with ``reported.json``; the shipped one by default.

    Raises:
        CatalogueError: An entry does not fit its schema, or names a report that is not there.
    """
    data = data or importlib.resources.files("config").joinpath("data")
    file = _parse(_ReportedFile, _read(data, REPORTED), REPORTED)
    reports = {name: PublicReport(**row.model_dump()) for name, row in file.reports.items()}
    groups: dict[str, ReportedGroup] = {}
    for name, row in file.groups.items():
        for at, wanted_report in enumerate(row.reports):
            if wanted_report not in reports:
                key = f"groups.{name}.reports.{at}"
                known = ", ".join(sorted(reports))
                raise CatalogueError("catalogue.no_such_report", file=REPORTED, key=key, expected=known)
        named = sorted((reports[each] for each in row.reports), key=lambda report: report.reported_on)
        groups[name] = ReportedGroup(row.name, tuple(row.spellings), tuple(named))
    return MappingProxyType(groups)


def group_of(text: str, groups: Mapping[str, ReportedGroup]) -> ReportedGroup | None:
    """The group of the shipped catalogue that a person means, by any spelling or its entry's name; case is ignored."""
    meant = " ".join(text.split()).casefold()
    for name, group in groups.items():
        if meant in {name, group.name.casefold(), *(spelling.casefold() for spelling in group.spellings)}:
            return group
    return None


def time_stamp_offices(data: Traversable | None = None) -> Mapping[str, OfficeEntry]:
    """The shipped catalogue's time-stamp offices that settings may name.

    Args:
        data: Folder with ``offices.json`` and ``offices/``; the shipped one by default.

    Raises:
        CatalogueError: An entry does not fit its schema, or a root is not the one it names.
    """
    data = data or importlib.resources.files("config").joinpath("data")
    catalogue = _parse(_OfficeFile, _read(data, OFFICES), OFFICES)
    folder = data.joinpath(OFFICES_FOLDER)
    return MappingProxyType({name: _entry(name, row, folder) for name, row in catalogue.offices.items()})


# --- the border


def _web_address(text: str) -> str:
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname or address.username or address.fragment:
        raise PydanticCustomError("web_address", "web_address")
    return text


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise PydanticCustomError("day", "day") from error


_Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _RootRow(_Row):
    file: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*\.pem$")]
    subject: _Text
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _OfficeRow(_Row):
    title: _Text
    url: Annotated[str, AfterValidator(_web_address)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    qualified: bool | None
    source: _Text
    verified_by: _Text | None
    roots: Annotated[list[_RootRow], Field(min_length=1)]


class _OfficeFile(_Row):
    format: Literal["nisisama/offices/1"]
    note: _Text
    offices: dict[_Name, _OfficeRow]


class _ReportRow(_Row):
    title: _Text
    url: Annotated[str, AfterValidator(_web_address)]
    reported_by: _Text
    reported_on: Annotated[date, BeforeValidator(_day)]
    source: _Text
    verified_by: _Text | None


class _GroupRow(_Row):
    name: _Text
    spellings: Annotated[list[_Text], Field(min_length=1)]
    reports: Annotated[list[_Name], Field(min_length=1)]


class _ReportedFile(_Row):
    format: Literal["nisisama/reported/1"]
    note: _Text
    reports: dict[_Name, _ReportRow]
    groups: dict[_Name, _GroupRow]


class _PlatformRow(_Row):
    name: _Text
    address_months: Annotated[int, Field(ge=1, le=120)]
    source: _Text
    verified_by: _Text | None


class _RuleRow(_Row):
    about: Literal["offence", "order", "terms"]
    sheets: Annotated[list[Literal["disclosure", "notice", "preservation"]], Field(min_length=1)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None
    says: _Text
    source: _Text
    verified_by: _Text | None


class _PlatformFile(_Row):
    format: Literal["nisisama/platform/1"]
    note: _Text
    platform: _PlatformRow
    rules: dict[_Name, _RuleRow]


class _ChildRuleRow(_Row):
    then: Literal["ask", "destroy", "hold"]
    hold_days: Annotated[int, Field(ge=1, le=3650)] | None
    says: _Text
    source: _Text
    written_by: _Text | None
    written_on: Annotated[date, BeforeValidator(_day)] | None
    verified_by: _Text | None

    @model_validator(mode="after")
    def _fits(self) -> "_ChildRuleRow":
        """A decision has somebody who wrote it, and when; days are of a hold alone."""
        nobody = self.then != "ask" and (self.written_by is None or self.written_on is None)
        if nobody or (self.then == "hold") != (self.hold_days is not None):
            raise PydanticCustomError("rule_of_counsel", "rule_of_counsel")
        return self


class _HotlineRow(_Row):
    name: _Text
    says: _Text
    source: _Text
    verified_by: _Text | None


class _CountryRow(_Row):
    rule: _ChildRuleRow
    hotlines: list[_HotlineRow]


class _ChildrenFile(_Row):
    format: Literal["nisisama/children/1"]
    note: _Text
    default: _ChildRuleRow
    countries: dict[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")], _CountryRow]


_File = TypeVar("_File", bound=_Row)


def _parse(form: type[_File], text: bytes, file: str) -> _File:
    try:
        return form.model_validate(json.loads(text, object_pairs_hook=_each_once))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CatalogueError("catalogue.entry_does_not_fit", file=file, key=key, expected=wanted(first)) from error
    except (ValueError, RecursionError) as error:
        raise CatalogueError("catalogue.not_json", where=file, system=str(error)[:120]) from error


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        doubled = sorted({name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1})
        raise ValueError(", ".join(doubled))
    return names


def _read(folder: Traversable, name: str) -> bytes:
    return _read_file(folder.joinpath(name))


def _read_file(file: Traversable) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CatalogueError("catalogue.file_unreadable", where=file.name, found=type(error).__name__) from error


def _entry(name: str, row: _OfficeRow, folder: Traversable) -> OfficeEntry:
    return OfficeEntry(
        name=name,
        title=row.title,
        url=row.url,
        country=row.country,
        qualified=row.qualified,
        source=row.source,
        verified_by=row.verified_by,
        roots=tuple(
            _root(
                root,
                folder,
                where=Term("place.key_of_file", file=OFFICES, key=".".join(("offices", name, "roots", str(at)))),
            )
            for at, root in enumerate(row.roots)
        ),
    )


def _root(row: _RootRow, folder: Traversable, *, where: Term) -> RootCertificate:
    pem = _read(folder, row.file)
    found = hashlib.sha256(_one_certificate(pem, row.file)).hexdigest()
    if found != row.sha256:
        raise CatalogueError(
            "catalogue.another_certificate", file=row.file, where=where, expected=row.sha256, found=found
        )
    return RootCertificate(file=row.file, subject=row.subject, sha256=row.sha256, pem=pem)


def _one_certificate(pem: bytes, file: str) -> bytes:
    """DER of a PEM file that holds one certificate and nothing else."""
    try:
        der = ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))
    except ValueError as error:
        raise CatalogueError("catalogue.not_pem", where=file, length=len(pem)) from error
    # the base64 reader is lenient: a second certificate could hide behind the first one's padding
    if ssl.DER_cert_to_PEM_cert(der).encode("ascii") != pem:
        raise CatalogueError("catalogue.not_one_plain_pem", where=file)
    return der
