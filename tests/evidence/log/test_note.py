"""Checkpoints and verifier keys: one spelling, one signature, no byte free."""

import base64
import hashlib
import quopri

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import CheckpointError, LogError, NoteError
from evidence.log.merkle import EMPTY_ROOT
from evidence.log.note import (
    ED25519,
    MAX_SIZE,
    Checkpoint,
    VerifierKey,
    open_checkpoint,
    open_kept_checkpoint,
    sign_checkpoint,
)
from tests.nonempty import nonempty

ORIGIN = "ngo.example/5f3a9c01"
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VerifierKey(ORIGIN, SIGNER.public_key().public_bytes_raw())
ROOT = bytes(range(100, 132))
CHECKPOINT = Checkpoint(ORIGIN, 70_000, ROOT)
NOTE = sign_checkpoint(CHECKPOINT, key=SIGNER)
ROOT_TEXT = base64.b64encode(ROOT).decode()
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def signed(text: str) -> bytes:
    """Any text, rightly signed by the log's key: what is wrong with it is the text alone."""
    data = text.encode()
    return data + b"\n" + signature_line(data)


def signature_line(data: bytes, *, name: str = ORIGIN, key_id: bytes = KEY.key_id) -> bytes:
    return f"— {name} {base64.b64encode(key_id + SIGNER.sign(data)).decode()}\n".encode()


def vkey(typed_key: bytes, *, key_id: str = "") -> str:
    """A verifier key whose identifier is right, unless another is given."""
    right = hashlib.sha256(f"{ORIGIN}\n".encode() + typed_key).hexdigest()[:8]
    return f"{ORIGIN}+{key_id or right}+{base64.b64encode(typed_key).decode()}"


def next_spelling(encoded: str) -> str:
    """Base64 of the same bytes with an unused low bit set before the padding."""
    body = encoded.rstrip("=")
    last = BASE64[BASE64.index(body[-1]) + 1]
    other = body[:-1] + last + encoded[len(body) :]
    assert base64.b64decode(other) == base64.b64decode(encoded)
    return other


def test_a_checkpoint_is_three_lines_a_blank_line_and_one_signature() -> None:
    text, blank, signature = NOTE.decode().partition("\n\n")
    assert text == f"{ORIGIN}\n70000\n{ROOT_TEXT}"
    assert blank
    assert signature.startswith(f"— {ORIGIN} ")
    assert signature.count("\n") == 1
    assert CHECKPOINT.text == f"{text}\n"


def test_a_signed_checkpoint_opens_with_its_key() -> None:
    assert open_checkpoint(NOTE, key=KEY) == CHECKPOINT
    assert open_checkpoint(signed(CHECKPOINT.text), key=KEY) == CHECKPOINT


