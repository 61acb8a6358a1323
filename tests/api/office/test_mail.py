"""The mail about alerts says one thing, is sent once, and is sent again until it was taken."""

import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.home import Home
from api.office import mail as mail_module
from api.office.alert import dismiss_alert
from api.office.freeze import freeze, lift_freeze
from api.office.mail import FOLLOWER, PASSWORD_FILE, MailTold, send_news, tell_news
from config.errors import Explained, MailError, SecretFileError
from evidence.authority import Doer
from evidence.store.database import reading
from evidence.store.follow import position_of
from tests.appearing import case_with, jpeg, look_out, photo, post
from tests.homes import PASSPHRASE, doer, size_of
from tests.mailing import PASSWORD, TO, USER, mail_server, with_mail, write_password
from tests.nonempty import nonempty

NOTHING_LISTENS = 9


def with_alert(home: Home, folder: Path, seed: int = 1) -> tuple[str, str]:
    """A case and the item of its new alert."""
    (original,) = post(home, folder / f"first-{seed}", {1000 + seed: jpeg(photo(seed))})
    case = case_with(home, original)
    (again,) = post(home, folder / f"again-{seed}", {2000 + seed: jpeg(photo(seed), 40)})
    assert look_out(home).raised == 1
    return case, again


def told(home: Home) -> int:
    with reading(home.engine) as connection:
        return position_of(connection, FOLLOWER)


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("security", "login"), [("starttls", True), ("starttls", False), ("tls", False), ("none", False)]
)
def test_a_new_alert_is_mailed_once_however_it_is_protected(
    home: Home, tmp_path: Path, security: str, *, login: bool
) -> None:
    with mail_server(tmp_path / "mail", security, login=login) as server:
        home = with_mail(home, server.settings)
        write_password(home)
        assert not tell_news(home)
        with_alert(home, tmp_path)
        assert tell_news(home)
        assert not tell_news(home)
        with_alert(home, tmp_path, seed=2)
        assert tell_news(home)
    assert len(server.taken) == 2


