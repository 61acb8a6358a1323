"""The watchlist's types: a publicly reported channel, and the legal basis for keeping more than metadata.

The program watches only publicly reported channels, so each entry names the report. A mode above
``metadata_only`` needs a legal basis that counsel wrote for the country.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from config.errors import LegalBasisError, SettingsError

_LEGAL_KEYS = frozenset({"text", "counsel", "country", "date", "expires"})
_MEND = "Have counsel write it as docs/operations.md shows, under Modes"
_CHANNEL = re.compile(r"@?[A-Za-z][A-Za-z0-9_]{3,31}|-?[0-9]{1,19}")


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

    def told(self) -> dict[str, str]:
        """What an event says of it."""
        return {
            "text": self.text,
            "counsel": self.counsel,
            "country": self.country,
            "date": self.dated.isoformat(),
            "expires": self.expires.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """A channel to watch, with the public report that names it."""

    channel: str
    report_url: str
    reported_by: str
    reported_on: date
    access: str

    @property
    def number(self) -> str | None:
        """The channel's bare number, as exports write it, if it was named by a number."""
        bare = self.channel.removeprefix("-100").lstrip("-")
        return bare if bare.isdecimal() else None


def watch_entry(*, channel: str, report_url: str, reported_by: str, reported_on: str, access: str) -> Entry:
    """A checked entry.

    Raises:
        SettingsError: The channel is not a username or number, the report not a web address, or the date not a date.
    """
    if not _CHANNEL.fullmatch(channel):
        raise SettingsError(
            "not a channel",
            expected="a username such as @name, or the channel's number",
            found=channel[:64],
            fix="Of an address such as t.me/name give @name; of an invitation, the number that an export shows",
        )
    if not _is_web_address(report_url):
        raise SettingsError(
            "the public report is not a web address",
            expected="https://...",
            found=report_url[:120],
            fix="Copy the whole address of the page that names the channel",
        )
    if not reported_by.strip():
        raise SettingsError("no organisation named the channel publicly", fix="Give --reported-by ORGANISATION")
    if not reported_by.isprintable():
        raise SettingsError(
            "a tab, a line break or another sign that cannot be printed",
            where="reported by",
            found=ascii(reported_by)[1:-1][:64],
            fix="Write --reported-by on one line, with spaces",
        )
    if access not in {"public", "invite"}:
        raise SettingsError(
            "not a kind of access", expected="public or invite", found=access[:20], fix="Correct --access"
        )
    return Entry(
        channel.lstrip("@").lower(), report_url, reported_by.strip(), _date(reported_on, "reported on"), access
    )


def _is_web_address(text: str) -> bool:
    try:
        address = urlsplit(text)
    except ValueError:  # a bracket that is not closed
        return False
    return address.scheme in {"http", "https"} and bool(address.hostname) and text.isprintable() and " " not in text


def load_legal_basis(file: Path, *, today: date) -> LegalBasis:
    """Read and check a legal basis file (TOML: text, counsel, country, date, expires).

    Raises:
        LegalBasisError: A key is missing, unknown or unfit, or the basis is not valid today.
    """
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LegalBasisError(
            "cannot read the legal basis", where=str(file), expected="a file", found=error.strerror or "", fix=_MEND
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LegalBasisError("not TOML", where=str(file), found=str(error), fix=_MEND) from error
    for key in sorted(_LEGAL_KEYS ^ told.keys()):
        if key in _LEGAL_KEYS:
            raise LegalBasisError("a key is missing", where=str(file), expected=key, fix=_MEND)
        known = ", ".join(sorted(_LEGAL_KEYS))
        raise LegalBasisError("unknown key", where=str(file), expected=known, found=key, fix=_MEND)
    basis = LegalBasis(
        text=_text(told, "text", file),
        counsel=_text(told, "counsel", file),
        country=_text(told, "country", file),
        dated=_date(told["date"], "date", file),
        expires=_date(told["expires"], "expires", file),
    )
    if not re.fullmatch(r"[A-Z]{2}", basis.country):
        raise LegalBasisError(
            "not a country", where=str(file), expected="two capital letters", found=basis.country[:20], fix=_MEND
        )
    if not basis.dated <= today <= basis.expires:
        raise LegalBasisError(
            "the legal basis is not valid today",
            where=str(file),
            expected=f"{basis.dated} to {basis.expires}",
            found=str(today),
            fix="Ask counsel for a new one",
        )
    return basis


def _text(told: dict[str, object], key: str, file: Path) -> str:
    value = told[key]
    if not isinstance(value, str) or not value.strip():
        raise LegalBasisError("a key is empty or no text", where=f"{file}: {key}", expected="text", fix=_MEND)
    return value.strip()


def _date(value: object, name: str, file: Path | None = None) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        where = f"{file}: {name}" if file else name
        kind, fix = (LegalBasisError, _MEND) if file else (SettingsError, "Write it like 2026-11-02")
        raise kind("not a date", where=where, expected="YYYY-MM-DD", found=str(value)[:40], fix=fix) from error
