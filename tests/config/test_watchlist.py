"""Only a publicly reported channel is an entry, and only counsel's words for today are a legal basis."""

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import LegalBasisError, SettingsError
from config.watchlist import MAX_LEGAL_BASIS_BYTES, UnregisteredChannel, invite_of, load_legal_basis, watch_entry

TODAY = date(2026, 3, 1)
ENTRY = {
    "channel": "@Nje_Kanal",
    "report_url": "https://example.org/raport",
    "reported_by": "Organizata",
    "reported_on": "2026-01-31",
    "access": "public",
}
BASIS = {
    "text": '"Article 5"',
    "counsel": '"A. Counsel"',
    "country": '"MK"',
    "date": "2026-01-01",
    "expires": "2026-12-31",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("channel", text) for text in ("", "@", "abc", "1abcd", "a b c d", "@@abcd", "a" * 33, "-", "٣٤٥٦")),
        *(("report_url", text) for text in ("", "example.org", "ftp://example.org", "https://", "https://[x")),
        *(
            ("report_url", text)
            for text in ("https://example.org/\n", "https://example.org/a b", "javascript:alert(1)")
        ),
        *(("reported_by", text) for text in ("", " \t", "\udcff", "a\nb")),
        *(("reported_on", text) for text in ("", "yesterday", "2026-02-30", "31.01.2026")),
        *(("access", text) for text in ("", "secret", "PUBLIC")),
    ],
)
def test_an_entry_that_does_not_fit_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as raised:
        watch_entry(**ENTRY | {name: value})
    assert raised.value.fix