@settings(deadline=None)
@given(
    st.from_regex(r"[a-z0-9./-]{1,60}", fullmatch=True),
    st.integers(1, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
)
def test_every_checkpoint_opens_as_it_was_signed(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    key = VerifierKey(origin, KEY.public_key)
    assert open_checkpoint(sign_checkpoint(checkpoint, key=SIGNER), key=key) == checkpoint


def test_a_note_with_any_flipped_bit_is_refused() -> None:
    for offset in range(len(NOTE)):
        for bit in range(8):
            damaged = bytearray(NOTE)
            damaged[offset] ^= 1 << bit
            with pytest.raises(LogError):
                open_checkpoint(bytes(damaged), key=KEY)


def test_a_note_with_any_byte_dropped_or_doubled_is_refused() -> None:
    for offset in range(len(NOTE)):
        for damaged in (NOTE[:offset] + NOTE[offset + 1 :], NOTE[: offset + 1] + NOTE[offset:]):
            with pytest.raises(LogError):
                open_checkpoint(damaged, key=KEY)


def test_a_note_cut_anywhere_is_refused() -> None:
    for length in range(len(NOTE)):
        with pytest.raises(NoteError):
            open_checkpoint(NOTE[:length], key=KEY)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_bytes_that_are_no_note_are_refused_with_our_error(data: bytes) -> None:
    with pytest.raises(NoteError):
        open_checkpoint(data, key=KEY)


LINE = signature_line(CHECKPOINT.text.encode())
TEXT = CHECKPOINT.text.encode()
SIGNATURE = LINE.split()[2]


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(TEXT + b"\n" + LINE + LINE, id="the signature twice"),
        pytest.param(TEXT + b"\n" + LINE + b"\xe2\x80\x94 witness.example AAAA\n", id="a cosignature"),
        pytest.param(TEXT + b"\n" + LINE + b"\n", id="a blank line at the end"),
        pytest.param(TEXT + b"\n" + LINE[:-1], id="no newline at the end"),
        pytest.param(TEXT + LINE, id="no blank line"),
        pytest.param(TEXT + b"\n\n" + LINE, id="two blank lines"),
        pytest.param(b"\n" + TEXT + b"\n" + LINE, id="a blank line at the beginning"),
        pytest.param((TEXT + b"\n" + LINE).replace(b"\n", b"\r\n"), id="other line ends"),
        pytest.param(b"\xef\xbb\xbf" + TEXT + b"\n" + LINE, id="a byte order mark"),
        pytest.param(TEXT + b"\n" + LINE.replace("—".encode(), b"-"), id="a hyphen"),
        pytest.param(TEXT + b"\n" + LINE.replace(b" ", b"  ", 1), id="two spaces"),
        pytest.param(TEXT + b"\n" + LINE.replace(b"\n", b" \n"), id="a space after the signature"),
        pytest.param(TEXT + b"\n" + LINE.replace(b"=", b""), id="no padding"),
        pytest.param(NOTE.replace(SIGNATURE, next_spelling(SIGNATURE.decode()).encode()), id="another base64 spelling"),
        pytest.param(TEXT + b"\n" + signature_line(TEXT, name="other.example/5f3a9c01"), id="another name"),
        pytest.param(TEXT + b"\n" + signature_line(TEXT, key_id=b"\x00" * 4), id="another key identifier"),
        pytest.param(NOTE.replace(SIGNATURE, b"AAAA"), id="a short signature"),
        pytest.param(b"\xff" + NOTE, id="not UTF-8"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_note_of_another_form_is_refused_though_its_text_is_rightly_signed(note: bytes) -> None:
    with pytest.raises(NoteError):
        open_checkpoint(note, key=KEY)


def test_a_signature_of_another_length_is_refused() -> None:
    signature = base64.b64encode(KEY.key_id + SIGNER.sign(TEXT) + b"\x00").decode()
    with pytest.raises(NoteError, match="not an Ed25519 signature"):
        open_checkpoint(TEXT + f"\n— {ORIGIN} {signature}\n".encode(), key=KEY)


def test_the_other_signature_that_ed25519_arithmetic_allows_is_refused() -> None:
    group_order = 2**252 + 27742317777372353535851937790883648493
    signature = SIGNER.sign(TEXT)
    scalar = int.from_bytes(signature[32:], "little") + group_order
    malleated = signature[:32] + scalar.to_bytes(32, "little")
    line = f"— {ORIGIN} {base64.b64encode(KEY.key_id + malleated).decode()}\n"
    with pytest.raises(NoteError, match="signature is wrong"):
        open_checkpoint(TEXT + b"\n" + line.encode(), key=KEY)


def test_a_checkpoint_signed_by_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(NoteError, match="another key"):
        open_checkpoint(sign_checkpoint(CHECKPOINT, key=other), key=KEY)
    # and one that borrows the right key identifier fails at the signature
    line = f"— {ORIGIN} {base64.b64encode(KEY.key_id + other.sign(TEXT)).decode()}\n"
    with pytest.raises(NoteError, match="signature is wrong"):
        open_checkpoint(TEXT + b"\n" + line.encode(), key=KEY)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"other.example/5f3a9c01\n70000\n{ROOT_TEXT}\n", id="another log"),
        pytest.param(f"{ORIGIN.upper()}\n70000\n{ROOT_TEXT}\n", id="capitals"),
        pytest.param(f"{ORIGIN} \n70000\n{ROOT_TEXT}\n", id="a space after the origin"),
        pytest.param(f"{ORIGIN}\n070000\n{ROOT_TEXT}\n", id="a leading zero"),
        pytest.param(f"{ORIGIN}\n+70000\n{ROOT_TEXT}\n", id="a sign"),
        pytest.param(f"{ORIGIN}\n-1\n{ROOT_TEXT}\n", id="a negative size"),
        pytest.param(f"{ORIGIN}\n70_000\n{ROOT_TEXT}\n", id="an underscore"),
        pytest.param(f"{ORIGIN}\n\N{FULLWIDTH DIGIT SEVEN}\n{ROOT_TEXT}\n", id="a full-width digit"),
        pytest.param(f"{ORIGIN}\n70000 \n{ROOT_TEXT}\n", id="a space after the size"),
        pytest.param(f"{ORIGIN}\n{2**63}\n{ROOT_TEXT}\n", id="a size beyond 63 bits"),
        pytest.param(f"{ORIGIN}\n{'9' * 5000}\n{ROOT_TEXT}\n", id="a size of 5000 digits"),
        pytest.param(f"{ORIGIN}\n0\n{ROOT_TEXT}\n", id="no entries and yet a root"),
        pytest.param(f"{ORIGIN}\n70000\n{ROOT_TEXT[:-1]}\n", id="no padding"),
        pytest.param(f"{ORIGIN}\n70000\n{ROOT_TEXT} \n", id="a space after the root"),
        pytest.param(f"{ORIGIN}\n70000\n{base64.b64encode(ROOT[:31]).decode()}\n", id="a short root"),
        pytest.param(f"{ORIGIN}\n70000\n{base64.b64encode(ROOT + b'0').decode()}\n", id="a long root"),
        pytest.param(f"{ORIGIN}\n70000\n{ROOT.hex()}\n", id="a root in hex"),
        pytest.param(f"{ORIGIN}\n70000\n{next_spelling(ROOT_TEXT)}\n", id="another base64 spelling of the root"),
    ],
)
def test_a_rightly_signed_text_that_is_no_checkpoint_of_this_log_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        open_checkpoint(signed(text), key=KEY)


