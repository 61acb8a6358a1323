"""The settings of one home: ``HOME/nisisama.toml``, where the environment overrides any key.

``NISISAMA_<SECTION>__<KEY>`` overrides a key; lists are JSON. An unknown key is an error that
names the file (or the variable) and the key. Passphrases, keys and sessions are never settings: those are
files of mode 0600 in ``HOME.keys``, beside the home and never in it. ``telegram.api_hash`` names an application and
opens no account; an office keeps it to itself all the same.
"""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from config.errors import Fact, SecretFileError, SettingsError, Term
from config.unfit import wanted

PREFIX = "NISISAMA_"
NOT_SETTINGS = frozenset({"NISISAMA_HOME", "NISISAMA_PASSPHRASE", "NISISAMA_ACTOR", "NISISAMA_VERBOSE"})
"""Variables of the command line that are not settings."""

_SHAPES: Mapping[type, Term] = {str: Term("what.text"), list: Term("what.list"), dict: Term("what.table")}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


_HEAD = "# Settings of this home; docs/operations.md explains each. No passphrase, key or session ever stands here."
_TELEGRAM = (
    "",
    "# For the live watch: put the values of your own application (my.telegram.org) into the last two of these lines,",
    "# and take the # and the space away from all three. Keep api_hash to yourselves.",
    "# [telegram]",
    "# api_id = 1234567",
    '# api_hash = "0123456789abcdef0123456789abcdef"',
)
"""What a new settings file shows of a section that the office fills in itself."""


