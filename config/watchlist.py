"""The watchlist's types: a publicly reported channel, and the legal basis for keeping more than metadata.

The program watches only publicly reported channels, so each entry names the report; but for a probe, a channel of the
office's own by whose posts it proves that the watch works. A mode above ``metadata_only`` needs a legal basis that
counsel wrote for the country.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, TypeAlias
from urllib.parse import unquote, urlsplit

from config.errors import LegalBasisError, SettingsError
from config.link import shown_link

Readable: TypeAlias = Path | BinaryIO
"""A file by its path, or bytes on their way in, such as an upload: read once and in order, never sought in."""

MAX_LEGAL_BASIS_BYTES = 64 << 10
"""Counsel writes a page or two; it becomes a value of a leaf, which has a limit of its own."""
_UPLOADED = "legal_basis"
"""What a legal basis without a path is called: by its name in the log."""
_LEGAL_KEYS = frozenset({"text", "counsel", "country", "date", "expires"})
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{3,31}|-?[0-9]{1,19}")
_HOST = r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)"
_OF_MESSAGE = r"(?:/[0-9]+){0,2}/?(?:\?.*)?"
_ADDRESSES = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_HOST}/(?:s/|c/(?=[0-9]))?(?P<name>[a-z0-9_]+){_OF_MESSAGE}",
        rf"(?:https?://)?(?P<name>(?!www\.)[a-z0-9_]+)\.t\.me{_OF_MESSAGE}",
        r"tg://resolve/?\?domain=(?P<name>[a-z0-9_]+)(?:&.*)?",
        r"tg://privatepost/?\?channel=(?P<name>[0-9]+)(?:&.*)?",
    )
)
"""The addresses of a channel or of a message in it (core.telegram.org/api/links)."""


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """What counsel signed for one country.

    Attributes:
        country: ISO 3166-1 alpha-2, or ``XK``.
    """

    text: str
    counsel: str
    country: str
    dated: date
    expires: date

    def values(self) -> dict[str, str]:
        """What an event says of it."""
        return {
            "text": self.text,
            "counsel": self.counsel,
            "country": self.country,
            "date": self.dated.isoformat(),
            "expires": self.expires.isoformat(),
        }


_INVITATION = re.compile(
    rf"(?i:{_HOST}/(?:\+|joinchat/)|tg://join/?\?invite=)([A-Za-z0-9_-]{{6,64}})/?(?:[?&].*)?", re.ASCII
)
_OF_AN_INVITATION = re.compile(r"\.(?:me|dog)/(?:\+|joinchat)|^tg://join|^\s*\+(?![0-9])", re.IGNORECASE)
"""What shows that somebody meant an invitation, though it may not read as one."""


@dataclass(frozen=True, slots=True)
class Joined:
    """How the office came into a group that takes members by invitation.

    Attributes:
        by: The person who joined by hand.
        at: When, as Telegram says it, in the form of the log's times.
        task: The written task on which that was done.
    """

    by: str
    at: str | None
    task: str


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """A channel to watch: with the public report that names it, or as a probe.

    Attributes:
        report_url: None for a probe, as are ``reported_by`` and ``reported_on``.
        reported_as: What the catalogue of public reports calls the group.
        follows: The channel that it reopens.
        channel_id: Its number, where it was looked up.
        joined: Who joined it, where it takes members by invitation.
        rights: Of a probe, as what Telegram shows the office's account there: ``creator``; entries of before have
            ``administrator``, too.

    Raises:
        ValueError: It has neither a report nor rights, or both, or a part of a report.
    """

    channel: str
    report_url: str | None
    reported_by: str | None
    reported_on: date | None
    access: str
    reported_as: str | None = None
    follows: str | None = None
    channel_id: str | None = None
    joined: Joined | None = None
    rights: str | None = None

    def __post_init__(self) -> None:
        report = (self.report_url, self.reported_by, self.reported_on)
        if any(part is None for part in report) != self.is_probe or (self.is_probe and any(report)):
            raise ValueError("expected a channel with its public report, or one of the office's own")

    @property
    def is_probe(self) -> bool:
        """Whether it is a channel of the office's own, by whose posts it proves that the watch works."""
        return self.rights is not None

    @property
    def known_id(self) -> str | None:
        """The channel's bare number, if it was named by it or looked up."""
        return self.number or self.channel_id

    @property
    def number(self) -> str | None:
        """The channel's bare number, as exports write it, if it was named by a number."""
        bare = self.channel.lstrip("-")
        return bare if bare.isdecimal() else None


@dataclass(frozen=True, slots=True)
class UnregisteredChannel(WatchEntry):
    """A public channel that nobody registered: one post of it is captured, and it is not watched."""

    def __post_init__(self) -> None:
        if any((self.report_url, self.reported_by, self.reported_on, self.rights)):
            raise ValueError("expected a channel without a report")

    @classmethod
    def of(cls, name: str, number: int) -> "UnregisteredChannel":
        """The one that has this user name and this number."""
        return cls(name, None, None, None, "public", channel_id=str(number))


def plain_channel(text: str) -> str:
    """The one spelling of a channel in the register, however a person names it; what is none stays as it is.

    ``t.me/name``, ``https://t.me/name``, ``@name``, ``tg://resolve?domain=name`` -> ``name``; ``-100NUMBER``,
    ``t.me/c/NUMBER`` -> ``NUMBER``.
    """
    text = text.strip()
    address = next((found for form in _ADDRESSES if (found := form.fullmatch(text))), None)
    name = (address["name"] if address else text.removeprefix("@")).lower()
    number = re.fullmatch(r"-100([0-9]{1,16})", name, re.ASCII)
    return (number[1].lstrip("0") or number[1]) if number else name


