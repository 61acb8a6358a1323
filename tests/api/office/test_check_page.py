"""The page of an office has its key and its words, and is written once."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from api.home import Home
from api.office.check_page import REHEARSED, check_facts, served_check_facts, write_check_page
from config.errors import SettingsError
from tests.homes import new_home


@pytest.fixture
def office(tmp_path: Path) -> Home:
    return new_home(tmp_path / "home")[0]


def real(home: Home, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Home:
    """The same home, not rehearsing, with these settings of ``[check]``."""
    monkeypatch.setenv("NISISAMA_OFFICE__REHEARSAL", "false")
    for name, value in settings.items():
        monkeypatch.setenv(f"NISISAMA_CHECK__{name.upper()}", value)
    return Home.open(home.path)


def test_it_seals_to_the_matching_key_and_posts_where_the_settings_say(
    office: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = check_facts(office, None)
    assert facts.recipient == (office.path / "recipients" / "matching.txt").read_text().strip()
    assert (facts.contact, facts.hotline, facts.rehearsal) == (REHEARSED, REHEARSED, True)
    assert served_check_facts(office).post == ""
    named = real(office, monkeypatch, contact=" 1 ", hotline="2", address="https://a.example.org", answer_days="5")
    page = (office.path.parent / "page.html").resolve()
    done = write_check_page(named, page)
    assert hashlib.sha256(page.read_bytes()).hexdigest() == done.sha256
    [data] = re.findall(r'id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    told = json.loads(data)
    assert (told["contact"], told["hotline"], told["post"], told["days"]) == ("1", "2", "https://a.example.org", 5)
    assert told["rehearsal"] is False


def test_a_page_that_is_there_is_not_replaced(office: Home, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("hers")
    with pytest.raises(FileExistsError):
        write_check_page(office, file)
    assert file.read_text() == "hers"


@pytest.mark.parametrize("missing", ["contact", "hotline"])
def test_an_office_that_nobody_can_reach_has_no_page(
    office: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    said = {"contact": "1", "hotline": "2"} | {missing: " "}
    with pytest.raises(SettingsError) as refused:
        write_check_page(real(office, monkeypatch, **said), tmp_path / "page.html")
    assert (refused.value.code, refused.value.facts["key"]) == ("settings.nobody_to_reach", f"check.{missing}")
    assert not (tmp_path / "page.html").exists()