@pytest.mark.parametrize("text", [f"{ORIGIN}\n70000\n", f"{CHECKPOINT.text}an extension line\n"])
def test_a_rightly_signed_text_of_other_than_three_lines_is_refused(text: str) -> None:
    with pytest.raises(NoteError, match="not a checkpoint file"):
        open_checkpoint(signed(text), key=KEY)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, ROOT),
        ("Ngo.example", 1, ROOT),
        ("ngo example", 1, ROOT),
        ("ngo+example", 1, ROOT),
        ("ngo.example\n", 1, ROOT),
        ("ngó.example", 1, ROOT),
        ("n" * 256, 1, ROOT),
        (ORIGIN, -1, ROOT),
        (ORIGIN, 2**63, ROOT),
        (ORIGIN, 1, ROOT[:-1]),
        (ORIGIN, 1, ROOT + b"\x00"),
        (ORIGIN, 0, ROOT),
    ],
)
def test_a_checkpoint_that_could_not_be_read_back_cannot_be_built(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint(origin, size, root)


def test_the_largest_log_has_a_checkpoint() -> None:
    largest = Checkpoint(ORIGIN, 2**63 - 1, ROOT)
    assert open_checkpoint(sign_checkpoint(largest, key=SIGNER), key=KEY) == largest


def test_the_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(empty, key=SIGNER), key=KEY) == empty


def test_a_published_verifier_key_reads_and_writes_as_published() -> None:
    # the key of the Go checksum database, built into every Go command
    published = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    key = VerifierKey.parse(published)
    assert key.name == "sum.golang.org"
    assert key.key_id.hex() == "033de0ae"
    assert str(key) == published


