"""Secrets stay in the folder beside the home, and the office key in no file at all."""

import base64
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.errors import SecretFileError
from evidence.errors import HomeError, NoMatchingKeyError, PassphraseError
from evidence.keys import KeyFolder, Unlocked, create_keys, keys_beside, require_long
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.seal.passphrase import seal_with_passphrase
from evidence.seal.recipients import HybridIdentity, generate_identity, read_recipients

PASSPHRASE = "correct horse battery"


@dataclass(frozen=True)
class Made:
    """A home's keys and the office identity that was returned."""

    home: Path
    keys: KeyFolder
    office: HybridIdentity


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    home = tmp_path_factory.mktemp("keys") / "home"
    home.mkdir()
    office = generate_identity()
    make_keys(keys_beside(home), home, office=office)
    return Made(home, keys_beside(home), office)


def make_keys(
    folder: KeyFolder, home: Path, *, passphrase: str = PASSPHRASE, office: HybridIdentity | None = None
) -> None:
    recipient = (office or generate_identity()).recipient
    create_keys(folder, home, office=recipient, log_seed=bytes(32), passphrase=passphrase, log_n=10)


@pytest.fixture
def made(once: Made, tmp_path: Path) -> Made:
    home = tmp_path / "home"
    for before, after in ((once.home, home), (once.keys.path, keys_beside(home).path)):
        shutil.copytree(before, after)
    return Made(home, keys_beside(home), once.office)


def test_keys_that_are_there_are_not_touched(made: Made, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in made.keys.files()}
    (tmp_path / "other").mkdir()
    with pytest.raises(HomeError, match="keys already"):
        make_keys(made.keys, tmp_path / "other")
    assert {file: file.read_bytes() for file in made.keys.files()} == before


