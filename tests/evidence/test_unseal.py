import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from evidence.canonical import jcs
from evidence.errors import CardError, EnvelopeError, NoMatchingKeyError
from evidence.proquint import read_proquints
from evidence.seal.cards import make_cards
from evidence.seal.envelopes import MediaContent, MediaSeal, seal_media
from evidence.seal.recipients import HybridIdentity, generate_identity
from evidence.unseal import release_header, told_passphrase
from tests.opening import evidence_of, open_media

ROOT = Path(__file__).parents[2]
OFFICE = HybridIdentity(b"\x09" * 32)
CARDS = make_cards(OFFICE.seed, threshold=2, count=3)
PICTURE = b"not a picture" * 1000
TOLD = {"event": "00", "length": str(len(PICTURE)), "log": "test", "sha256": hashlib.sha256(PICTURE).hexdigest()}


def opened(
    header: bytes, payload: bytes, *, cards: Sequence[str] = CARDS[:2], event: str = "00"
) -> tuple[bytes, MediaContent]:
    return evidence_of(header, [payload], cards=cards, event=event, origin="test")


def sealed(manifest: bytes) -> tuple[MediaSeal, bytes]:
    payload = bytearray()
    seal = seal_media([PICTURE], manifest=lambda: manifest, recipients=[OFFICE.recipient], sink=payload.extend)
    return seal, bytes(payload)


def test_two_cards_open_a_medium() -> None:
    seal, payload = sealed(jcs(TOLD))
    content, facts = opened(seal.header, payload, cards=CARDS[1:])
    assert content == PICTURE
    assert facts.manifest == jcs(TOLD)


def test_one_card_opens_nothing() -> None:
    seal, payload = sealed(jcs(TOLD))
    with pytest.raises(CardError):
        opened(seal.header, payload, cards=CARDS[:1])


def test_the_cards_of_another_office_open_nothing() -> None:
    seal, payload = sealed(jcs(TOLD))
    others = make_cards(generate_identity().seed, threshold=2, count=2)
    with pytest.raises(NoMatchingKeyError):
        opened(seal.header, payload, cards=others)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        jcs({**TOLD, "sha256": "0" * 64}),
        jcs({**TOLD, "length": "1"}),
        jcs({"event": "00"}),
        jcs({**TOLD, "event": "01"}),
        jcs({**TOLD, "log": "another"}),
    ],
)
def test_a_content_that_is_not_what_its_manifest_says_is_refused(manifest: bytes) -> None:
    seal, payload = sealed(manifest)
    with pytest.raises(EnvelopeError) as caught:
        opened(seal.header, payload)
    assert caught.value.where == "media manifest"


def test_a_release_lets_the_receiver_open_the_same_payload() -> None:
    seal, payload = sealed(jcs(TOLD))
    receiver = generate_identity()
    header = release_header(seal.header, cards=CARDS[:2], recipients=[receiver.recipient])
    content = bytearray()
    open_media(header, [payload], identities=[receiver], sink=content.extend)
    assert content == PICTURE


@pytest.mark.parametrize("name", ["opened_media", "rewrap", "read_cards"])
def test_only_unseal_opens_media(name: str) -> None:
    packages = ("api", "casefiles", "config", "evidence", "monitor")
    users = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        if f"import {name}" in path.read_text(encoding="utf-8") or f" {name}(" in path.read_text(encoding="utf-8")
    }
    assert "evidence/unseal.py" in users
    allowed = {"evidence/unseal.py", "evidence/seal/envelopes.py", "evidence/seal/cards.py"}
    others = {"read_cards": {"evidence/recovery.py"}, "rewrap": {"evidence/custody/reseal.py"}}
    # to seal rows again: under keys that never open media, whose headers are to the office key alone
    assert users <= allowed | others.get(name, set())


def test_a_passphrase_is_of_the_cards_and_the_request_alone() -> None:
    told = told_passphrase(CARDS[:2], "0" * 32)
    assert told == told_passphrase(CARDS[1:], "0" * 32)
    assert len(read_proquints(told, words=8)) == 16
    others = make_cards(generate_identity().seed, threshold=2, count=2)
    assert len({told, told_passphrase(CARDS[:2], "1" * 32), told_passphrase(others, "0" * 32)}) == 3
