"""Both ways with the age library of age's author (post-quantum too) and with another SLIP-39."""

import json
import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from evidence.seal.cards import make_cards, read_cards
from evidence.seal.envelopes import open_whole, seal_media, seal_whole
from evidence.seal.passphrase import open_with_passphrase, seal_with_passphrase
from evidence.seal.recipients import HybridIdentity, KeyIdentity, X25519Identity, generate_identity, parse_identity
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

Foreign = Callable[..., bytes]
VECTORS = Path(__file__).parents[2] / "vectors" / "age" / "cctv"
SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]
IDENTITIES: list[KeyIdentity] = [X25519Identity(b"\x21" * 32), HybridIdentity(b"\x22" * 32)]
SEED = bytes(range(100, 132))


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@pytest.mark.every(3)
@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("size", SIZES)
def test_what_we_seal_they_open(foreign: Foreign, identity: KeyIdentity, size: int) -> None:
    sealed = seal_whole(pattern(size), recipients=[identity.recipient])
    assert foreign("decrypt", identity.secret_string(), given=sealed) == pattern(size)


@pytest.mark.every(3)
@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("size", SIZES)
def test_what_they_seal_we_open(foreign: Foreign, identity: KeyIdentity, size: int) -> None:
    sealed = foreign("encrypt", str(identity.recipient), given=pattern(size))
    assert open_whole(sealed, identities=[identity]) == pattern(size)


@pytest.mark.parametrize("identity", IDENTITIES)
def test_they_open_one_of_three_recipients_and_nobody_else(foreign: Foreign, identity: KeyIdentity) -> None:
    others = [type(identity)(bytes([number]) * 32).recipient for number in (1, 2)]
    sealed = seal_whole(b"to three", recipients=[others[0], identity.recipient, others[1]])
    assert foreign("decrypt", identity.secret_string(), given=sealed) == b"to three"
    stranger = type(identity)(b"\x03" * 32)
    with pytest.raises(subprocess.CalledProcessError):
        foreign("decrypt", stranger.secret_string(), given=sealed)


@pytest.mark.parametrize("identity", IDENTITIES)
def test_they_derive_the_same_recipient(foreign: Foreign, identity: KeyIdentity) -> None:
    assert foreign("recipient", identity.secret_string()).decode() == str(identity.recipient)


def test_their_new_identity_is_ours_too(foreign: Foreign) -> None:
    text = foreign("new-identity").decode()
    identity = parse_identity(text)
    assert isinstance(identity, HybridIdentity)
    assert identity.secret_string() == text
    assert foreign("recipient", text).decode() == str(identity.recipient)


def test_a_post_quantum_header_beside_its_payload_is_a_file_that_they_open(foreign: Foreign) -> None:
    identity, payload = generate_identity(), bytearray()
    seal = seal_media([pattern(100_000)], manifest=lambda: b"{}", recipients=[identity.recipient], sink=payload.extend)
    frame = foreign("decrypt", identity.secret_string(), given=seal.header + payload)
    assert frame[:100_000] == pattern(100_000)


def test_passphrase_files_go_both_ways(foreign: Foreign) -> None:
    passphrase = "šest đačkih ćuprija 6"
    assert (
        foreign("decrypt-passphrase", passphrase, given=seal_with_passphrase(b"key", passphrase=passphrase)) == b"key"
    )
    theirs = foreign("encrypt-passphrase", passphrase, given=b"key")
    assert open_with_passphrase(theirs, passphrase=passphrase) == b"key"


def test_our_copy_of_the_test_kit_is_the_published_one(foreign: Foreign) -> None:
    published = {name: bytes.fromhex(data) for name, data in json.loads(foreign("vectors")).items()}
    assert {path.name: path.read_bytes() for path in VECTORS.iterdir()} == published


def test_our_cards_are_read_by_another_slip_39(foreign: Foreign) -> None:
    for some in nonempty(combinations(make_cards(SEED, threshold=2, count=3), 2)):
        assert foreign("read-cards", given=json.dumps(some).encode()) == SEED


def test_cards_of_another_slip_39_are_read(foreign: Foreign) -> None:
    cards = json.loads(foreign("make-cards", SEED.hex()))
    for some in nonempty(combinations(cards, 2)):
        assert read_cards(some) == SEED