@pytest.mark.parametrize(
    ("spellings", "channel"),
    [
        (
            (
                "@Kanali_Im",
                "kanali_im",
                "t.me/Kanali_Im",
                "https://t.me/kanali_im",
                "http://www.t.me/kanali_im/",
                "https://telegram.me/KANALI_IM/77",
                "https://t.me/s/kanali_im?before=5",
                "https://telegram.dog/kanali_im",
                "https://kanali_im.t.me/77",
                "t.me/kanali_im/3/77",
                "tg://resolve?domain=Kanali_Im",
                "tg://resolve?domain=kanali_im&post=77",
            ),
            "kanali_im",
        ),
        (
            (
                "1700000042",
                "-1001700000042",
                "https://t.me/c/1700000042/40",
                "t.me/c/1700000042/3/40",
                "tg://privatepost?channel=1700000042&post=40",
            ),
            "1700000042",
        ),
        (("123", "-1000000000123"), "123"),
        (("-4100",), "-4100"),
    ],
)
def test_a_channel_has_one_spelling_however_it_is_named(spellings: tuple[str, ...], channel: str) -> None:
    assert {watch_entry(**ENTRY | {"channel": text}).channel for text in spellings} == {channel}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "t.me/+AbCdEf",
            "https://t.me/joinchat/AbCd",
            "tg://join?invite=AbCd",
            "t.me/+Ab Cd",
            "+AbCdEf",
            "t.me/%2BAb Cd",
        ),
        *("https://example.org/name", "t.me/c/name", "https://www.t.me/", "https://a.b.t.me/", "t.me/addlist/AbCd"),
    ],
)
def test_an_invitation_and_another_site_are_no_channel(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        watch_entry(**ENTRY | {"channel": text})
    invited = any(sign in text for sign in ("+", "%2B", "joinchat", "invite"))
    assert raised.value.code == ("settings.invitation_without_a_name" if invited else "settings.not_a_channel")
    assert ("invitation" in str(raised.value)) == invited
    assert "Cd" not in raised.value.found  # whoever has an invitation gets in


@pytest.mark.parametrize(
    "text",
    [
        *("t.me/+AbCd_-12", "https://t.me/+AbCd_-12", "http://www.t.me/joinchat/AbCd_-12/", "telegram.me/+AbCd_-12"),
        *(
            "https://t.me/+AbCd_-12?x=1",
            "https://telegram.dog/+AbCd_-12",
            "tg://join?invite=AbCd_-12",
            "https://t.me/%2BAbCd_-12",
            " t.me/+AbCd_-12\n",
        ),
    ],
)
def test_an_invitation_is_known_in_every_form_that_telegram_gives_it(text: str) -> None:
    assert invite_of(text) == "AbCd_-12"


@pytest.mark.parametrize(
    "text", ["t.me/kanali", "@kanali", "+AbCd_-12", "t.me/+", "tg://join", "tg://resolve?domain=kanali"]
)
def test_what_is_no_invitation_is_none(text: str) -> None:
    assert invite_of(text) is None


@pytest.mark.parametrize("name", ["Zyra\t2", "a\nb", "\udcff", "a\u200bb"])
def test_a_name_that_cannot_be_printed_is_told_as_that(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be printed") as raised:
        watch_entry(**ENTRY | {"reported_by": name})
    assert (raised.value.where, raised.value.found.isascii()) == ("reported by", True)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_an_entry_or_a_refusal(channel: str, address: str) -> None:
    try:
        entry = watch_entry(**ENTRY | {"channel": channel, "report_url": f"https://{address}"})
    except SettingsError:
        return
    assert entry.channel == channel.strip().lstrip("@").lower()
    assert entry.channel.isascii()


@pytest.mark.parametrize("channel", ["1234567890", "-4100", "abcd", "@abcd_1", " @abcd_1\n", "\tabcd "])
def test_a_username_or_a_number_is_a_channel(channel: str) -> None:
    assert watch_entry(**ENTRY | {"channel": channel}).channel == channel.strip().lstrip("@")


def test_an_entry_is_kept_in_one_spelling() -> None:
    entry = watch_entry(**ENTRY | {"reported_by": " Organizata "})
    assert (entry.channel, entry.reported_by, entry.reported_on) == ("nje_kanal", "Organizata", date(2026, 1, 31))
    assert (entry.report_url, entry.access) == ("https://example.org/raport", "public")


def basis(folder: Path, **changes: str | None) -> Path:
    values = {name: value for name, value in (BASIS | changes).items() if value is not None}
    file = folder / "basis.toml"
    file.write_text("".join(f"{name} = {value}\n" for name, value in values.items()))
    return file


def refused(file: Path) -> LegalBasisError:
    with pytest.raises(LegalBasisError) as raised:
        load_legal_basis(file, today=TODAY)
    assert str(file) in raised.value.where
    assert "counsel" in raised.value.fix
    return raised.value


@pytest.mark.parametrize("key", sorted(BASIS))
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    error = refused(basis(tmp_path, **{key: None}))
    assert (error.message, error.expected) == ("a key is missing", key)


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    error = refused(basis(tmp_path, lawyer='"B."'))
    assert (error.message, error.found) == ("unknown key", "lawyer")


@pytest.mark.parametrize("key", ["text", "counsel", "country"])
@pytest.mark.parametrize("value", ['""', '" "', "1", "[]"])
def test_an_empty_text_is_refused(tmp_path: Path, key: str, value: str) -> None:
    assert refused(basis(tmp_path, **{key: value})).where.endswith(key)


@pytest.mark.parametrize("country", ['"mk"', '"MKD"', '"M"', '"M1"', '"\u041c\u041a"'])
def test_a_country_is_two_capital_letters(tmp_path: Path, country: str) -> None:
    assert refused(basis(tmp_path, country=country)).message == "not a country"


@pytest.mark.parametrize("key", ["date", "expires"])
@pytest.mark.parametrize("value", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00", '"tomorrow"', "1", "true"])
def test_what_is_no_date_is_refused(tmp_path: Path, key: str, value: str) -> None:
    error = refused(basis(tmp_path, **{key: value}))
    assert error.message == "not a date"
    assert error.where.endswith(key)


@pytest.mark.parametrize(("name", "value"), [("date", "2026-03-02"), ("expires", "2026-02-28")])
def test_a_basis_that_is_not_valid_today_is_refused(tmp_path: Path, name: str, value: str) -> None:
    error = refused(basis(tmp_path, **{name: value}))
    assert (error.message, error.found) == ("the legal basis is not valid today", "2026-03-01")
    assert "counsel" in error.fix


def test_a_file_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.toml").found == '"No such file or directory"'
    assert refused(tmp_path).message == "cannot read the legal basis"


def test_what_is_not_toml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "basis.toml"
    for text in (b"text = ", b'text = "\xff"'):
        file.write_bytes(text)
        assert refused(file).code == "legal_basis.not_toml"
        assert "quotation marks" in refused(file).fix


@pytest.mark.parametrize(("first", "last"), [("2026-03-01", "2026-03-01"), ('"2026-01-01"', "2026-12-31")])
def test_a_basis_holds_on_its_first_and_on_its_last_day(tmp_path: Path, first: str, last: str) -> None:
    found = load_legal_basis(basis(tmp_path, date=first, expires=last), today=TODAY)
    assert (found.text, found.counsel, found.country) == ("Article 5", "A. Counsel", "MK")
    assert found.dated <= TODAY <= found.expires


def test_an_event_says_all_of_a_legal_basis(tmp_path: Path) -> None:
    values = load_legal_basis(basis(tmp_path, date="2026-03-01", expires='"2026-12-31"'), today=TODAY).values()
    said = {
        "text": "Article 5",
        "counsel": "A. Counsel",
        "country": "MK",
        "date": "2026-03-01",
        "expires": "2026-12-31",
    }
    assert values == said


@pytest.mark.parametrize(
    ("channel", "number"),
    [("@kanali", None), ("1234567890", "1234567890"), ("-1001234567890", "1234567890"), ("-987", "987")],
)
def test_a_channel_that_is_named_by_its_number_has_one(channel: str, number: str | None) -> None:
    rest = {
        "report_url": "https://example.org/a",
        "reported_by": "Org",
        "reported_on": "2026-01-01",
        "access": "public",
    }
    assert watch_entry(channel=channel, **rest).number == number


def test_a_stream_is_read_as_a_file_is(tmp_path: Path) -> None:
    file = basis(tmp_path)
    assert load_legal_basis(BytesIO(file.read_bytes()), today=TODAY) == load_legal_basis(file, today=TODAY)
    windows = file.read_bytes().replace(b"\n", b"\r\n")
    assert load_legal_basis(BytesIO(windows), today=TODAY) == load_legal_basis(file, today=TODAY)


@pytest.mark.parametrize("raw", [b"", b"text = ", b"\xff", b"#" * (MAX_LEGAL_BASIS_BYTES + 1)])
def test_a_stream_that_is_no_legal_basis_is_refused(raw: bytes) -> None:
    with pytest.raises(LegalBasisError) as raised:
        load_legal_basis(BytesIO(raw), today=TODAY)
    assert raised.value.where == "legal_basis"


def test_no_more_of_a_stream_is_read_than_could_be_one() -> None:
    stream = BytesIO(b"#" * (MAX_LEGAL_BASIS_BYTES * 4))
    with pytest.raises(LegalBasisError, match="too long"):
        load_legal_basis(stream, today=TODAY)
    assert stream.tell() == MAX_LEGAL_BASIS_BYTES + 1


def test_a_stream_that_breaks_off_is_explained() -> None:
    class Broken(BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise ConnectionResetError(104, "Connection reset by peer")

    with pytest.raises(LegalBasisError) as raised:
        load_legal_basis(Broken(), today=TODAY)
    assert raised.value.found == '"Connection reset by peer"'


def test_a_channel_that_nobody_registered_has_no_report() -> None:
    channel = UnregisteredChannel.of("kanali", 77)
    assert (channel.known_id, channel.is_probe, channel.report_url) == ("77", False, None)
    with pytest.raises(ValueError, match="without a report"):
        UnregisteredChannel("kanali", "https://example.org/r", None, None, "public")
