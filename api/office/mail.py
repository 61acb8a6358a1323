"""The mail about alerts: if set up, it goes to the office's own people and says only that there is something new.

It goes through the office's own mail server (RFC 6409), over TLS, and names neither a case nor the program nor a
number: others keep mail, and a line of it shows on a locked telephone. A follower of the alerts sends it, so a failed
mail is sent again rather than lost, and an alert that nobody could be told of waits.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from ipaddress import ip_address
from typing import Any

import sqlalchemy as sa

from api.home import Home
from api.office.task import taken
from casefiles.appearance import list_alerts
from config import oplog
from config.errors import MailError, SecretFileError, Term
from config.settings import MailSettings, read_secret_file
from evidence.custody.append import tree_size
from evidence.store.database import reading
from evidence.store.follow import catch_up, position_of
from evidence.store.freeze import lifted_since
from evidence.times import Clock

FOLLOWER = "mail"
"""The name under which the program keeps which alerts a mail has told of."""
PASSWORD_FILE = "mail-password"  # noqa: S105 - the name of a file
"""In the folder of the keys; only read where ``mail.user`` is set."""
TIMEOUT_S, WHOLE_S = 20.0, 60.0
"""How long is waited for each part of an answer, and how long a mail may take as a whole."""
_GREETING = "[127.0.0.1]"
"""What the server is greeted with: an address literal (RFC 5321, 4.1.3), so that this machine's name stays here."""


@dataclass(frozen=True, slots=True)
class MailTold:
    """A mail that was sent.

    Attributes:
        sent: How many addresses the server took it for.
        refused: The addresses for which it did not.
    """

    sent: int
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _News:
    """The follower; its position is that of the log when a mail told of all alerts that were open.

    An alert that was frozen then is told once its freeze is lifted.
    """

    engine: sa.Engine
    send: Callable[[], object]
    name: str = FOLLOWER

    def advance(self, position: int) -> int:
        """Send a mail if an alert behind the position is open."""
        with reading(self.engine) as connection:
            size = tree_size(connection)
            is_new = bool(list_alerts(connection, after=position - 1, limit=1))
            if not is_new and lifted_since(connection, position):
                is_new = bool(list_alerts(connection, limit=1))
        if not is_new:
            return position
        self.send()
        return size


def tell_news(home: Home) -> bool:
    """The verb behind ``serve``'s mail: send one if there are alerts that nobody was told of; return whether so.

    Raises:
        MailError: It could not be sent.
        SecretFileError: The password's file is missing or readable by others.
        HomeBusyError: It was sent, and others kept writing: it will be sent again.
    """
    with reading(home.engine) as connection:
        before = position_of(connection, FOLLOWER)
    return catch_up(home.engine, _News(home.engine, partial(send_news, home)), partial(taken, home)) != before


def send_news(home: Home) -> MailTold:
    """The verb behind ``alerts mail``: send the mail, as ``tell_news`` does when something is new.

    Raises:
        MailError: It could not be sent to anybody.
        SecretFileError: The password's file is missing or readable by others.
    """
    mail = home.settings.mail
    if not (mail.host and mail.sender and mail.to):
        raise MailError("mail.not_set", where=str(home.path))
    with _errors(mail), _connected(home, mail) as server:
        refused = server.send_message(_message(mail, home.clock))
    oplog.note("mail_sent", count=len(mail.to) - len(refused), problems=len(refused))
    return MailTold(len(mail.to) - len(refused), tuple(refused))


def _message(mail: MailSettings, clock: Clock) -> EmailMessage:
    text, message = str(Term("note.something_new")), EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, ", ".join(mail.to), text
    message["Date"], message["Message-ID"] = format_datetime(clock()), make_msgid(domain=mail.sender.partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, 5: no machine answers it
    message.set_content(f"{text}.\n")
    return message


@contextmanager
def _connected(home: Home, mail: MailSettings) -> Iterator[smtplib.SMTP]:
    """The server, once the connection is protected and the office has logged in."""
    if mail.security == "none" and not _is_here(mail.host):
        raise MailError("mail.not_protected", where=mail.host)
    context = _context(mail)
    reach = partial(_TimedTls, context=context) if mail.security == "tls" else _TimedPlain
    with reach(mail.host, mail.port, local_hostname=_GREETING, timeout=TIMEOUT_S) as server:
        if mail.security == "starttls":
            server.starttls(context=context)
        if mail.user:
            server.login(mail.user, mail_password(home))
        yield server


def mail_password(home: Home) -> str:
    """The password of ``mail.user``, with which the office sends its mail.

    Raises:
        MailError: There is no such file, or nothing in it.
        SecretFileError: Others may read it.
    """
    file = home.keys.path / PASSWORD_FILE
    try:
        return read_secret_file(file).decode().strip()
    except SecretFileError as error:
        if error.code in ("secret_file.missing", "secret_file.empty"):  # nothing was lost: the office makes this file
            raise MailError("mail.no_password", where=str(file)) from error
        raise


class _Timed(smtplib.SMTP):
    """Ends a connection that takes too long as a whole: smtplib itself bounds each line, and not how many there are."""

    def connect(self, *server: Any) -> tuple[int, bytes]:  # noqa: ANN401 - as the library has it
        """Connect, and be cut off in time; also while the server greets."""
        self._cut = threading.Timer(WHOLE_S, self._cut_off)
        self._cut.daemon = True
        self._cut.start()
        try:
            return super().connect(*server)
        except OSError:
            self._cut.cancel()
            raise

    def _cut_off(self) -> None:
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._cut.cancel()
        super().close()


class _TimedPlain(_Timed):
    """A connection that begins without TLS."""


class _TimedTls(_Timed, smtplib.SMTP_SSL):
    """A connection over TLS from its beginning."""


def _context(mail: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=mail.ca_file or None)
    except OSError as error:  # no such file, or not PEM
        raise MailError("mail.no_authority", where=mail.ca_file) from error


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _errors(mail: MailSettings) -> Iterator[None]:
    """Whatever stands between us and the server, as an error that says what to do."""
    where = f"{mail.host}:{mail.port}"
    try:
        yield
    except UnicodeError as error:
        raise MailError("mail.not_ascii", where=where) from error
    except smtplib.SMTPAuthenticationError as error:
        raise MailError("mail.login_refused", where=where, status=error.smtp_code) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailError("mail.not_offered", where=where) from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(sorted({str(code) for code, _words in error.recipients.values()}))
        raise MailError("mail.refused", where=where, status=codes) from error
    except smtplib.SMTPResponseException as error:
        raise MailError("mail.refused", where=where, status=error.smtp_code) from error
    except ssl.SSLCertVerificationError as error:
        raise MailError("mail.not_trusted", where=where, system=error.verify_message) from error
    except OSError as error:  # also what else smtplib and ssl raise
        raise MailError("mail.unreachable", where=where, system=error.strerror or str(error)) from error
