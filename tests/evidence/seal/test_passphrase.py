import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import EnvelopeError, PassphraseError
from evidence.seal.age import Stanza, parse_header, split_file
from evidence.seal.envelopes import seal_whole
from evidence.seal.passphrase import (
    PassphraseIdentity,
    PassphraseRecipient,
    open_with_passphrase,
    seal_with_passphrase,
)
from evidence.seal.recipients import generate_identity

SALT = "AAAAAAAAAAAAAAAAAAAAAA"


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=200), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_what_is_sealed_is_opened(plaintext: bytes, passphrase: str) -> None:
    sealed = seal_with_passphrase(plaintext, passphrase=passphrase, log_n=2)
    assert open_with_passphrase(sealed, passphrase=passphrase) == plaintext


def test_the_wrong_passphrase_is_told_from_a_damaged_file() -> None:
    sealed = seal_with_passphrase(b"key", passphrase="right", log_n=2)
    with pytest.raises(PassphraseError):
        open_with_passphrase(sealed, passphrase="wrong")
    with pytest.raises(EnvelopeError):
        open_with_passphrase(sealed[:-1] + bytes([sealed[-1] ^ 1]), passphrase="right")


def test_a_file_for_a_key_is_not_a_passphrase_file() -> None:
    sealed = seal_whole(b"key", recipients=[generate_identity().recipient])
    with pytest.raises(PassphraseError):
        open_with_passphrase(sealed, passphrase="x")


@pytest.mark.parametrize("passphrase", ["", "\udcff"])
def test_a_passphrase_that_cannot_be_typed_again_is_refused(passphrase: str) -> None:
    for build in (PassphraseRecipient, PassphraseIdentity):
        with pytest.raises(PassphraseError) as caught:
            build(passphrase)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize("log_n", [-1, 0, 21, 64])
def test_a_work_factor_out_of_range_cannot_be_written(log_n: int) -> None:
    with pytest.raises(PassphraseError):
        PassphraseRecipient("x", log_n=log_n)


@pytest.mark.parametrize("log_n", ["21", "30", "9" * 5000, "0", "01", "+2", "2 ", "", "0x2", "٢", "-2"])
def test_a_work_factor_out_of_range_is_refused_before_any_work(log_n: str) -> None:
    identity = PassphraseIdentity("x")
    assert identity.unwrap([Stanza(("scrypt", SALT, "2"), bytes(32))]) is None
    with pytest.raises(EnvelopeError, match="work factor"):
        identity.unwrap([Stanza(("scrypt", SALT, log_n), bytes(32))])


@pytest.mark.parametrize(
    "stanza",
    [
        Stanza(("scrypt", SALT), bytes(32)),
        Stanza(("scrypt", SALT, "2", "3"), bytes(32)),
        Stanza(("scrypt", SALT[:-2], "2"), bytes(32)),
        Stanza(("scrypt", SALT, "2"), bytes(31)),
        Stanza(("scrypt", SALT, "2"), bytes(33)),
    ],
)
def test_a_malformed_stanza_is_an_error(stanza: Stanza) -> None:
    with pytest.raises(EnvelopeError):
        PassphraseIdentity("x").unwrap([stanza])


def test_a_stanza_that_is_not_alone_is_an_error() -> None:
    mine = PassphraseRecipient("x", log_n=2).wrap(bytes(16))
    with pytest.raises(EnvelopeError, match="alone"):
        PassphraseIdentity("x").unwrap([mine, mine])


def test_the_work_factor_is_eighteen_unless_asked_otherwise() -> None:
    header, _ = split_file(seal_with_passphrase(b"key", passphrase="x"))
    (stanza,) = parse_header(header).stanzas
    assert stanza.arguments[0::2] == ("scrypt", "18")


def test_no_way_of_printing_shows_the_passphrase() -> None:
    for holder in (PassphraseRecipient("swordfish", log_n=2), PassphraseIdentity("swordfish")):
        assert "swordfish" not in f"{holder} {holder!r}"