@settings(deadline=None)
@given(st.from_regex(r"[a-z0-9./-]{1,255}", fullmatch=True), st.binary(min_size=32, max_size=32))
def test_a_verifier_key_reads_as_it_was_written(name: str, public_key: bytes) -> None:
    key = VerifierKey(name, public_key)
    assert VerifierKey.parse(str(key)) == key


def test_a_verifier_key_of_another_kind_is_refused_by_its_kind() -> None:
    with pytest.raises(NoteError, match="type 04"):
        VerifierKey.parse(vkey(b"\x04" + KEY.public_key))


def test_a_verifier_key_with_any_other_character_is_refused() -> None:
    text = str(KEY)
    for place in nonempty(range(len(text))):
        for character in "a+Z=\n ":
            if text[place] != character:
                with pytest.raises(NoteError):
                    VerifierKey.parse(text[:place] + character + text[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "++",
        ORIGIN,
        f"{ORIGIN}+{KEY.key_id.hex()}",
        f"{KEY}\n",
        f" {KEY}",
        vkey(ED25519 + KEY.public_key, key_id=KEY.key_id.hex().upper()),
        vkey(ED25519 + KEY.public_key, key_id="00000000"),
        vkey(ED25519 + KEY.public_key[1:]),
        vkey(ED25519 + KEY.public_key + b"\x00"),
        vkey(b"\x02" + KEY.public_key),
        vkey(b""),
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    assert VerifierKey.parse(vkey(ED25519 + KEY.public_key)) == KEY
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


WITNESS = "\u2014 witness.example/w1 5CuK9gAAAABrBwsJcGrLuTmcBvoAkNDwZzcMvnwskx65cPPedoAP3g==\n".encode()
BODY, _, OWN = NOTE.partition(b"\n\n")


@pytest.mark.parametrize(
    "kept",
    [
        NOTE,
        NOTE + WITNESS,
        BODY + b"\n\n" + WITNESS + OWN,
        NOTE + signature_line(BODY, key_id=b"none"),
        b"\xef\xbb\xbf" + NOTE,
        NOTE.replace(b"\n", b"\r\n"),
        NOTE.replace(b"\n", b" \n"),
        NOTE.replace(b"\n", b"\t \r\n"),
        b"".join(b"> " + line for line in NOTE.splitlines(keepends=True)),
        b"".join(b">> " + line for line in (NOTE + WITNESS).splitlines(keepends=True)),
        b"\n\n" + NOTE + b"\n\n",
        NOTE.rstrip(),
        quopri.encodestring(NOTE),
        quopri.encodestring(NOTE + WITNESS).replace(b"\n", b"\r\n"),
    ],
)
def test_a_checkpoint_is_read_cosigned_or_after_a_way_through_the_mail(kept: bytes) -> None:
    assert open_kept_checkpoint(kept, key=KEY) == CHECKPOINT


@settings(deadline=None)
@given(at=st.integers(0, len(NOTE) - 1), bit=st.integers(0, 7))
def test_a_kept_checkpoint_with_a_flipped_bit_says_the_same_or_is_refused(at: int, bit: int) -> None:
    flipped = NOTE[:at] + bytes([NOTE[at] ^ 1 << bit]) + NOTE[at + 1 :]
    try:
        assert open_kept_checkpoint(flipped, key=KEY) == CHECKPOINT
    except LogError:
        return


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"\xff",
        TEXT,
        NOTE + b"x\n",
        BODY + b"\n\n" + WITNESS,
        BODY + b"\nmore\n\n" + OWN,
        signed(CHECKPOINT.text + "more\n"),
    ],
)
def test_what_the_key_did_not_sign_in_this_form_is_no_kept_checkpoint(kept: bytes) -> None:
    with pytest.raises(NoteError):
        open_kept_checkpoint(kept, key=KEY)
