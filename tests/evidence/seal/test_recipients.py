import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import EnvelopeError, HomeError, KeyTextError
from evidence.seal import bech32
from evidence.seal.age import Stanza, b64, from_b64
from evidence.seal.recipients import (
    ROLES,
    HybridIdentity,
    HybridRecipient,
    KeyIdentity,
    X25519Identity,
    X25519Recipient,
    generate_identity,
    parse_identity,
    parse_recipient,
    read_recipients,
)
from tests.nonempty import nonempty

SPEC = json.loads((Path(__file__).parents[2] / "vectors" / "age" / "spec.json").read_text(encoding="utf-8"))
FILE_KEY = b"YELLOW SUBMARINE"
SEEDS = st.binary(min_size=32, max_size=32)
KINDS = st.sampled_from([X25519Identity, HybridIdentity])
BOTH = [X25519Identity(b"\x05" * 32), HybridIdentity(b"\x06" * 32)]


@pytest.mark.parametrize("kind", ["x25519", "hybrid"])
def test_the_keys_of_the_specification_belong_together(kind: str) -> None:
    identity = parse_identity(SPEC[kind]["identity"])
    assert identity.secret_string() == SPEC[kind]["identity"]
    assert str(identity.recipient) == SPEC[kind]["recipient"]
    assert parse_recipient(SPEC[kind]["recipient"]) == identity.recipient


@settings(deadline=None)
@given(KINDS, SEEDS)
def test_the_seed_is_the_whole_identity(kind: type[KeyIdentity], seed: bytes) -> None:
    identity = kind(seed)
    again = parse_identity(identity.secret_string())
    assert again == identity
    assert again.seed == seed
    assert parse_recipient(str(identity.recipient)) == identity.recipient


@settings(deadline=None)
@given(KINDS, SEEDS)
def test_what_is_wrapped_is_unwrapped(kind: type[KeyIdentity], seed: bytes) -> None:
    identity = kind(seed)
    assert identity.unwrap([identity.recipient.wrap(FILE_KEY)]) == FILE_KEY


@pytest.mark.parametrize("identity", BOTH)
def test_no_wrapping_is_like_another(identity: KeyIdentity) -> None:
    stanzas = {identity.recipient.wrap(FILE_KEY) for _ in range(20)}
    assert len(stanzas) == 20


@pytest.mark.parametrize("identity", BOTH)
def test_a_stanza_for_another_key_of_the_kind_is_passed_over(identity: KeyIdentity) -> None:
    other = type(identity)(b"\x07" * 32).recipient.wrap(FILE_KEY)
    assert identity.unwrap([other]) is None
    assert identity.unwrap([other, identity.recipient.wrap(FILE_KEY)]) == FILE_KEY


def test_a_stanza_of_the_other_kind_is_passed_over() -> None:
    classical, hybrid = BOTH
    assert classical.unwrap([hybrid.recipient.wrap(FILE_KEY)]) is None
    assert hybrid.unwrap([classical.recipient.wrap(FILE_KEY)]) is None


@pytest.mark.parametrize("identity", BOTH)
def test_a_malformed_stanza_of_the_kind_is_an_error(identity: KeyIdentity) -> None:
    good = identity.recipient.wrap(FILE_KEY)
    name, share = good.arguments
    for arguments, body in (
        ((name,), good.body),
        ((name, share, share), good.body),
        ((name, share[:-2]), good.body),
        ((name, share + "="), good.body),
        ((name, share), good.body[:-1]),
        ((name, share), good.body + b"\x00"),
    ):
        with pytest.raises(EnvelopeError):
            identity.unwrap([Stanza(arguments, body)])


@pytest.mark.parametrize("identity", BOTH)
def test_a_share_of_low_order_is_an_error(identity: KeyIdentity) -> None:
    good = identity.recipient.wrap(FILE_KEY)
    share = from_b64(good.arguments[1])
    with pytest.raises(EnvelopeError, match="low order"):
        identity.unwrap([Stanza((good.type, b64(share[:-32] + bytes(32))), good.body)])


