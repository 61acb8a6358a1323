"""A mail server on loopback: aiosmtpd, with or without TLS, which keeps what it takes."""

import asyncio
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import partial
from pathlib import Path
from typing import Any

from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from api.home import Home
from api.office.mail import PASSWORD_FILE
from config.settings import MailSettings
from tests.certificates import certificate_of

TO = ("ana@example.org", "mira@example.org")
USER, PASSWORD = "letterbox", "of the mail server"


def with_mail(home: Home, said: Mapping[str, Any], to: tuple[str, ...] = TO) -> Home:
    """The home, with these settings of its mail from now on."""
    mail = MailSettings(**{"to": to, **said})
    home.settings = home.settings.model_copy(update={"mail": mail})
    return home


def write_password(home: Home, password: str = PASSWORD) -> None:
    """Put it where the program reads it."""
    file = home.keys.path / PASSWORD_FILE
    file.write_text(password + "\n")
    file.chmod(0o600)


class KeepsMail(MessageHandler):
    """Takes what comes, but for addresses that begin with "nobody"."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Message] = []
        self.greetings: list[str] = []

    def handle_message(self, message: Message) -> None:
        self.taken.append(message)

    async def handle_EHLO(  # noqa: N802 - the library calls it so
        self, _server: SMTP, session: Session, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        self.greetings.append(hostname)
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - the library calls it so
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"


@dataclass(frozen=True, slots=True)
class MailServer:
    """One that runs.

    Attributes:
        settings: What a home's settings say of it, but for ``to``.
    """

    port: int
    handler: KeepsMail
    settings: dict[str, Any]

    @property
    def taken(self) -> list[Message]:
        return self.handler.taken


def _right(_server: object, _session: object, _envelope: object, _mechanism: str, data: LoginPassword) -> AuthResult:
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right)  # a refusal is answered by the library


async def _ended(listening: asyncio.Server) -> None:
    """No more calls are taken, and those that were are ended."""
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)  # until their connections are closed


@contextmanager
def mail_server(folder: Path, security: str = "starttls", *, login: bool = False) -> Iterator[MailServer]:
    """A server in a thread of its own, until the block ends."""
    public, private = certificate_of(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    handler, loop = KeepsMail(), asyncio.new_event_loop()
    protocol = partial(
        SMTP,
        handler,
        hostname="mail",
        loop=loop,
        tls_context=context if security == "starttls" else None,
        require_starttls=security == "starttls",
        authenticator=_right if login else None,
        auth_required=login,
        auth_require_tls=security == "starttls",
    )
    listening = loop.run_until_complete(
        loop.create_server(protocol, "127.0.0.1", 0, ssl=context if security == "tls" else None)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = listening.sockets[0].getsockname()[1]
    said = {"host": "127.0.0.1", "port": port, "security": security, "sender": "office@example.org"}
    if security != "none":
        said["ca_file"] = str(public)
    if login:
        said["user"] = USER
    try:
        yield MailServer(port, handler, said)
    finally:
        asyncio.run_coroutine_threadsafe(_ended(listening), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