@pytest.mark.parametrize("passphrase", ["", "a", "seven!!", "8 signs.", "\U0001f512" * 14])
def test_a_new_passphrase_that_is_too_short_makes_nothing_and_is_not_told(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(PassphraseError, match="too short") as raised:
        make_keys(keys_beside(tmp_path / "home"), tmp_path, passphrase=passphrase)
    assert (raised.value.expected, raised.value.found) == ("at least 15 characters", "")
    assert "several words" in raised.value.fix
    assert len(passphrase) < 2 or passphrase not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", ["abcd " * 3, " abcdabcdabcdab", "\u0107\u4e00\U0001f512\u00a0\u200d" * 3])
def test_fifteen_characters_of_any_kind_are_enough_if_five_differ(passphrase: str) -> None:
    require_long(passphrase)


@pytest.mark.parametrize("passphrase", ["a" * 15, " " * 15, "\u0107" * 40, "abcd" * 4, "12341234123412341234"])
def test_a_few_characters_over_and_over_are_no_new_passphrase(passphrase: str) -> None:
    with pytest.raises(PassphraseError, match="repeats too few") as raised:
        require_long(passphrase)
    assert raised.value.expected == "at least 5 different ones"
    assert passphrase not in str(raised.value)


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\0", "\x7f", "\x85", "\u2028", "\u2029", "\udcff"])
def test_what_no_prompt_takes_is_in_no_new_passphrase(character: str) -> None:
    with pytest.raises(PassphraseError, match="no prompt takes") as raised:
        require_long(f"correct horse{character}battery")
    assert "horse" not in str(vars(raised.value))


def test_keys_under_an_older_shorter_passphrase_still_open(made: Made) -> None:
    for role in ("casework", "matching"):
        sealed = seal_with_passphrase(f"{made.office.secret_string()}\n".encode(), passphrase="old", log_n=10)
        (made.keys.path / f"{role}.age").write_bytes(sealed)
    assert made.keys.unlock("old").casework


@pytest.mark.parametrize("passphrase", ["", "wrong", f"{PASSPHRASE} ", PASSPHRASE.title()])
def test_a_wrong_passphrase_opens_nothing(made: Made, passphrase: str) -> None:
    with pytest.raises(PassphraseError):
        made.keys.unlock(passphrase)


@pytest.mark.parametrize("role", ["casework", "matching"])
def test_a_missing_or_open_identity_is_refused(made: Made, role: str) -> None:
    file = made.keys.path / f"{role}.age"
    file.chmod(0o644)
    with pytest.raises(SecretFileError, match="others may read"):
        made.keys.unlock(PASSPHRASE)
    file.unlink()
    with pytest.raises(SecretFileError, match="missing"):
        made.keys.unlock(PASSPHRASE)


@pytest.mark.parametrize("content", [b"damaged", None])
def test_a_damaged_identity_is_named(made: Made, content: bytes | None) -> None:
    file = made.keys.path / "matching.age"
    other = seal_with_passphrase(b"no identity\xff", passphrase=PASSPHRASE, log_n=10)
    file.write_bytes(content or other)
    with pytest.raises(SecretFileError, match="damaged") as raised:
        made.keys.unlock(PASSPHRASE)
    assert raised.value.where == str(file)


@pytest.mark.parametrize("name", ["log.key", "seen.key"])
@pytest.mark.parametrize("content", [b"!", b"AAAA", base64.b64encode(bytes(33)), b"\xff" * 44, b"\n"])
def test_what_is_no_key_is_refused(made: Made, name: str, content: bytes) -> None:
    (made.keys.path / name).write_bytes(content)
    with pytest.raises(SecretFileError, match="this is not a key") as raised:
        made.keys.log_key() if name == "log.key" else made.keys.seen_key()
    assert raised.value.where == str(made.keys.path / name)


def test_another_identity_opens_no_further_secret(made: Made) -> None:
    casework = made.keys.unlock(PASSPHRASE).casework
    made.keys.write_sealed("more.age", b"hidden", read_recipients(made.home).casework)
    with pytest.raises(NoMatchingKeyError):
        made.keys.read_sealed("more.age", generate_identity())
    with pytest.raises(FileExistsError):
        made.keys.write_sealed("more.age", b"other", read_recipients(made.home).casework)
    assert made.keys.read_sealed("more.age", casework) == b"hidden"


def test_the_passphrase_opens_what_the_recipients_seal(made: Made) -> None:
    recipients, keys = read_recipients(made.home), made.keys.unlock(PASSPHRASE)
    for recipient, identity in ((recipients.casework, keys.casework), (recipients.matching, keys.matching)):
        assert open_whole(seal_whole(b"x", recipients=(recipient,)), identities=(identity,)) == b"x"
    assert str(recipients.office) == str(made.office.recipient)
    assert len({str(recipients.office), str(recipients.casework), str(recipients.matching)}) == 3


def test_the_office_key_alone_recovers_the_other_two(made: Made) -> None:
    keys = made.keys.unlock(PASSPHRASE)
    for role, identity in (("casework", keys.casework), ("matching", keys.matching)):
        sealed = (made.home / "recovery" / f"{role}.age").read_bytes()
        assert isinstance(identity, HybridIdentity)
        assert open_whole(sealed, identities=(made.office,)).decode().strip() == identity.secret_string()


def test_the_office_key_is_in_no_file_and_no_secret_is_in_the_home(made: Made) -> None:
    keys = made.keys.unlock(PASSPHRASE)
    identities = (made.office, keys.casework, keys.matching)
    secrets = [identity.secret_string().encode() for identity in identities]
    secrets += [
        spelled for each in identities for spelled in (each.seed, each.seed.hex().encode(), base64.b64encode(each.seed))
    ]
    secrets += [made.keys.log_key().private_bytes_raw(), made.keys.seen_key().secret]
    everywhere = [file.read_bytes() for file in (*made.home.rglob("*"), *made.keys.files()) if file.is_file()]
    for secret in secrets:
        assert not any(secret in body for body in everywhere)
    private = base64.b64encode(made.keys.seen_key().secret)
    assert any(private in file.read_bytes() for file in made.keys.files())
    assert not any(private in file.read_bytes() for file in made.home.rglob("*") if file.is_file())


def test_everything_is_its_owners_alone(made: Made, once: Made) -> None:
    assert stat.S_IMODE(once.keys.path.stat().st_mode) == 0o700
    for file in (*once.keys.files(), *(once.home / "recipients").iterdir(), *(once.home / "recovery").iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [file.name for file in once.keys.files()] == ["casework.age", "log.key", "matching.age", "seen.key"]
    assert keys_beside(Path("a/home")).path == Path("a/home.keys")
    assert made.keys.signed == made.keys.path / "log.signed"


def test_what_is_unlocked_does_not_show_itself(made: Made) -> None:
    keys = made.keys.unlock(PASSPHRASE)
    assert isinstance(keys, Unlocked)
    assert "AGE" not in repr(keys).upper()
    assert repr(made.keys.seen_key()).count("secret") == 0