MAX_ORGANISATION = 200
"""How many letters the organisation's name may have."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OfficeSettings(_Section):
    """Whose home this is."""

    organisation: str = Field(min_length=1, max_length=MAX_ORGANISATION, description="Name that bundles print")
    rehearsal: bool = Field(default=False, description="Everything made here is marked: rehearsal, not for court")


class LogSettings(_Section):
    """The custody log."""

    origin: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*/[0-9a-f]{8}$", description="Name of the log, never of a channel")
    beat_s: int = Field(default=60, ge=1, le=86_400, description="Least seconds between two time stamps of daily work")


class StampSettings(_Section):
    """Time-stamp offices; the program contacts only those named here."""

    offices: tuple[str, ...] = Field(default=(), description="Names from the catalogue, or `rehearsal`")
    timeout_s: float = Field(default=10.0, gt=0, le=120, description="Longest wait for one answer")


class KeySettings(_Section):
    """Keys and their protection."""

    passphrase_log_n: int = Field(default=18, ge=10, le=20, description="scrypt work factor, as a power of two")
    drill_days: int = Field(default=365, ge=30, le=3650, description="Days after which `doctor` asks for a drill")


class IntakeSettings(_Section):
    """The one write path."""

    batch: int = Field(default=64, ge=1, le=1000, description="Observations in one transaction")


class DatabaseSettings(_Section):
    """Where rows live."""

    url: str = Field(default="", description="SQLAlchemy address; empty: SQLite in the home")


class TelegramServer(_Section):
    """A data centre of another Telegram than the public one: a rehearsal."""

    dc: int = Field(ge=1, le=9999, description="Number of the data centre")
    host: str = Field(min_length=1, max_length=253, description="Address")
    port: int = Field(ge=1, le=65_535, description="Port")
    public_key_file: str = Field(min_length=1, description="Its RSA key, PEM (PKCS#1)")


class TelegramSettings(_Section):
    """The live watch."""

    api_id: int = Field(default=0, ge=0, description="Of the office's own application (my.telegram.org)")
    api_hash: str = Field(default="", max_length=64, description="Of the same application")
    servers: tuple[TelegramServer, ...] = Field(default=(), description="If set, only these are contacted")
    proxy: str = Field(default="", description="HOST:PORT of a SOCKS5 proxy")
    poll_s: int = Field(default=60, ge=1, le=86_400, description="Seconds between two looks at a channel")
    beat_s: int = Field(default=300, ge=1, le=86_400, description="Seconds between two signatures of a running watch")
    counters_h: int = Field(default=6, ge=0, le=168, description="Hours between two readings of counters; 0: never")
    requests_per_minute: int | None = Field(
        default=None, ge=1, le=100_000, description="Of one method; unset: 60, and no limit with `servers` of one's own"
    )


def _of_form(code: str, pattern: str) -> AfterValidator:
    """A text of this form; ``config.unfit`` has words for the code."""
    form = re.compile(pattern, re.ASCII)

    def require_form(text: str) -> str:
        if not form.fullmatch(text):
            raise PydanticCustomError(code, "another form")
        return text

    return AfterValidator(require_form)


_HOST = "[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
HostName = Annotated[str, _of_form("host_name", _HOST)]
"""A name as a ``Host`` header has it, without a port; in small letters."""


def _ip_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise PydanticCustomError("ip_address", "not an IP address") from None


def _ip_network(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise PydanticCustomError("ip_network", "not an IP network") from None
    if not network.prefixlen:  # it would let every caller claim any address
        raise PydanticCustomError("ip_network", "every address")
    return str(network)


IpAddress = Annotated[str, AfterValidator(_ip_address)]
"""An IPv4 or IPv6 address in its one spelling."""
IpNetwork = Annotated[str, AfterValidator(_ip_network)]
"""A network, or one address as a network of its own; never all of them."""


class ServeSettings(_Section):
    """The API."""

    address: IpAddress = Field(default="127.0.0.1", description="IP address at which it listens")
    port: int = Field(default=8437, ge=0, le=65_535, description="Port there; 0: any that is free")
    hosts: tuple[HostName, ...] = Field(
        default=(), description="Names by which a proxy in front calls it, beside loopback"
    )
    proxies: tuple[IpNetwork, ...] = Field(
        default=(), description="Whose X-Forwarded-For and X-Forwarded-Proto are believed"
    )
    idle_minutes: int = Field(default=15, ge=1, le=1440, description="Minutes without use until the office is locked")
    per_minute: int = Field(default=600, ge=1, le=100_000, description="Calls of one key in a minute")
    keep_days: int = Field(default=30, ge=1, le=365, description="Days for which ended tasks and bundles are kept")


class BackupSettings(_Section):
    """Copies of the home elsewhere."""

    warn_days: int = Field(default=7, ge=1, le=3650, description="After how long `doctor` asks for a new backup")
    keep_days: int = Field(default=30, ge=2, le=3650, description="Days after which a backup is removed from its disk")
    disks: tuple[str, ...] = Field(default=(), description="The folders in which `backup` without DEST makes one")


class RetentionSettings(_Section):
    """How long what no case has is kept; two persons agree to it before anything is destroyed."""

    unclaimed_days: int = Field(default=365, ge=30, le=365, description="Days for which what no case has is kept")
    bystander_days: int = Field(default=90, ge=1, le=365, description="Days for a watch's texts without a picture")
    notice_days: int = Field(default=30, ge=1, le=90, description="Days before that in which `doctor` says so")
    unconfirmed_hours: int = Field(default=72, ge=1, le=168, description="Hours for which an unconfirmed capture stays")


CountryCode = Annotated[str, _of_form("country_code", "(?:[A-Z]{2})?")]
"""Two letters of ISO 3166-1, or ``XK``; or empty."""


class ChildrenSettings(_Section):
    """What becomes of material that may show a child."""

    country: CountryCode = Field(default="", description="Whose rule of counsel holds here; empty: report and ask")
    rules: str = Field(default="", description="File with this office's rules of counsel; empty: the shipped ones")


class OplogSettings(_Section):
    """The operational log, ``nisisama.log``."""

    max_bytes: int = Field(default=10_000_000, ge=10_000, le=1_000_000_000, description="Size of a full file")
    files: int = Field(default=4, ge=1, le=100, description="Older files that stay beside the newest")


ServerAddress = Annotated[str, _of_form("server_address", f"(?:https://{_HOST}(?::[0-9]{{1,5}})?)?")]
"""An address without a path, with TLS; or empty."""
SiteAddress = Annotated[str, _of_form("site_address", "https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")]
"""A page to go to, without a query."""
MAX_REACH = 500
"""How many letters may say how to reach somebody."""


class CheckSettings(_Section):
    """Questions about pictures, and the page on which they are asked."""

    address: ServerAddress = Field(default="", description="Where the office's server can be reached from outside")
    contact: str = Field(default="", max_length=MAX_REACH, description="How to reach a person of the office")
    hotline: str = Field(default="", max_length=MAX_REACH, description="Whom to turn to for a picture of a minor")
    leave: SiteAddress = Field(default="https://www.wikipedia.org/", description="The site that the exit leads to")
    answer_days: int = Field(default=3, ge=1, le=30, description="Days until she may come back for the answer")
    daily: int = Field(default=100, ge=1, description="How many pictures the office may look for in a day")
    daily_per_case: int = Field(default=20, ge=1, description="How many pictures may be looked for in a day for a case")


MailAddress = Annotated[str, _of_form("mail_address", "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")]
"""An address of RFC 5321 (4.1.2) that needs no quotes."""


class MailSettings(_Section):
    """The mail that says that there is something new."""

    host: HostName | Literal[""] = Field(default="", description="The office's mail server; empty: no mail is sent")
    port: int = Field(default=587, ge=1, le=65_535, description="Its port for mail that is handed in")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is protected; none: only to this machine"
    )
    ca_file: str = Field(default="", description="PEM of the authority that certifies the server; empty: the system's")
    user: str = Field(default="", max_length=200, description="Name to log in with; empty: no login")
    sender: MailAddress | Literal[""] = Field(default="", description="Whom it comes from")
    to: tuple[MailAddress, ...] = Field(default=(), description="Who gets it")
    every_minutes: int = Field(default=60, ge=1, le=10_080, description="The fewest minutes between two mails")


class Settings(BaseSettings):
    """All settings of a home."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__", env_nested_max_split=1
    )

    version: Literal[1] = Field(default=1, description="Version of this file's form")
    office: OfficeSettings
    log: LogSettings
    stamp: StampSettings = StampSettings()
    keys: KeySettings = KeySettings()
    intake: IntakeSettings = IntakeSettings()
    database: DatabaseSettings = DatabaseSettings()
    telegram: TelegramSettings = TelegramSettings()
    serve: ServeSettings = ServeSettings()
    check: CheckSettings = CheckSettings()
    mail: MailSettings = MailSettings()
    backup: BackupSettings = BackupSettings()
    retention: RetentionSettings = RetentionSettings()
    children: ChildrenSettings = ChildrenSettings()
    oplog: OplogSettings = OplogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override the settings of the file, which come as the arguments."""
        return env_settings, init_settings


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError("settings.missing", where=str(file)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        place = str(error).rpartition("(at ")[2].rstrip(")")  # the rest may repeat a key, and so an address
        raise SettingsError("settings.not_toml", where=str(file), system=place) from error


def database_url_in(file: Path) -> object:
    """``database.url`` as the settings file itself has it, whatever variables say; empty where it has none.

    Raises:
        SettingsError: No such file, or not TOML.
    """
    section = _document(file).get("database")
    return section.get("url", "") if isinstance(section, dict) else ""


def load_settings(file: Path) -> Settings:
    """Read a home's settings.

    Raises:
        SettingsError: No such file, not TOML, an unknown or unfit key; it names the file or variable, and the key.
    """
    document = _document(file)
    _refuse_unknown_variables()
    # here, because a top-level key of a settings file may not pass for an argument of BaseSettings
    for key in document.keys() - Settings.model_fields.keys():
        raise SettingsError("settings.unknown_key", where=str(file), found=_name(key))
    try:
        return Settings(**document)
    except ValidationError as error:
        raise _settings_error(error, file) from error
    except SourceError as error:
        raise _source_error(error) from error


def _variables() -> dict[str, str]:
    """Every variable that is a setting, under its name as it is written; case does not matter."""
    return {name.upper(): name for name in os.environ if name.upper().startswith(PREFIX)}


def _refuse_unknown_variables() -> None:
    for known, name in _variables().items():
        section = known.removeprefix(PREFIX).partition("__")[0].lower()
        if known not in NOT_SETTINGS and section not in Settings.model_fields:
            raise SettingsError("settings.unknown_setting", where=name, prefix=PREFIX)


def _settings_error(error: ValidationError, file: Path) -> SettingsError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    key = _name(".".join(path))
    variable = _variables().get(PREFIX + "__".join(path[:2]).upper())
    if first["type"] == "extra_forbidden":
        return SettingsError("settings.unknown_key", where=variable or str(file), found=key)
    if first["type"] == "missing":
        return SettingsError("settings.key_missing", where=str(file), expected=key)
    return SettingsError(
        "settings.key_does_not_fit",
        where=variable or Term("place.key_of_file", file=str(file), key=key),
        expected=wanted(first),
        found=_shown(first["input"], path[0]),
    )


def _shown(value: object, section: str) -> Fact:
    """A number as it is; of anything else only the kind, since an address may hold a password."""
    if isinstance(value, int | float) and section != "database":
        return str(value).lower()
    return _SHAPES.get(type(value), type(value).__name__)


def _name(key: str) -> str | Term:
    """A key as it is, if it looks like one: TOML takes a whole quoted address with its password for a key."""
    return key if _NAME.fullmatch(key) else Term("place.key_that_is_no_name")


def _source_error(error: SourceError) -> SettingsError:
    """The variable that should be JSON; pydantic names only the section, so this looks for the variable."""
    section = str(error).partition('"')[2].partition('"')[0]
    start = f"{PREFIX}{section}".upper()
    names = sorted(name for known, name in _variables().items() if known == start or known.startswith(f"{start}__"))
    return SettingsError("settings.variable_not_json", where=", ".join(names))


def settings_toml(values: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of a new settings file: version 1 and the given sections (strings, booleans, string lists)."""
    lines = [_HEAD, "version = 1"]
    for section, keys in values.items():
        lines += ["", f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in keys.items())]
    lines += () if "telegram" in values else _TELEGRAM
    return "\n".join(lines) + "\n"


