"""The vectors are what the program makes, what other ways of computing give, and what docs/format.md shows."""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from casefiles.format.schema import load_schema
from evidence.errors import CommitmentError, LogError
from evidence.log.commit import open_commitments, read_disclosure
from evidence.log.leaf import parse_leaf
from evidence.log.note import VerifierKey, open_checkpoint
from evidence.log.proof import verify_proof
from evidence.log.schema import SCHEMAS
from tests.disclosing import disclose
from tests.evidence.log import reference
from tests.nonempty import nonempty
from tests.vectors.log import generate

FOLDER = Path(__file__).parent
FORMAT = (FOLDER.parents[2] / "docs" / "format.md").read_text(encoding="utf-8")


VECTORS: dict[str, Any] = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
}


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize("name", VECTORS)
def test_the_program_still_makes_this_file(name: str) -> None:
    assert generate.build()[name] == VECTORS[name]


def test_every_file_that_is_made_lies_here() -> None:
    assert generate.build().keys() == VECTORS.keys()


@pytest.mark.parametrize("vector", VECTORS["commitments.json"], ids=lambda vector: vector["name"])
def test_commitments_follow_from_the_standard_library_alone(vector: dict[str, Any]) -> None:
    secret = bytes.fromhex(vector["secret"])
    salt = hmac.new(secret, f"nisisama/salt/1\n{vector['name']}".encode(), hashlib.sha256).digest()
    assert salt.hex() == vector["salt"]
    disclosure = vector["disclosure"]
    decoded = json.loads(base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4)))
    assert decoded == [unpadded(salt), vector["name"], vector["value"]]
    assert unpadded(hashlib.sha256(disclosure.encode()).digest()) == vector["commitment"]


def test_the_tree_follows_from_the_definitions() -> None:
    tree = VECTORS["tree.json"]
    leaves = reference.leaf_hashes(65_537)
    assert tree["leaf_hashes"] == [leaf.hex() for leaf in leaves[:8]]
    for size, root in tree["roots"].items():
        assert reference.mth(leaves[: int(size)]).hex() == root
    for vector in tree["inclusion"]:
        assert str(vector["size"]) in tree["roots"]
        expected = reference.path(vector["index"], leaves[: vector["size"]])
        assert vector["path"] == [node.hex() for node in expected]
    for vector in tree["consistency"]:
        assert {str(vector["old_size"]), str(vector["new_size"])} <= tree["roots"].keys()
        expected = reference.proof(vector["old_size"], leaves[: vector["new_size"]])
        assert vector["path"] == [node.hex() for node in expected]


def test_checkpoints_are_signed_over_their_text_by_the_key_of_the_vkey() -> None:
    vectors = VECTORS["checkpoints.json"]
    public_key = bytes.fromhex(vectors["public_key"])
    name, key_id, encoded = vectors["vkey"].split("+", 2)
    assert base64.b64decode(encoded) == b"\x01" + public_key
    assert hashlib.sha256(f"{name}\n".encode() + b"\x01" + public_key).hexdigest()[:8] == key_id == vectors["key_id"]
    for vector in vectors["checkpoints"]:
        text, _, line = vector["checkpoint"].partition("\n\n")
        root = base64.b64encode(bytes.fromhex(vector["root"])).decode()
        assert text == f"{name}\n{vector['size']}\n{root}"
        signature = base64.b64decode(line.split(" ")[2])
        assert signature[:4].hex() == key_id
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature[4:], f"{text}\n".encode())
        assert hashlib.sha256(vector["checkpoint"].encode()).hexdigest() == vector["imprint"]


def test_proof_files_verify_their_entries_by_the_steps_of_the_rfc() -> None:
    roots = VECTORS["tree.json"]["roots"]
    for vector in nonempty(VECTORS["proofs.json"]):
        head, _, checkpoint = vector["proof"].partition("\n\n")
        header, index, *path = head.split("\n")
        size = checkpoint.split("\n")[1]
        assert header == "c2sp.org/tlog-proof@v1"
        assert reference.inclusion_holds(
            vector["entry"].encode(),
            int(index.removeprefix("index ")),
            int(size),
            [base64.b64decode(node) for node in path],
            bytes.fromhex(roots[size]),
        )


def test_what_is_to_be_refused_is_refused() -> None:
    vectors = VECTORS["refused.json"]
    key = VerifierKey.parse(vectors["vkey"])
    for vector in nonempty(vectors["checkpoints"]):
        with pytest.raises(LogError):
            open_checkpoint(vector["checkpoint"].encode(), key=key)
    for vector in nonempty(vectors["proofs"]):
        with pytest.raises(LogError):
            verify_proof(vector["proof"].encode(), leaf=vectors["entry"].encode(), key=key)
    for vector in nonempty(vectors["disclosures"]):
        with pytest.raises(CommitmentError):
            read_disclosure(vector["disclosure"])
    for lines in vectors["lines"]["holds"]:
        open_commitments(vectors["lines"]["commit"], lines)
    for vector in nonempty(vectors["lines"]["refused"]):
        with pytest.raises(CommitmentError):
            open_commitments(vectors["lines"]["commit"], vector["lines"])