def test_it_says_only_that_there_is_something_new(home: Home, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail") as server:
        home = with_mail(home, server.settings)
        case, again = with_alert(home, tmp_path)
        assert tell_news(home)
        send_news(home)
    (first, tried) = server.taken
    assert first.get_payload() == "There is something new.\r\n"
    assert first["Subject"] == "There is something new"
    assert first["To"] == ", ".join(TO)
    varies = {"Date", "Message-ID", "X-Peer", "X-MailFrom", "X-RcptTo"}
    assert set(first.keys()) - varies == {
        *("From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
    }
    same = [{name: value for name, value in each.items() if name not in varies} for each in (first, tried)]
    assert same[0] == same[1]  # a try says the same
    names = (case, again, home.settings.office.organisation, str(home.path), "nisisama")
    whole = " ".join([*server.handler.greetings, *(str(each) for each in server.taken)]).lower()
    assert not [name for name in nonempty(names) if name.lower() in whole]
    assert str(first["Message-ID"]).endswith("@example.org>")
    assert set(server.handler.greetings) == {"[127.0.0.1]"}


def test_what_a_person_has_seen_to_is_not_mailed(home: Home, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail") as server:
        home = with_mail(home, server.settings)
        case, again = with_alert(home, tmp_path)
        dismiss_alert(home, case, again, doer(home))
        assert not tell_news(home)
    assert server.taken == []


def test_a_mail_that_failed_is_sent_later(home: Home, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail") as server:
        with_alert(home, tmp_path)
        with pytest.raises(MailError):
            tell_news(with_mail(home, server.settings | {"port": NOTHING_LISTENS}))
        assert told(home) == 0
        assert tell_news(with_mail(home, server.settings))
    assert (len(server.taken), told(home)) == (1, size_of(home))


@pytest.mark.parametrize(
    ("other", "to", "password", "code"),
    [
        ({"host": ""}, TO, PASSWORD, "mail.not_set"),
        ({"sender": ""}, TO, PASSWORD, "mail.not_set"),
        ({}, (), PASSWORD, "mail.not_set"),
        ({"ca_file": ""}, TO, PASSWORD, "mail.not_trusted"),
        ({"ca_file": "/nowhere.pem"}, TO, PASSWORD, "mail.no_authority"),
        ({"ca_file": __file__}, TO, PASSWORD, "mail.no_authority"),
        ({"port": NOTHING_LISTENS}, TO, PASSWORD, "mail.unreachable"),
        ({"security": "tls"}, TO, PASSWORD, "mail.unreachable"),
        ({"security": "none", "host": "mail.example.org"}, TO, PASSWORD, "mail.not_protected"),
        ({"user": "another"}, TO, PASSWORD, "mail.login_refused"),
        ({}, TO, "wrong", "mail.login_refused"),
        ({"user": ""}, TO, PASSWORD, "mail.refused"),
        ({}, ("nobody@example.org",), PASSWORD, "mail.refused"),
        ({}, TO, None, "mail.no_password"),
        ({}, TO, " ", "mail.login_refused"),
        ({}, TO, "\u0161ifra", "mail.not_ascii"),
        ({"user": "\u0161"}, TO, PASSWORD, "mail.not_ascii"),
    ],
)
def test_whatever_stands_in_the_way_is_said(
    home: Home, tmp_path: Path, other: dict[str, Any], to: tuple[str, ...], password: str | None, code: str
) -> None:
    (home.keys.path / PASSWORD_FILE).unlink(missing_ok=True)
    if password is not None:
        write_password(home, password)
    with mail_server(tmp_path / "mail", login=True) as server:
        with pytest.raises(Explained) as refused:
            send_news(with_mail(home, server.settings | other, to))
        assert isinstance(refused.value, MailError | SecretFileError)
        assert refused.value.code == code
        assert refused.value.fix
        assert server.taken == []
        write_password(home)
        assert send_news(with_mail(home, server.settings)) == MailTold(2, ())


def test_a_password_that_others_may_read_is_not_sent(home: Home, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail", login=True) as server:
        write_password(home)
        (home.keys.path / PASSWORD_FILE).chmod(0o644)
        with pytest.raises(SecretFileError):
            send_news(with_mail(home, server.settings))
        (home.keys.path / PASSWORD_FILE).chmod(0o600)
        assert send_news(with_mail(home, server.settings)) == MailTold(2, ())


def test_a_server_that_never_ends_its_answer_is_left(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "WHOLE_S", 0.5)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            wire, _address = listening.accept()
            with wire, suppress(OSError):
                while not ended.wait(0.01):
                    wire.sendall(b"220-more\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        said = {"host": "127.0.0.1", "port": listening.getsockname()[1], "security": "none", "sender": "x@example.org"}
        with pytest.raises(MailError) as refused:
            send_news(with_mail(home, said))
        ended.set()
        thread.join()
    assert refused.value.code == "mail.unreachable"


def test_an_alert_that_was_frozen_is_mailed_once_its_freeze_is_lifted(home: Home, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail") as server:
        home = with_mail(home, server.settings)
        _case, again = with_alert(home, tmp_path)
        freeze(home, [again], doer(home, approver=None))
        with_alert(home, tmp_path, seed=2)
        assert (tell_news(home), tell_news(home)) == (True, False)
        by = Doer("cy", "test", home.clock(), reason="it shows none", approver="bo")
        lift_freeze(home, [again], by, home.keys.unlock(PASSPHRASE).casework)
        assert (tell_news(home), tell_news(home)) == (True, False)


def test_a_server_without_starttls_gets_nothing(home: Home, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail", "none") as server:
        with pytest.raises(MailError) as refused:
            send_news(with_mail(home, server.settings | {"security": "starttls"}))
        assert refused.value.code == "mail.not_offered"
    assert server.taken == []


def test_one_address_that_is_refused_keeps_nobody_from_the_mail(home: Home, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail") as server:
        with_alert(home, tmp_path)
        here = with_mail(home, server.settings, ("nobody@example.org", *TO))
        assert send_news(here) == MailTold(2, ("nobody@example.org",))
        assert tell_news(here)
        assert not tell_news(here)


def test_the_password_is_used_only_where_a_user_is_set(home: Home, tmp_path: Path) -> None:
    (home.keys.path / PASSWORD_FILE).unlink(missing_ok=True)
    with mail_server(tmp_path / "mail") as server:
        assert send_news(with_mail(home, server.settings)) == MailTold(2, ())
    assert USER not in str(server.taken[0])


def test_the_date_is_of_the_home_s_clock(home: Home, tmp_path: Path) -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    with mail_server(tmp_path / "mail") as server:
        home.clock = lambda: noon
        send_news(with_mail(home, server.settings))
    assert server.taken[0]["Date"] == "Sun, 01 Nov 2026 12:00:00 +0000"