def with_value(text: str, section: str, key: str, value: str) -> str:
    """The text of a settings file with one value changed or added; every other line keeps its words.

    Raises:
        SettingsError: The file has this key in a form that this function does not change.
    """
    wanted = tomllib.loads(text)
    wanted.setdefault(section, {})[key] = value
    lines, line = text.splitlines(), f"{key} = {_toml(value)}"
    heads = [at for at, each in enumerate(lines) if re.fullmatch(rf"\s*\[\s*{section}\s*\]\s*(#.*)?", each)]
    if heads:
        end = next((at for at in range(heads[0] + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
        same = [at for at in range(heads[0] + 1, end) if re.match(rf"\s*{key}\s*=", lines[at])]
        lines[same[0] if same else heads[0] + 1 : same[0] + 1 if same else heads[0] + 1] = [line]
    else:
        lines += ["", f"[{section}]", line]
    changed = "\n".join(lines) + "\n"
    try:
        if tomllib.loads(changed) == wanted:
            return changed
    except tomllib.TOMLDecodeError:
        pass
    raise unchangeable(section, key)


def unchangeable(section: str, key: str) -> SettingsError:
    """Why a command leaves a setting of the home's file as it is."""
    return SettingsError("settings.not_changed_here", section=section, key=key)


def _toml(value: Any) -> str:  # noqa: ANN401 - the values of a settings file are of several types
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):  # noqa: PLR2004 - halves of surrogate pairs
        raise SettingsError("settings.not_unicode", found=ascii(text)[:40])
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):  # noqa: PLR2004 - TOML's control characters
        raise SettingsError("settings.control_character", found=repr(text[:40]))
    return f'"{text}"'


def read_secret_file(file: Path) -> bytes:
    """The bytes of a secret file that a home is told of, if nobody else may read it.

    Raises:
        SecretFileError: It is absent, empty, not a regular file, or others may read it.
    """
    try:
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise SecretFileError("secret_file.not_regular_file", where=str(file))
        if status.st_mode & 0o077:
            raise SecretFileError(
                "secret_file.not_private", where=str(file), S_IMODE=stat.S_IMODE(status.st_mode), file=str(file)
            )
        secret = file.read_bytes()
    except FileNotFoundError as error:
        raise SecretFileError("secret_file.missing", where=str(file)) from error
    except PermissionError as error:
        raise SecretFileError("secret_file.not_permitted", where=str(file)) from error
    if not secret:
        raise SecretFileError("secret_file.empty", where=str(file))
    return secret