def test_a_leaf_carries_the_digest_of_its_commitments_by_the_standard_library_alone() -> None:
    example = VECTORS["example.json"]
    hashed = {name: unpadded(sha256(line.encode())) for name, line in example["disclosures"].items()}
    assert hashed == example["commitments"]
    committed = json.dumps(hashed, sort_keys=True, separators=(",", ":"))
    assert committed == example["committed"]
    assert json.loads(example["leaf"])["commit"] == sha256(committed.encode()).hex()


def test_the_worked_example_holds_from_the_proof_file_down_to_the_values() -> None:
    example = VECTORS["example.json"]
    data = example["leaf"].encode()
    verify_proof(example["proof"].encode(), leaf=data, key=VerifierKey.parse(example["vkey"]))
    leaf = parse_leaf(data)
    record = json.loads(example["record"])
    assert (
        open_commitments(leaf.commit, dict(sorted(example["disclosures"].items())).values()).values == record["values"]
    )
    assert record["values"] == generate.EXAMPLE_VALUES
    shown = open_commitments(leaf.commit, example["lines"].splitlines())
    assert (shown.names, shown.withheld) == (record["values"].keys(), (generate.EXAMPLE_WITHHELD,))
    assert record["type"] == leaf.type
    assert record["secrets"] == {"subject": example["subject"], "act": example["act"]}


def test_what_is_kept_at_erasure_shows_the_acts_of_the_erased_entry() -> None:
    vector = VECTORS["erased.json"]
    (kept,) = json.loads(vector["source"])["kept"]
    secret = base64.urlsafe_b64decode(kept["secret"] + "=")
    lines = {name: disclose(secret, name, value) for name, value in kept["values"].items()}
    lines |= {name: f"{name} {commitment}" for name, commitment in kept["withheld"].items()}
    assert [lines[name] for name in sorted(lines)] == vector["lines"].splitlines()
    shown = open_commitments(json.loads(vector["leaf"])["commit"], vector["lines"].splitlines())
    assert shown.values == kept["values"]
    assert set(shown.withheld) == set(SCHEMAS[kept["type"]].subject)
    assert vector["public"]["entries"] == kept["entry"]


def test_the_specification_shows_the_worked_example_as_it_is() -> None:
    shown = "\n".join(re.findall(r"```text\n(.*?)```", FORMAT, re.DOTALL))
    for name, value in nonempty(VECTORS["example.json"].items()):
        for text in value.values() if isinstance(value, dict) else [value]:
            assert text.strip() in shown, name


def test_the_specification_shows_nothing_that_the_worked_example_does_not_have() -> None:
    """Every long base64 or hex string in the examples is one of the vectors."""
    known = (FOLDER / "example.json").read_text(encoding="utf-8").replace('\\"', '"')
    for block in nonempty(re.findall(r"```text\n(.*?)```", FORMAT, re.DOTALL)):
        for word in re.findall(r"[A-Za-z0-9_+/=-]{20,}", block):
            assert word in known


def test_the_specification_lists_every_type_with_its_names() -> None:
    listed = {
        kind: tuple(tuple(re.findall(r"`(\w+)`", cell)) for cell in cells.split("|"))
        for kind, cells in re.findall(r"^\| `(\w+)` \|(.*\|.*\|.*)\|$", FORMAT, re.MULTILINE)
    }
    common = ("actor", "at", "reason", "authority", "approver", "tool")
    for kind, schema in SCHEMAS.items():
        act = schema.act[len(common) :] if schema.act else ()
        assert listed[kind] == (schema.subject, act, schema.public), kind
        assert schema.act[: len(common)] in ((), common)
    assert listed.keys() == SCHEMAS.keys()


def test_the_specification_and_the_schemas_of_a_bundle_give_each_name_the_same_form() -> None:
    section = FORMAT.partition("**A NAME has one form**")[2].partition("What some of them say")[0]
    listed = {
        name: form
        for form, names in re.findall(r"^\| (\w+) \| .* \| (`.*`) \|$", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    for name, types in (("item", {"observed"}), ("event", SCHEMAS.keys() - {"observed"})):
        forms = load_schema(name)["properties"]["values"]["properties"]
        assert forms.keys() == {each for kind in types for each in SCHEMAS[kind].names}
        for each, schema in forms.items():
            assert schema["$ref"].removeprefix("#/$defs/").removesuffix("_or_null") == listed[each], each
    assert listed.keys() == {name for schema in SCHEMAS.values() for name in schema.names}
