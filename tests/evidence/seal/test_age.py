import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import EnvelopeError, NoMatchingKeyError, SealError
from evidence.seal.age import (
    Header,
    Stanza,
    b64,
    from_b64,
    new_file_key,
    open_header,
    parse_header,
    seal_header,
    split_file,
)
from evidence.seal.passphrase import PassphraseIdentity, PassphraseRecipient
from evidence.seal.recipients import HybridIdentity, Identity, X25519Identity

SPEC = json.loads((Path(__file__).parents[2] / "vectors" / "age" / "spec.json").read_text(encoding="utf-8"))
ALICE, BOB = X25519Identity(b"\x01" * 32), X25519Identity(b"\x02" * 32)
CAROL, DORA = HybridIdentity(b"\x03" * 32), HybridIdentity(b"\x04" * 32)
FILE_KEY = bytes(range(16))
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80)
STANZAS = st.builds(Stanza, st.lists(VISIBLE, min_size=1, max_size=4).map(tuple), st.binary(max_size=200))


def header_with(*stanzas: Stanza) -> bytes:
    signed = b"age-encryption.org/v1\n" + b"".join(stanza.encode() for stanza in stanzas) + b"---"
    return signed + b" " + b64(bytes(32)).encode() + b"\n"


def test_the_header_of_the_specification_is_read() -> None:
    header = parse_header(SPEC["header"].encode())
    (stanza,) = header.stanzas
    assert stanza.arguments == ("X25519", "XEl0dJ6y3C7KZkgmgWUicg63EyXJiwBJW8PdYJ/cYBE")
    assert len(stanza.body) == 32
    assert header.signed.endswith(b"\n---")
    assert stanza.encode() in SPEC["header"].encode()


@settings(deadline=None)
@given(st.lists(STANZAS.filter(lambda stanza: stanza.type != "scrypt"), min_size=1, max_size=4))
def test_what_is_written_is_read_again(stanzas: list[Stanza]) -> None:
    assert parse_header(header_with(*stanzas)).stanzas == tuple(stanzas)


@pytest.mark.parametrize("size", [0, 1, 47, 48, 49, 95, 96, 97])
def test_a_body_ends_with_a_short_line_even_when_it_fills_the_last(size: int) -> None:
    stanza = Stanza(("x",), bytes(size))
    assert parse_header(header_with(stanza)).stanzas == (stanza,)
    lines = stanza.encode().split(b"\n")
    assert lines.pop() == b""
    assert len(lines[-1]) < 64
    assert all(len(line) == 64 for line in lines[1:-1])


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_noise_is_refused_and_never_crashes(noise: bytes) -> None:
    with pytest.raises(EnvelopeError):
        parse_header(b"age-encryption.org/v1\n" + noise)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\n",
        b"age-encryption.org/v1",
        b"age-encryption.org/v1\n",
        b"age-encryption.org/v2\n" + SPEC["header"].encode().partition(b"\n")[2],
        SPEC["header"].encode()[:-1],
        SPEC["header"].encode() + b"\n",
        SPEC["header"].encode() + b"payload",
        SPEC["header"].encode().replace(b"\n", b"\r\n"),
        b"age-encryption.org/v1\n--- " + b64(bytes(32)).encode() + b"\n",
        SPEC["header"].encode().replace(b"-> ", b"->", 1),
    ],
)
def test_a_header_that_is_not_the_whole_argument_is_refused(header: bytes) -> None:
    with pytest.raises(EnvelopeError):
        parse_header(header)


def test_a_passphrase_stanza_beside_another_is_refused_before_any_key_is_tried() -> None:
    passphrase = PassphraseRecipient("swordfish", log_n=2).wrap(FILE_KEY)
    parse_header(header_with(passphrase))
    for stanzas in ((passphrase, passphrase), (passphrase, ALICE.recipient.wrap(FILE_KEY))):
        with pytest.raises(EnvelopeError, match="not alone"):
            parse_header(header_with(*stanzas))


