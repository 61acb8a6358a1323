"""The proof file: one spelling, every byte counts."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import CheckpointError, InclusionProofError, LogError, NoteError
from evidence.log.note import Checkpoint, VerifierKey, sign_checkpoint
from evidence.log.proof import TlogProof, verify_proof
from evidence.log.tiles import grow, inclusion_path
from tests.evidence.log import reference
from tests.nonempty import nonempty

ORIGIN = "ngo.example/5f3a9c01"
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VerifierKey(ORIGIN, SIGNER.public_key().public_bytes_raw())


def proof_of(index: int, size: int) -> TlogProof:
    leaves = reference.leaf_hashes(size)
    checkpoint = sign_checkpoint(Checkpoint(ORIGIN, size, reference.mth(leaves)), key=SIGNER)
    tiles = reference.MemoryTiles(grow(reference.MemoryTiles(), size=0, leaf_hashes=leaves))
    return TlogProof(index, tuple(inclusion_path(tiles, index=index, size=size)), checkpoint)


INDEX, SIZE = 5, 11
LEAF = reference.entry(INDEX)
FILE = proof_of(INDEX, SIZE).encode()


def test_a_proof_file_has_header_index_hashes_blank_line_and_checkpoint() -> None:
    proof = proof_of(INDEX, SIZE)
    hashes = "".join(base64.b64encode(node).decode() + "\n" for node in proof.path)
    assert f"c2sp.org/tlog-proof@v1\nindex 5\n{hashes}\n".encode() + proof.checkpoint == FILE
    assert len(proof.path) == 4


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (1, 2), (5, 11), (10, 11), (255, 256), (256, 257)])
def test_a_proof_verifies_its_entry_and_returns_the_checkpoint(index: int, size: int) -> None:
    checkpoint = verify_proof(proof_of(index, size).encode(), leaf=reference.entry(index), key=KEY)
    assert checkpoint == Checkpoint(ORIGIN, size, reference.mth(reference.leaf_hashes(size)))


def test_a_proof_does_not_verify_another_entry() -> None:
    with pytest.raises(InclusionProofError):
        verify_proof(FILE, leaf=reference.entry(INDEX + 1), key=KEY)


def test_a_proof_does_not_verify_under_another_key_or_log() -> None:
    with pytest.raises(NoteError):
        verify_proof(FILE, leaf=LEAF, key=VerifierKey(ORIGIN, bytes(32)))
    with pytest.raises(NoteError):
        verify_proof(FILE, leaf=LEAF, key=VerifierKey("ngo.example/00000000", KEY.public_key))


def test_a_rightly_signed_checkpoint_of_another_log_proves_nothing() -> None:
    proof = proof_of(INDEX, SIZE)
    text = proof.checkpoint.decode().partition("\n\n")[0].replace(ORIGIN, "ngo.example/00000000") + "\n"
    signature = base64.b64encode(KEY.key_id + SIGNER.sign(text.encode())).decode()
    foreign = TlogProof(proof.index, proof.path, f"{text}\n— {ORIGIN} {signature}\n".encode())
    with pytest.raises(CheckpointError):
        verify_proof(foreign.encode(), leaf=LEAF, key=KEY)


def test_a_proof_file_with_any_flipped_bit_is_refused() -> None:
    for offset in range(len(FILE)):
        for bit in range(8):
            damaged = bytearray(FILE)
            damaged[offset] ^= 1 << bit
            with pytest.raises(LogError):
                verify_proof(bytes(damaged), leaf=LEAF, key=KEY)


def test_a_proof_file_with_any_byte_dropped_doubled_or_everything_after_it_cut_is_refused() -> None:
    for offset in range(len(FILE)):
        for damaged in (FILE[:offset] + FILE[offset + 1 :], FILE[: offset + 1] + FILE[offset:], FILE[:offset]):
            with pytest.raises(LogError):
                verify_proof(damaged, leaf=LEAF, key=KEY)


def test_a_proof_file_with_any_line_dropped_doubled_or_swapped_is_refused() -> None:
    lines = FILE.splitlines(keepends=True)
    for place in nonempty(range(len(lines))):
        for other in (
            [*lines[:place], *lines[place + 1 :]],
            [*lines[: place + 1], *lines[place:]],
            [*lines[:place], *lines[place : place + 2][::-1], *lines[place + 2 :]],
        ):
            if other != lines:
                with pytest.raises(LogError):
                    verify_proof(b"".join(other), leaf=LEAF, key=KEY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("index 5", "index 05"),
        ("index 5", "index +5"),
        ("index 5", "index 5 "),
        ("index 5", "index  5"),
        ("index 5", "index -5"),
        ("index 5", "index \N{FULLWIDTH DIGIT FIVE}"),
        ("index 5", f"index {2**63}"),
        ("index 5", f"index {2**63 - 1}"),
        ("index 5", f"index {'9' * 5000}"),
        ("index 5", "Index 5"),
        ("index 5", "5"),
        ("index 5", "extra AAAA\nindex 5"),
        ("index 5", "index 5\nAAAA"),
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("c2sp.org/tlog-proof@v1\n", ""),
        ("c2sp.org/tlog-proof@v1\n", "\ufeffc2sp.org/tlog-proof@v1\n"),
        ("c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\n\n"),
        ("c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\r\n"),
    ],
)
def test_another_spelling_of_the_head_is_refused(old: str, new: str) -> None:
    damaged = FILE.decode().replace(old, new, 1).encode()
    assert damaged != FILE
    with pytest.raises(InclusionProofError):
        verify_proof(damaged, leaf=LEAF, key=KEY)


@settings(deadline=None)
@given(
    st.integers(0, 2**63 - 2),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=200),
)
def test_a_proof_file_reads_as_it_was_written(index: int, path: list[bytes], checkpoint: bytes) -> None:
    proof = TlogProof(index, tuple(path), checkpoint)
    assert TlogProof.parse(proof.encode()) == proof


@settings(deadline=None)
@given(st.data())
def test_a_proof_file_that_is_read_has_one_spelling_only(data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(FILE)))
    changed = FILE[:offset] + data.draw(st.binary(max_size=3)) + FILE[data.draw(st.integers(offset, len(FILE))) :]
    try:
        proof = TlogProof.parse(changed)
    except InclusionProofError:
        return
    assert proof.encode() == changed


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_proof_are_refused_with_our_error(data: bytes) -> None:
    with pytest.raises(LogError):
        verify_proof(data, leaf=LEAF, key=KEY)


@pytest.mark.parametrize(
    ("index", "path"),
    [(-1, ()), (2**63 - 1, ()), (0, (bytes(31),)), (0, (bytes(33),)), (0, (bytes(32),) * 64)],
)
def test_a_proof_that_no_tree_can_have_cannot_be_built(index: int, path: tuple[bytes, ...]) -> None:
    with pytest.raises(InclusionProofError):
        TlogProof(index, path, b"")
