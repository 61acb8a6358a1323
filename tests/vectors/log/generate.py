"""Writes the vectors of this folder: ``python -m tests.vectors.log.generate``.

Keys and secrets come from fixed words, so the files never change by themselves. All byte
strings are lower hex unless a key says otherwise; texts are themselves.
"""

import base64
import hashlib
import json
import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.canonical import Value, b64u, jcs
from evidence.log.commit import commit_digest, commitment, withheld_line
from evidence.log.merkle import leaf_hash
from evidence.log.note import Checkpoint, VerifierKey, sign_checkpoint
from evidence.log.proof import TlogProof
from evidence.log.schema import FORMAT, NO_TOKEN, SCHEMAS
from evidence.log.tiles import consistency_path, grow, inclusion_path, tree_root
from tests.disclosing import disclose, salt
from tests.evidence.log.reference import MemoryTiles, entry, leaf_hashes, mth

FOLDER = Path(__file__).parent
ORIGIN = "ngo.example/5f3a9c01"
SIZES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 256, 257, 511, 513, 1000, 65_535, 65_536, 65_537)
INCLUSION = (
    (0, 1),
    (0, 2),
    (1, 2),
    (2, 3),
    (5, 8),
    (8, 9),
    (0, 257),
    (255, 256),
    (256, 257),
    (77, 1000),
    (4711, 65_537),
)
CONSISTENCY = ((1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 8), (255, 257), (256, 257), (700, 1000), (12_345, 65_537))


def fixed(word: str) -> bytes:
    """32 bytes for one word."""
    return hashlib.sha256(b"nisisama test vector: " + word.encode()).digest()


SIGNER = Ed25519PrivateKey.from_private_bytes(fixed("log key"))
VKEY = VerifierKey(ORIGIN, SIGNER.public_key().public_bytes_raw())
LEAVES = leaf_hashes(max(SIZES))
TILES = MemoryTiles(grow(MemoryTiles(), size=0, leaf_hashes=LEAVES))

DISCLOSED: dict[str, Value] = {
    "text": "Нисам сама, nisam sama 🕯",
    "kind": "message",
    "edited_at": None,
    "message_id": "9007199254740993",
    "posted_at": "2026-03-01T21:14:03.000Z",
    "sender_name": {"b64": b64u(b"broken \xed\xa0\x80")},
    "action": {"type": "pin", "members": ["1", "2"], "": None},
    "media": [],
    "file_name": 'quote " backslash \\ slash / tab \t',
}

# the worked example of docs/format.md
EXAMPLE_TYPE = "channel_removed"
EXAMPLE_VALUES: dict[str, Value] = {
    "channel": "1234567890",
    "actor": "k2",
    "at": "2026-03-01T21:14:03.000Z",
    "reason": "the group was closed",
    "authority": "0f0e0d0c0b0a09080706050403020100",
    "approver": "k3",
    "tool": "nisisama/0.1.0",
}
EXAMPLE_WITHHELD = "reason"
EXAMPLE_INDEX = 3
EXAMPLE_SIZE = 5


def build() -> dict[str, Any]:
    """Every file of this folder by name."""
    return {
        "commitments.json": commitments(),
        "example.json": example(),
        "erased.json": erased(),
        "tree.json": tree(),
        "checkpoints.json": checkpoints(),
        "proofs.json": proofs(),
        "refused.json": refused(),
    }


def commitments() -> list[dict[str, Any]]:
    secret = fixed("subject")
    return [
        {
            "secret": secret.hex(),
            "name": name,
            "value": value,
            "salt": salt(secret, name).hex(),
            "disclosure": disclose(secret, name, value),
            "commitment": commitment(disclose(secret, name, value)),
        }
        for name, value in DISCLOSED.items()
    ]


def tree() -> dict[str, Any]:
    named = {size for _, size in INCLUSION}.union(*CONSISTENCY)  # whoever checks a path needs both roots
    return {
        "entry": "the ASCII text 'entry N' with N in decimal, from 0",
        "leaf_hashes": hexes(LEAVES[:8]),
        "roots": {str(size): tree_root(TILES, size=size).hex() for size in sorted(named.union(SIZES))},
        "inclusion": [
            {"index": index, "size": size, "path": hexes(inclusion_path(TILES, index=index, size=size))}
            for index, size in INCLUSION
        ],
        "consistency": [
            {"old_size": old, "new_size": new, "path": hexes(consistency_path(TILES, old_size=old, new_size=new))}
            for old, new in CONSISTENCY
        ],
    }


def checkpoints() -> dict[str, Any]:
    return {
        "private_key_seed": fixed("log key").hex(),
        "public_key": VKEY.public_key.hex(),
        "key_id": VKEY.key_id.hex(),
        "vkey": str(VKEY),
        "checkpoints": [
            {
                "size": size,
                "root": tree_root(TILES, size=size).hex(),
                "checkpoint": checkpoint(size).decode(),
                "imprint": hashlib.sha256(checkpoint(size)).hexdigest(),
            }
            for size in SIZES
        ],
    }