@pytest.mark.parametrize("identity", [ALICE, BOB])
def test_each_recipient_gets_the_file_key(identity: Identity) -> None:
    header = seal_header(FILE_KEY, recipients=[ALICE.recipient, BOB.recipient])
    assert open_header(header, identities=[identity]) == FILE_KEY


def test_the_first_identity_that_fits_is_used() -> None:
    header = seal_header(FILE_KEY, recipients=[DORA.recipient])
    assert open_header(header, identities=[PassphraseIdentity("x"), ALICE, CAROL, DORA]) == FILE_KEY


def test_nobody_elses_key_opens_it() -> None:
    header = seal_header(FILE_KEY, recipients=[ALICE.recipient])
    with pytest.raises(NoMatchingKeyError):
        open_header(header, identities=[BOB, CAROL, PassphraseIdentity("x")])
    with pytest.raises(NoMatchingKeyError):
        open_header(header, identities=[])


def test_a_stanza_of_an_unknown_type_is_passed_over() -> None:
    grease = Stanza(("x-grease", "anything"), b"whatever")
    signed = b"age-encryption.org/v1\n" + grease.encode() + CAROL.recipient.wrap(FILE_KEY).encode() + b"---"
    key = hmac.digest(hmac.digest(bytes(32), FILE_KEY, "sha256"), b"header\x01", "sha256")
    mac = hmac.digest(key, signed, "sha256")
    assert open_header(signed + b" " + b64(mac).encode() + b"\n", identities=[CAROL]) == FILE_KEY


def test_a_recipient_cannot_be_added_or_taken_out() -> None:
    both = seal_header(FILE_KEY, recipients=[ALICE.recipient, BOB.recipient])
    parsed = parse_header(both)
    for stanzas in (parsed.stanzas[:1], (*parsed.stanzas, CAROL.recipient.wrap(FILE_KEY)), parsed.stanzas[::-1]):
        forged = header_with(*stanzas)[:-44] + both[-44:]
        assert parse_header(forged).mac == parsed.mac
        with pytest.raises(EnvelopeError, match="changed"):
            open_header(forged, identities=[ALICE])


@pytest.mark.parametrize(
    "recipients",
    [
        [],
        [ALICE.recipient, CAROL.recipient],
        [PassphraseRecipient("a", log_n=1), ALICE.recipient],
        [PassphraseRecipient("a", log_n=1), PassphraseRecipient("b", log_n=1)],
    ],
)
def test_recipients_that_would_weaken_each_other_are_refused(recipients: list[PassphraseRecipient]) -> None:
    with pytest.raises(SealError):
        seal_header(FILE_KEY, recipients=recipients)


def test_several_of_one_kind_are_accepted() -> None:
    assert len(parse_header(seal_header(FILE_KEY, recipients=[CAROL.recipient, DORA.recipient])).stanzas) == 2


def test_a_file_is_cut_after_the_first_mac_line() -> None:
    header = seal_header(FILE_KEY, recipients=[ALICE.recipient])
    payload = b"\n--- not a header\n\n--- " + bytes(20)
    assert split_file(header + payload) == (header, payload)


@pytest.mark.parametrize("sealed", [b"", b"age-encryption.org/v1\n-> x\n\n", b"x\n--- no line feed"])
def test_a_file_without_a_mac_line_is_refused(sealed: bytes) -> None:
    with pytest.raises(EnvelopeError):
        split_file(sealed)


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "Q Q", "QQ\n", "QÄ", "-_8"])
def test_only_the_one_unpadded_spelling_of_base64_is_read(text: str) -> None:
    assert from_b64("QQ") == b"A"
    with pytest.raises(EnvelopeError):
        from_b64(text)


def test_every_file_key_is_new() -> None:
    keys = {new_file_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(key) for key in keys} == {16}


def test_the_mac_is_compared_whole() -> None:
    header = parse_header(seal_header(FILE_KEY, recipients=[ALICE.recipient]))
    header.require_mac(FILE_KEY)
    for mac in (header.mac[:31], header.mac + b"\x00", b""):
        with pytest.raises(EnvelopeError):
            Header(header.stanzas, header.signed, mac).require_mac(FILE_KEY)