@pytest.mark.parametrize("identity", BOTH)
def test_a_recipient_of_low_order_is_not_written_to(identity: KeyIdentity) -> None:
    public = identity.recipient.public[:-32] + bytes(32)
    with pytest.raises(KeyTextError):
        type(identity.recipient)(public).wrap(FILE_KEY)


def test_a_post_quantum_key_with_coefficients_out_of_range_is_refused() -> None:
    with pytest.raises(KeyTextError):
        HybridRecipient(b"\xff" * 1216)


@pytest.mark.parametrize("make", [X25519Identity, X25519Recipient, HybridIdentity, HybridRecipient])
def test_a_key_of_the_wrong_length_cannot_be_built(make: type) -> None:
    for size in (0, 31, 33, 64):
        with pytest.raises(KeyTextError):
            make(bytes(size))


@pytest.mark.parametrize(
    "text",
    ["", "age1", "ssh-ed25519 AAAA", SPEC["x25519"]["identity"], SPEC["x25519"]["recipient"].upper(), "age1tag1qqqq"],
)
def test_what_is_not_a_recipient_is_refused(text: str) -> None:
    with pytest.raises(KeyTextError):
        parse_recipient(text)


@pytest.mark.parametrize(
    "text", ["", SPEC["hybrid"]["recipient"], SPEC["hybrid"]["identity"].lower(), SPEC["hybrid"]["identity"] + " "]
)
def test_what_is_not_an_identity_is_refused(text: str) -> None:
    with pytest.raises(KeyTextError):
        parse_identity(text)


def test_well_formed_text_of_a_foreign_kind_is_refused_by_name() -> None:
    with pytest.raises(KeyTextError, match="recipient"):
        parse_recipient(bech32.encode("age1tag", bytes(33)))
    with pytest.raises(KeyTextError, match="identity"):
        parse_identity(bech32.encode("AGE-PLUGIN-X-", bytes(32)))


def test_a_new_identity_is_post_quantum_and_new() -> None:
    assert isinstance(generate_identity(), HybridIdentity)
    assert len({generate_identity().seed for _ in range(50)}) == 50


@pytest.mark.parametrize("identity", BOTH)
def test_no_way_of_printing_an_identity_shows_its_secret(identity: KeyIdentity) -> None:
    shown = [str(identity), repr(identity), f"{identity}", f"{[identity]}", repr({"key": identity})]
    for text in nonempty(shown):
        assert identity.secret_string() not in text
        assert "AGE-SECRET" not in text
        assert identity.seed.hex() not in text
        assert repr(identity.seed) not in text
        assert type(identity).__name__ in text


# Of a home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "recipients").mkdir()
    for seed, role in enumerate(ROLES):
        text = str(HybridIdentity(bytes([seed] * 32)).recipient)
        (tmp_path / "recipients" / f"{role}.txt").write_text(f"{text}\n", "ascii")
    return tmp_path


def test_a_home_names_its_recipients_by_their_roles(home: Path) -> None:
    found = read_recipients(home)
    assert [getattr(found, role) for role in ROLES] == [HybridIdentity(bytes([n] * 32)).recipient for n in range(3)]


def test_a_missing_recipient_is_explained(home: Path) -> None:
    file = home / "recipients" / "matching.txt"
    file.write_bytes(b"\xff")
    with pytest.raises(HomeError, match="recipient"):
        read_recipients(home)
    file.unlink()
    with pytest.raises(HomeError, match="missing"):
        read_recipients(home)


def test_a_mistyped_recipient_is_refused(home: Path) -> None:
    file = home / "recipients" / "casework.txt"
    text = file.read_text()
    file.write_text(text.replace(text[20], "q" if text[20] != "q" else "p", 1))
    with pytest.raises(KeyTextError):
        read_recipients(home)