def checkpoint(size: int) -> bytes:
    """The checkpoint file of the first entries."""
    return sign_checkpoint(Checkpoint(ORIGIN, size, tree_root(TILES, size=size)), key=SIGNER)


def proofs() -> list[dict[str, Any]]:
    return [
        {
            "entry": entry(index).decode(),
            "proof": TlogProof(index, tuple(inclusion_path(TILES, index=index, size=size)), checkpoint(size))
            .encode()
            .decode(),
        }
        for index, size in INCLUSION
    ]


def example() -> dict[str, Any]:
    """One event from its values to its proof file; its neighbours in the tree are plain entries."""
    disclosures = {name: disclose(example_secret(name), name, value) for name, value in EXAMPLE_VALUES.items()}
    commitments = {name: commitment(disclosure) for name, disclosure in disclosures.items()}
    leaf = jcs(
        {
            "after": NO_TOKEN,
            "commit": commit_digest(commitments),
            "event": fixed("event").hex()[:32],
            "format": FORMAT,
            "log": ORIGIN,
            "public": {},
            "sealed": {"record": hashlib.sha256(b"a sealed record").hexdigest()},
            "type": EXAMPLE_TYPE,
        }
    )
    leaves = leaf_hashes(EXAMPLE_SIZE)
    leaves[EXAMPLE_INDEX] = leaf_hash(leaf)
    tiles = MemoryTiles(grow(MemoryTiles(), size=0, leaf_hashes=leaves))
    signed = sign_checkpoint(Checkpoint(ORIGIN, EXAMPLE_SIZE, mth(leaves)), key=SIGNER)
    path = tuple(inclusion_path(tiles, index=EXAMPLE_INDEX, size=EXAMPLE_SIZE))
    return {
        "subject": b64u(fixed("subject")),
        "act": b64u(fixed("act")),
        "record": jcs(
            {
                "format": "nisisama/record/1",
                "type": EXAMPLE_TYPE,
                "values": EXAMPLE_VALUES,
                "secrets": {"subject": b64u(fixed("subject")), "act": b64u(fixed("act"))},
                "source": None,
            }
        ).decode(),
        "disclosures": disclosures,
        "commitments": commitments,
        "committed": jcs(commitments).decode(),
        "lines": "".join(f"{line}\n" for line in example_lines(disclosures)),
        "salts": {name: b64u(salt(example_secret(name), name)) for name in disclosures},
        "leaf": leaf.decode(),
        "leaf_hash": leaf_hash(leaf).hex(),
        "root": mth(leaves).hex(),
        "vkey": str(VKEY),
        "checkpoint": signed.decode(),
        "imprint": hashlib.sha256(signed).hexdigest(),
        "proof": TlogProof(EXAMPLE_INDEX, path, signed).encode().decode(),
    }


def erased() -> dict[str, Any]:
    """The worked example after erasure: what the record of ``erased`` keeps of it, and what shows it."""
    shown = example()
    subject = SCHEMAS[EXAMPLE_TYPE].subject
    withheld = {name: shown["commitments"][name] for name in subject}
    kept = {
        "entry": str(EXAMPLE_INDEX),
        "type": EXAMPLE_TYPE,
        "values": {name: value for name, value in EXAMPLE_VALUES.items() if name not in subject},
        "secret": shown["act"],
        "withheld": withheld,
    }
    lines = shown["disclosures"] | {name: withheld_line(name, withheld[name]) for name in withheld}
    return {
        "leaf": shown["leaf"],
        "public": {"entries": str(EXAMPLE_INDEX)},
        "source": jcs({"kept": [kept]}).decode(),
        "lines": "".join(f"{lines[name]}\n" for name in sorted(lines)),
    }


def example_lines(disclosures: Mapping[str, str]) -> list[str]:
    """What shows the example's leaf where the reason is withheld."""
    return [
        withheld_line(name, commitment(disclosures[name])) if name == EXAMPLE_WITHHELD else disclosures[name]
        for name in sorted(disclosures)
    ]


