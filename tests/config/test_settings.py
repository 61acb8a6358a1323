"""A setting that is wrong is named with its file or its variable; a secret that others may read is none."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import SecretFileError, SettingsError
from config.settings import PREFIX, load_settings, read_secret_file, settings_toml, with_value

OFFICE = {"office": {"organisation": "Zyra"}, "log": {"origin": "zyra/00c0ffee"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "nisisama.toml"
    file.write_text(settings_toml(OFFICE))
    return file


def refused(file: Path) -> SettingsError:
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    assert raised.value.fix
    return raised.value


def test_a_missing_file_says_how_to_make_a_home(tmp_path: Path) -> None:
    error = refused(tmp_path / "nisisama.toml")
    assert error.where == str(tmp_path / "nisisama.toml")
    assert "nisisama init" in error.fix


@pytest.mark.parametrize("text", ["[office", "\0", 'a = "\n"', "a = 1\na = 2"])
def test_what_is_not_toml_is_refused_with_its_place(file: Path, text: str) -> None:
    file.write_text(text)
    error = refused(file)
    assert (error.code, error.where) == ("settings.not_toml", str(file))
    assert error.found
    assert "quotation mark" in error.fix
    assert "TOML" not in str(error)


def test_bytes_that_are_not_utf_8_are_not_toml(file: Path) -> None:
    file.write_bytes(b'a = "\xff"')
    assert refused(file).code == "settings.not_toml"


@pytest.mark.parametrize("value", ["0123456789abcdef0123456789abcdef", "abcdef0123456789abcdef0123456789", '"unclosed'])
def test_a_text_without_its_quotation_marks_is_told_with_its_line_and_not_shown(file: Path, value: str) -> None:
    file.write_text(f"{settings_toml(OFFICE)}\n[telegram]\napi_id = 1\napi_hash = {value}\n")
    line = len(file.read_text().splitlines())
    error = refused(file)
    assert f"line {line}" in error.found
    assert value.strip('"') not in str(error)


def test_the_lines_of_the_live_watch_only_need_their_signs_taken_away(file: Path) -> None:
    before = load_settings(file)
    assert not before.telegram.api_id
    text = file.read_text()
    for line in ("# [telegram]", "# api_id = ", "# api_hash = "):
        assert text.count(f"\n{line}") == 1
        text = text.replace(f"\n{line}", f"\n{line.removeprefix('# ')}")
    file.write_text(text)
    assert load_settings(file).telegram.api_id == 1234567
    assert len(load_settings(file).telegram.api_hash) == 32


@pytest.mark.parametrize("key", ["nope", "_env_prefix", "_cli_parse_args", "self", "database_url"])
def test_an_unknown_key_at_the_top_is_named_with_its_file(file: Path, key: str) -> None:
    file.write_text(f'{key} = "x"\n{file.read_text()}')
    error = refused(file)
    assert (error.message, error.where, error.found) == ("unknown key", str(file), key)


def test_an_unknown_key_in_a_section_is_named_with_its_file(file: Path) -> None:
    file.write_text(f"{file.read_text()}[stamp]\noffice = 'x'\n")
    error = refused(file)
    assert (error.message, error.where, error.found) == ("unknown key", str(file), "stamp.office")


@pytest.mark.parametrize(
    ("section", "line", "key", "found"),
    [
        ("stamp", "timeout_s = 0", "stamp.timeout_s", "0"),
        ("stamp", "timeout_s = nan", "stamp.timeout_s", "nan"),
        ("stamp", 'timeout_s = "soon"', "stamp.timeout_s", "text"),
        ("stamp", 'offices = "digicert"', "stamp.offices", "text"),
        ("keys", "passphrase_log_n = 21", "keys.passphrase_log_n", "21"),
        ("stamp", "offices = {a = 1}", "stamp.offices", "a table"),
        ("intake", "batch = 0", "intake.batch", "0"),
        ("intake", "batch = false", "intake.batch", "false"),
        ("serve", 'address = "localhost"', "serve.address", "text"),
        ("serve", 'address = "127.0.0.1/8"', "serve.address", "text"),
        ("serve", "address = 127", "serve.address", "127"),
        ("serve", 'proxies = "127.0.0.1"', "serve.proxies", "text"),
        ("serve", 'proxies = ["*"]', "serve.proxies.0", "text"),
        ("serve", 'proxies = ["127.0.0.1", "0.0.0.0/0"]', "serve.proxies.1", "text"),
        ("serve", 'proxies = ["::/0"]', "serve.proxies.0", "text"),
        ("serve", 'proxies = ["192.0.2.1/24"]', "serve.proxies.0", "text"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_file_and_key(
    file: Path, section: str, line: str, key: str, found: str
) -> None:
    file.write_text(f"{file.read_text()}[{section}]\n{line}\n")
    error = refused(file)
    assert (error.message, error.where, error.found) == ("a key does not fit", f"{file}: {key}", found)
    assert error.expected
    assert "Input" not in error.expected


def test_addresses_are_taken_in_their_one_spelling(file: Path) -> None:
    before = load_settings(file).serve
    assert (before.address, before.proxies) == ("127.0.0.1", ())
    file.write_text(f'{file.read_text()}[serve]\naddress = "0:0::1"\nproxies = ["192.0.2.0/24", "2001:DB8::7"]\n')
    serve = load_settings(file).serve
    assert (serve.address, serve.proxies) == ("::1", ("192.0.2.0/24", "2001:db8::7/128"))


@pytest.mark.parametrize("key", ["log.origin", "office.organisation"])
def test_a_missing_key_is_named_with_its_file(file: Path, key: str) -> None:
    name = key.partition(".")[2]
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if not line.startswith(name)))
    error = refused(file)
    assert (error.message, error.where, error.expected) == ("a key is missing", str(file), key)


@pytest.mark.parametrize("origin", ["", "Zyra/00c0ffee", "zyra", "zyra/00C0FFEE", "zyra/00c0ffee/", "/00c0ffee", "z/1"])
def test_an_origin_has_one_form(file: Path, origin: str) -> None:
    file.write_text(settings_toml(OFFICE | {"log": {"origin": origin}}))
    assert refused(file).where == f"{file}: log.origin"


def test_another_version_of_the_file_is_refused(file: Path) -> None:
    file.write_text(file.read_text().replace("version = 1", "version = 2"))
    assert refused(file).where == f"{file}: version"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("NISISAMA_STAMP__TIMEOUT_S", "soon", "text"),
        ("NISISAMA_STAMP__TIMEOUT_S", "121", "text"),
        ("NISISAMA_STAMP__OFFICES", "[1]", "1"),
        ("nisisama_intake__batch", "-1", "text"),
        ("NISISAMA_VERSION", "2", "text"),
        ("NISISAMA_STAMP__OFFICE", "x", "stamp.office"),
    ],
)
def test_a_value_from_the_environment_is_named_with_its_variable(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, found: str
) -> None:
    monkeypatch.setenv(name, value)
    error = refused(file)
    assert (error.where, error.found) == (name, found)


ADDRESS = "postgresql://nisi:geheim99@db/n"


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (f'database = "{ADDRESS}"', ""),
        (f'"{ADDRESS}" = 1', ""),
        ("", f'[database]\nurl = ["{ADDRESS}"]'),
        ("", f'[database]\nurl = {{to = "{ADDRESS}"}}'),
        ("", f'[database]\nurl = {{"{ADDRESS}" = 1}}'),
        ("", f'[database]\n"{ADDRESS}" = ""'),
        ("", f"[database]\nurl = {ADDRESS}"),
        ("", f'[database]\nurl = "{ADDRESS}'),
        ("", "[database]\nurl = 9900000000"),
        ("", f'[[database]]\nurl = "{ADDRESS}"'),
        ("", f'[database."{ADDRESS}"]\n[database."{ADDRESS}"]'),
        ("", f'[stamp]\ntimeout_s = "{ADDRESS}"'),
    ],
)
def test_a_password_is_not_repeated_wherever_it_stands_in_the_file(file: Path, head: str, tail: str) -> None:
    file.write_text(f"{head}\n{file.read_text()}\n{tail}\n")
    shown = repr(refused(file)) + str(vars(refused(file)))
    assert "geheim" not in shown
    assert "99" not in shown.replace(str(file), "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NISISAMA_DATABASE", ADDRESS),
        ("NISISAMA_DATABASE", f'"{ADDRESS}"'),
        ("NISISAMA_DATABASE", f'{{"{ADDRESS}": 1}}'),
        ("NISISAMA_DATABASE", f'{{"url": ["{ADDRESS}"]}}'),
        ("NISISAMA_DATABASE_URL", ADDRESS),
        ("NISISAMA_DATABASE__ADDRESS", ADDRESS),
        ("NISISAMA_STAMP__OFFICES", ADDRESS),
        ("NISISAMA_INTAKE__BATCH", ADDRESS),
    ],
)
def test_a_password_is_not_repeated_wherever_it_stands_in_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert "geheim" not in repr(refused(file)) + str(vars(refused(file)))


@pytest.mark.parametrize("name", ["NISISAMA_STAMP__OFFICES", "nisisama_stamp__offices", "NISISAMA_STAMP"])
def test_a_list_that_is_not_json_is_named_with_its_variable(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "rehearsal, digicert")
    error = refused(file)
    assert (error.message, error.where) == ("a variable is not JSON", name)


@pytest.mark.parametrize("name", ["NISISAMA_STAPM__TIMEOUT_S", "nisisama_stapm__timeout_s", "NISISAMA_", "NISISAMA_DB"])
def test_an_unknown_variable_is_refused_in_any_case(file: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    error = refused(file)
    assert (error.message, error.where) == ("unknown setting", name)


def test_home_passphrase_and_actor_are_no_settings(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NISISAMA_HOME", "NISISAMA_PASSPHRASE", "NISISAMA_ACTOR"):
        monkeypatch.setenv(name, "anything")
    assert load_settings(file).stamp.offices == ()


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(settings_toml(OFFICE | {"stamp": {"offices": ["digicert"]}}))
    assert load_settings(file).stamp.offices == ("digicert",)
    monkeypatch.setenv("NISISAMA_STAMP__OFFICES", '["rehearsal"]')
    monkeypatch.setenv("nisisama_office__organisation", "Tjetër")
    settings = load_settings(file)
    assert settings.stamp.offices == ("rehearsal",)
    assert settings.office.organisation == "Tjetër"
    assert settings.log.origin == "zyra/00c0ffee"


def test_what_is_left_out_has_its_default(file: Path) -> None:
    settings = load_settings(file)
    assert (settings.version, settings.office.rehearsal, settings.database.url) == (1, False, "")
    assert 0 < settings.stamp.timeout_s <= 120
    assert PREFIX == "NISISAMA_"


CONTROLS = [*map(chr, range(0x20)), "\x7f"]


@pytest.mark.parametrize("character", CONTROLS)
def test_a_control_character_is_not_written(character: str) -> None:
    with pytest.raises(SettingsError, match="a control character"):
        settings_toml({"office": {"organisation": f"Zyra{character}"}})


def test_what_is_not_unicode_is_not_written() -> None:
    with pytest.raises(SettingsError, match="not Unicode") as raised:
        settings_toml({"office": {"organisation": "Zyra \udcff"}})
    assert raised.value.found.isascii()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS), max_size=30)


@given(organisation=TEXT.filter(bool), names=st.lists(TEXT, max_size=3), rehearsal=st.booleans())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, organisation: str, names: list[str], *, rehearsal: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "round-trip.toml"
    sections = {
        "office": {"organisation": organisation, "rehearsal": rehearsal},
        "log": {"origin": "a/00000000"},
        "stamp": {"offices": names},
    }
    file.write_bytes(settings_toml(sections).encode())
    settings = load_settings(file)
    assert (settings.office.organisation, settings.office.rehearsal) == (organisation, rehearsal)
    assert settings.stamp.offices == tuple(names)


# Secret files


def secret(folder: Path, content: bytes = b"hidden\n", mode: int = 0o600) -> Path:
    file = folder / "secret"
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o620, 0o602, 0o601, 0o610, 0o777])
def test_a_secret_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = secret(tmp_path, mode=mode)
    with pytest.raises(SecretFileError, match="others may read") as raised:
        read_secret_file(file)
    assert raised.value.found == f"mode {mode:04o}"
    assert raised.value.fix == f"Run: chmod 600 '{file}'"


def test_a_link_to_a_secret_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(secret(tmp_path))
    with pytest.raises(SecretFileError, match="not a regular file"):
        read_secret_file(link)


def test_a_folder_and_a_pipe_are_no_secret_files(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for place in (pipe, tmp_path):
        with pytest.raises(SecretFileError, match="not a regular file"):
            read_secret_file(place)


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="missing") as raised:
        read_secret_file(tmp_path / "secret")
    assert raised.value.where == str(tmp_path / "secret")


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="empty"):
        read_secret_file(secret(tmp_path, b""))


def test_a_secret_that_the_system_refuses_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: Path) -> bytes:  # not by its mode: the tests may run as root
        raise PermissionError(13, "Permission denied")

    file = secret(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SecretFileError, match="may not read"):
        read_secret_file(file)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_secret_of_its_owner_is_read(tmp_path: Path, mode: int) -> None:
    assert read_secret_file(secret(tmp_path, mode=mode)) == b"hidden\n"


# One value changed

PLAIN = '# a remark\nversion = 1\n\n[office]\norganisation = "Zyra"\n'


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (PLAIN, PLAIN + '\n[database]\nurl = "u"\n'),
        (PLAIN + "[database]\n", PLAIN + '[database]\nurl = "u"\n'),
        (PLAIN + '[database] # rows\nurl = "" # here\n\n[keys]\n', PLAIN + '[database] # rows\nurl = "u"\n\n[keys]\n'),
        (PLAIN + "[ database ]\n[keys]\nurl = 3\n", PLAIN + '[ database ]\nurl = "u"\n[keys]\nurl = 3\n'),
    ],
)
def test_one_value_is_changed_and_every_other_line_stays(text: str, changed: str) -> None:
    assert with_value(text, "database", "url", "u") == changed


@pytest.mark.parametrize("text", ['database.url = "a"\n', 'database = { url = "a" }\n', '[database]\n"url" = "a"\n'])
def test_a_value_in_another_form_is_not_changed(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        with_value(text, "database", "url", "u")
    assert raised.value.code == "settings.not_changed_here"