def invite_of(text: str) -> str | None:
    """What follows ``t.me/+`` or the like in a channel's spelling; None if it is not an invitation."""
    found = _INVITATION.fullmatch(unquote(text.strip()))
    return None if found is None else found[1]


def watch_entry(  # noqa: PLR0913 - each by its name, as options and orders have them
    *,
    channel: str,
    report_url: str,
    reported_by: str,
    reported_on: str,
    access: str,
    reported_as: str | None = None,
    follows: str | None = None,
) -> WatchEntry:
    """A checked entry of the register, as it is told to the program.

    Raises:
        SettingsError: A channel is not a username or number, the report not a web address, or the date not a date.
    """
    name = named_channel(channel)
    before = None if follows is None else named_channel(follows)
    if before == name:
        raise SettingsError("settings.follows_itself", found=name)
    if not _is_web_address(report_url):
        raise SettingsError("settings.report_not_an_address", found=report_url[:120])
    if not reported_by.strip():
        raise SettingsError("settings.nobody_reported")
    if not reported_by.isprintable():
        raise SettingsError("settings.not_printable", found=ascii(reported_by)[1:-1][:64])
    if access not in {"public", "invite"}:
        raise SettingsError("settings.not_an_access", found=access[:20])
    day = _date(reported_on, "--reported-on")
    return WatchEntry(name, report_url, reported_by.strip(), day, access, reported_as, before)


def probe_entry(*, channel: str, channel_id: str, access: str, rights: str) -> WatchEntry:
    """The entry of the register for a channel of the office's own, which nobody reported."""
    return WatchEntry(named_channel(channel), None, None, None, access, channel_id=channel_id, rights=rights)


def named_channel(text: str) -> str:
    """The one spelling of a channel in the register; what cannot be one is refused.

    Raises:
        SettingsError: It is neither a user name nor a number.
    """
    name = plain_channel(text)
    if not _CHANNEL.fullmatch(name):
        if _OF_AN_INVITATION.search(unquote(text)):
            raise SettingsError("settings.invitation_without_a_name", found=shown_link(text))
        raise SettingsError("settings.not_a_channel", found=shown_link(text)[:64])
    return name


def _is_web_address(text: str) -> bool:
    try:
        address = urlsplit(text)
    except ValueError:  # a bracket that is not closed
        return False
    return address.scheme in {"http", "https"} and bool(address.hostname) and text.isprintable() and " " not in text


def load_legal_basis(source: Readable, *, today: date) -> LegalBasis:
    """Read and check the file of a legal basis (TOML: text, counsel, country, date, expires).

    Raises:
        LegalBasisError: It cannot be read, a key is missing, unknown or unfit, or the basis is not valid today.
    """
    where = str(source) if isinstance(source, Path) else _UPLOADED
    return _checked(_document_of(source, where), where, today)


def read_legal_basis(values: object, *, today: date) -> LegalBasis:
    """A legal basis for an entry of the register from its ``values``, as an event has them.

    Raises:
        LegalBasisError: It is incomplete or not valid today.
    """
    return _checked(values if isinstance(values, Mapping) else {}, _UPLOADED, today)


def _checked(document: Mapping[str, object], where: str, today: date) -> LegalBasis:
    for key in sorted(_LEGAL_KEYS ^ document.keys()):
        if key in _LEGAL_KEYS:
            raise LegalBasisError("legal_basis.key_missing", where=where, expected=key)
        known = ", ".join(sorted(_LEGAL_KEYS))
        raise LegalBasisError("legal_basis.unknown_key", where=where, expected=known, found=key)
    basis = LegalBasis(
        text=_text(document, "text", where),
        counsel=_text(document, "counsel", where),
        country=_text(document, "country", where),
        dated=_date(document["date"], "date", where),
        expires=_date(document["expires"], "expires", where),
    )
    if not re.fullmatch(r"[A-Z]{2}", basis.country):
        raise LegalBasisError("legal_basis.not_a_country", where=where, found=basis.country[:20])
    if not basis.dated <= today <= basis.expires:
        raise LegalBasisError(
            "legal_basis.not_valid_today",
            where=where,
            dated=str(basis.dated),
            expires=str(basis.expires),
            found=str(today),
        )
    return basis


def _document_of(source: Readable, where: str) -> dict[str, object]:
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                raw = file.read(MAX_LEGAL_BASIS_BYTES + 1)
        else:
            raw = source.read(MAX_LEGAL_BASIS_BYTES + 1)
    except OSError as error:
        raise LegalBasisError(
            "legal_basis.unreadable", where=where, system=error.strerror or type(error).__name__
        ) from error
    if len(raw) > MAX_LEGAL_BASIS_BYTES:
        raise LegalBasisError("legal_basis.too_long", where=where, limit=MAX_LEGAL_BASIS_BYTES)
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LegalBasisError("legal_basis.not_toml", where=where, system=str(error)) from error


def _text(document: Mapping[str, object], key: str, where: str) -> str:
    value = document[key]
    if not isinstance(value, str) or not value.strip():
        raise LegalBasisError("legal_basis.key_empty", file=where, key=key)
    return value.strip()


def _date(value: object, name: str, file: str | None = None) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        shown = str(value)[:40]
        if file is None:
            raise SettingsError("settings.not_a_date", where=name, found=shown) from error
        raise LegalBasisError("legal_basis.not_a_date", file=file, name=name, found=shown) from error
