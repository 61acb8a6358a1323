"""Both ways with pyrage (rage, the Rust implementation)."""

import io

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.seal.age import new_file_key, seal_header
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.seal.passphrase import open_with_passphrase, seal_with_passphrase
from evidence.seal.recipients import X25519Identity, generate_identity
from evidence.seal.stream import CHUNK_BYTES, seal_payload

OURS = X25519Identity(b"\x41" * 32)
THEIRS = pyrage.x25519.Identity.from_str(OURS.secret_string())
SIZES = st.builds(
    lambda chunks, near: max(0, chunks * CHUNK_BYTES + near),
    st.integers(min_value=0, max_value=3),
    st.integers(min_value=-20, max_value=20),
)


def test_the_keys_are_the_same() -> None:
    assert str(THEIRS.to_public()) == str(OURS.recipient)


@settings(deadline=None)
@given(SIZES)
def test_what_we_seal_pyrage_opens(size: int) -> None:
    assert pyrage.decrypt(seal_whole(bytes(size), recipients=[OURS.recipient]), [THEIRS]) == bytes(size)


@settings(deadline=None)
@given(SIZES)
def test_what_pyrage_seals_we_open(size: int) -> None:
    assert open_whole(pyrage.encrypt(bytes(size), [THEIRS.to_public()]), identities=[OURS]) == bytes(size)


def test_a_stream_of_small_pieces_is_read_by_pyrage() -> None:
    file_key = new_file_key()
    sealed = io.BytesIO(seal_header(file_key, recipients=[OURS.recipient]))
    sealed.seek(0, io.SEEK_END)
    for piece in seal_payload(file_key, (b"piece" for _ in range(50_000))):
        sealed.write(piece)
    sealed.seek(0)
    opened = io.BytesIO()
    pyrage.decrypt_io(sealed, opened, [THEIRS])
    assert opened.getvalue() == b"piece" * 50_000


def test_it_does_not_know_our_post_quantum_identities_as_the_format_says() -> None:
    with pytest.raises(pyrage.IdentityError):
        pyrage.x25519.Identity.from_str(generate_identity().secret_string())


@pytest.mark.slow
@pytest.mark.repeats
def test_passphrase_files_go_both_ways() -> None:
    passphrase = "šest đačkih ćuprija"
    sealed = seal_with_passphrase(b"key", passphrase=passphrase, log_n=10)
    assert pyrage.passphrase.decrypt(sealed, passphrase) == b"key"
    assert open_with_passphrase(pyrage.passphrase.encrypt(b"key", passphrase), passphrase=passphrase) == b"key"


def test_pyrage_finds_the_damage_that_we_find() -> None:
    sealed = seal_whole(b"a record", recipients=[OURS.recipient])
    assert pyrage.decrypt(sealed, [THEIRS]) == b"a record"
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed[:-1] + bytes([sealed[-1] ^ 1]), [THEIRS])
