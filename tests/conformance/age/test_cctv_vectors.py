"""The C2SP test kit for age: what happens, what comes out, and which kind of failure it is."""

import hashlib
import zlib
from collections import defaultdict
from pathlib import Path

import pytest

from evidence.errors import EnvelopeError, NoMatchingKeyError
from evidence.seal.age import open_header, parse_header, split_file
from evidence.seal.passphrase import PassphraseIdentity
from evidence.seal.recipients import parse_identity
from evidence.seal.stream import open_payload

VECTORS = Path(__file__).parents[2] / "vectors" / "age" / "cctv"
KINDS = {
    "success": "",
    "no match": "no match",
    "header failure": "age header",
    "HMAC failure": "age header MAC",
    "payload failure": "age payload chunk",
}
NONCE_IS_PAYLOAD = {"stream_no_nonce", "stream_short_nonce"}
"""The kit counts the nonce to the header; here header and payload are kept apart, and it is the payload's."""

RELEASES_LESS = {
    "stream_no_final_full",
    "stream_no_final_two_chunks_full",
    "stream_trailing_garbage_long",
    "stream_trailing_garbage_short",
    "stream_two_final_chunks",
    "stream_two_final_chunks_full",
    "stream_two_final_chunks_second",
}
"""A chunk whose mark and place disagree is handed on by age before it fails, and not by us."""


def read_vector(name: str) -> tuple[dict[str, list[str]], bytes]:
    head, _, body = (VECTORS / name).read_bytes().partition(b"\n\n")
    fields: dict[str, list[str]] = defaultdict(list)
    for line in head.decode("utf-8").split("\n"):
        key, _, value = line.partition(": ")
        fields[key].append(value)
    return fields, zlib.decompress(body) if fields["compressed"] == ["zlib"] else body


NAMES = sorted(path.name for path in VECTORS.iterdir())
BINARY = [name for name in NAMES if not read_vector(name)[0]["armored"]]
ARMORED = [name for name in NAMES if read_vector(name)[0]["armored"]]


def attempt(fields: dict[str, list[str]], sealed: bytes) -> tuple[str, bytes]:
    identities = [
        *map(parse_identity, fields["identity"]),
        *map(PassphraseIdentity, fields["passphrase"]),
    ]
    released = bytearray()
    try:
        header, payload = split_file(sealed)
        for piece in open_payload(open_header(header, identities=identities), [payload]):
            released += piece
    except EnvelopeError as error:
        return error.where, bytes(released)
    except NoMatchingKeyError:
        return "no match", bytes(released)
    return "", bytes(released)


def test_the_whole_kit_is_here() -> None:
    assert len(NAMES) == 143
    assert len(BINARY) == 110
    assert len(ARMORED) == 33


@pytest.mark.parametrize("name", BINARY)
def test_vector_ends_as_the_kit_says(name: str) -> None:
    fields, sealed = read_vector(name)
    kind, released = attempt(fields, sealed)
    if name in NONCE_IS_PAYLOAD:
        assert kind == "age payload nonce"
    elif fields["expect"] == ["payload failure"]:
        assert kind.startswith(KINDS["payload failure"])
    else:
        assert kind == KINDS[fields["expect"][0]]
    if fields["payload"]:
        same = hashlib.sha256(released).hexdigest() == fields["payload"][0]
        assert same is (name not in RELEASES_LESS)


@pytest.mark.parametrize("name", BINARY)
def test_a_header_that_is_read_is_written_back_byte_for_byte(name: str) -> None:
    fields, sealed = read_vector(name)
    if fields["expect"] == ["header failure"]:
        return
    header, _ = split_file(sealed)
    parsed = parse_header(header)
    assert b"age-encryption.org/v1\n" + b"".join(stanza.encode() for stanza in parsed.stanzas) + b"---" == parsed.signed


@pytest.mark.parametrize("name", ARMORED)
def test_armored_files_are_refused_whole(name: str) -> None:
    assert attempt(*read_vector(name)) == ("age header", b"")
