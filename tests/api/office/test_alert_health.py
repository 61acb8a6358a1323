"""``doctor`` says that nobody looks for alerts, and that nobody is told of them, once that is a day ago."""

from datetime import timedelta
from pathlib import Path

from api.home import Home
from api.office.alert_health import LONG_AGO, lookout
from api.office.hash_list import remove_hash_list
from api.office.mail import PASSWORD_FILE, tell_news
from tests.appearing import agree, jpeg, look_out, photo, post
from tests.homes import doer, new_case
from tests.listing import give_list, rows_of
from tests.mailing import PASSWORD, mail_server, with_mail

MARGIN = timedelta(hours=2)
"""More than the age of the files that every home of a test has."""


def codes(home: Home, later: timedelta) -> list[str]:
    clock = home.clock
    now = clock()
    home.clock = lambda: now + later
    try:
        return [finding.code for finding in lookout(home)]
    finally:
        home.clock = clock


def test_pictures_that_nobody_compared_for_a_day_are_told(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: jpeg(photo()), 2: jpeg(photo(), 40)})
    assert codes(home, LONG_AGO + MARGIN) == []  # no case could be told of them
    new_case(home, items[:1])
    assert codes(home, LONG_AGO - MARGIN) == []
    assert codes(home, LONG_AGO + MARGIN) == ["alerts.behind"]
    look_out(home)
    assert codes(home, LONG_AGO + MARGIN) == []


def test_a_list_that_was_not_compared_for_a_day_is_told(home: Home, tmp_path: Path) -> None:
    post(home, tmp_path / "first", {1: jpeg(photo())})
    look_out(home)
    case = give_list(home, rows_of(md5=[b"1"])).done.case_id
    assert codes(home, LONG_AGO - MARGIN) == []
    assert codes(home, LONG_AGO + MARGIN) == ["alerts.list_behind"]
    look_out(home)
    assert codes(home, LONG_AGO + MARGIN) == []
    post(home, tmp_path / "second", {2: jpeg(photo(seed=2))})
    assert codes(home, LONG_AGO + MARGIN) == ["alerts.behind", "alerts.list_behind"]
    remove_hash_list(home, case, doer(home))
    assert codes(home, LONG_AGO + MARGIN) == ["alerts.behind"]


def test_an_alert_that_no_mail_told_for_a_day_is_told_where_mail_is_set(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: jpeg(photo()), 2: jpeg(photo(), 40)})
    agree(home, new_case(home, items[:1]))
    assert look_out(home).raised == 1
    assert codes(home, LONG_AGO + MARGIN) == []
    with mail_server(tmp_path / "mail") as server:
        with_mail(home, server.settings)
        assert codes(home, LONG_AGO - MARGIN) == []
        assert codes(home, LONG_AGO + MARGIN) == ["alerts.not_mailed"]
        tell_news(home)
        assert codes(home, LONG_AGO + MARGIN) == []


def test_a_password_of_the_mail_that_is_missing_or_open_to_others_is_told(home: Home, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail", login=True) as server:
        with_mail(home, server.settings)
        secret = home.keys.path / PASSWORD_FILE
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        assert codes(home, MARGIN) == []
        secret.chmod(0o644)
        assert codes(home, MARGIN) == ["secret_file.not_private"]
        secret.unlink()
        assert codes(home, MARGIN) == ["mail.no_password"]