def refused() -> dict[str, Any]:
    """What a reader must refuse, although a careless one would not; each with the reason.

    The signatures of these checkpoints are right for their text, and belong to ``vkey``.
    """
    text, _, line = checkpoint(1000).decode().partition("\n\n")
    origin, size, root = text.split("\n")
    proof = TlogProof(77, tuple(inclusion_path(TILES, index=77, size=1000)), checkpoint(1000)).encode().decode()
    salt_text = b64u(bytes(32))
    return {
        "vkey": str(VKEY),
        "entry": entry(77).decode(),
        "checkpoints": [
            {"why": why, "checkpoint": signed(other)}
            for why, other in (
                ("another origin", f"ngo.example/00000000\n{size}\n{root}\n"),
                ("a leading zero", f"{origin}\n0{size}\n{root}\n"),
                ("a sign", f"{origin}\n+{size}\n{root}\n"),
                ("no padding", f"{origin}\n{size}\n{root.rstrip('=')}\n"),
                ("unused bits in base64", f"{origin}\n{size}\n{root[:-2]}{next_digit(root[-2])}=\n"),
                ("a short root", f"{origin}\n{size}\nAAAA\n"),
                ("a root of no entries that is not the empty root", f"{origin}\n0\n{root}\n"),
                ("an extension line", f"{text}\nmore\n"),
                ("two lines", f"{origin}\n{size}\n"),
            )
        ]
        + [
            {"why": "a second signature line", "checkpoint": f"{text}\n\n{line}{line}"},
            {"why": "bytes after the signature", "checkpoint": f"{text}\n\n{line}\n"},
            {"why": "no newline at the end", "checkpoint": f"{text}\n\n{line[:-1]}"},
            {"why": "carriage returns", "checkpoint": f"{text}\n\n{line}".replace("\n", "\r\n")},
            {"why": "a hyphen for the dash", "checkpoint": f"{text}\n\n{line}".replace("\N{EM DASH}", "-")},
        ],
        "proofs": [
            {"why": "a leading zero", "proof": proof.replace("index 77", "index 077")},
            {"why": "another index", "proof": proof.replace("index 77", "index 76")},
            {"why": "an extra line", "proof": proof.replace("index 77", "extra AAAA\nindex 77")},
            {"why": "a hash too few", "proof": "\n".join([*proof.split("\n")[:2], *proof.split("\n")[3:]])},
            {"why": "two hashes swapped", "proof": swap_lines(proof, 2, 3)},
            {"why": "carriage returns", "proof": proof.replace("\n", "\r\n")},
            {"why": "another version", "proof": proof.replace("@v1", "@v2")},
        ],
        "disclosures": [
            {"why": why, "disclosure": b64u(other.encode())}
            for why, other in (
                ("a number", f'["{salt_text}","text",1]'),
                ("a boolean", f'["{salt_text}","text",true]'),
                ("a number deep inside", f'["{salt_text}","text",[{{"a":1}}]]'),
                ("a name twice", f'["{salt_text}","text",{{"a":"1","a":"2"}}]'),
                ("half a surrogate pair", f'["{salt_text}","text","\\ud800"]'),
                ("a short salt", f'["{b64u(bytes(31))}","text",null]'),
                ("a padded salt", f'["{salt_text}=","text",null]'),
                ("two parts", f'["{salt_text}","text"]'),
                ("an object", f'{{"text":"{salt_text}"}}'),
                ("a name with a capital", f'["{salt_text}","Text",null]'),
                ("seventeen levels", f'["{salt_text}","text",{"[" * 17}{"]" * 17}]'),
                ("more after it", f'["{salt_text}","text",null]]'),
            )
        ]
        + [
            {"why": "padded", "disclosure": b64u(f'["{salt_text}","text","a"]'.encode()) + "="},
            {"why": "not UTF-8", "disclosure": b64u(b'["' + salt_text.encode() + b'","text","\xff"]')},
        ],
        "lines": refused_lines(),
    }


def refused_lines() -> dict[str, Any]:
    """Ways to show one leaf that must be refused, beside the one that holds."""
    kind, text = (disclose(fixed("subject"), name, f"the {name}") for name in ("kind", "text"))
    commit = commit_digest({"kind": commitment(kind), "text": commitment(text)})
    hidden = withheld_line("text", commitment(text))
    return {
        "commit": commit,
        "holds": [[kind, text], [kind, hidden], [withheld_line("kind", commitment(kind)), hidden]],
        "refused": [
            {"why": why, "lines": lines}
            for why, lines in (
                ("nothing is shown", []),
                ("a name is left out", [kind]),
                ("another order", [text, kind]),
                ("a name twice", [kind, kind, text]),
                ("a name shown and withheld", [kind, text, hidden]),
                ("a name more", [kind, text, withheld_line("when", commitment(kind))]),
                ("another commitment", [kind, withheld_line("text", commitment(kind))]),
                ("another value", [kind, disclose(fixed("subject"), "text", "another text")]),
                ("a commitment that is short", [kind, hidden[:-1]]),
                ("unused bits in a commitment", [kind, hidden[:-1] + next_digit(hidden[-1])]),
                ("two spaces", [kind, hidden.replace(" ", "  ")]),
                ("a name with a capital", [kind, hidden.replace("text", "Text")]),
            )
        ],
    }


def signed(text: str) -> str:
    """A note over any text."""
    data = text.encode()
    signature = base64.b64encode(VKEY.key_id + SIGNER.sign(data)).decode()
    return f"{text}\n\N{EM DASH} {ORIGIN} {signature}\n"


def next_digit(digit: str) -> str:
    """The base64 digit after this one."""
    digits = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    return digits[digits.index(digit) + 1]


def swap_lines(text: str, one: int, other: int) -> str:
    """The text with two lines in each other's place."""
    lines = text.split("\n")
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def example_secret(name: str) -> bytes:
    """The secret that covers a name of the example."""
    return fixed("subject") if name in SCHEMAS[EXAMPLE_TYPE].subject else fixed("act")


def hexes(nodes: Iterable[bytes]) -> list[str]:
    return [node.hex() for node in nodes]


def write() -> None:
    """Write every file."""
    for name, content in build().items():
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        (FOLDER / name).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write()
