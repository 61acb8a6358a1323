"""Bundles damaged one way each, made from a good one; the name says the defect.

Where a defect lies below the seal, the bundle is bagged, sealed and stamped again, as somebody
would do who holds the seal: only the check that looks at the defect itself can find it then.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from casefiles.bundle.members import Stamp, make_payload
from casefiles.bundle.sign import Sealer, make_seal
from casefiles.format import layout
from casefiles.format.records import decode_lines, encode_lines, events_of, items_csv, items_of, jsonl
from casefiles.format.zip import container_bytes
from casefiles.verifier.checks import OpenedBundle
from evidence.canonical import jcs
from evidence.custody.disclose import disclose
from evidence.log.commit import commit_digest, commitment, read_disclosure, withheld_line
from evidence.log.proof import TlogProof
from tests.casefiles import forge

Members = dict[str, bytes]
LATE = forge.START + timedelta(days=1)


@dataclass(frozen=True)
class Damaged:
    """A damaged bundle, the checks that must fail, and those that must not decide although roots are given."""

    name: str
    bundle: Callable[[], bytes]
    fails: frozenset[str]
    undecided: frozenset[str] = frozenset()


CORPUS: list[Damaged] = []


def damaged(*fails: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        made = cache(make)
        CORPUS.append(Damaged(make.__name__, made, frozenset(fails)))
        return made

    return register


def doubtful(*undecided: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        made = cache(make)
        CORPUS.append(Damaged(make.__name__, made, frozenset(), frozenset(undecided)))
        return made

    return register


def good() -> Members:
    return forge.good_members()


def resealed(changes: Mapping[str, bytes]) -> bytes:
    """Bagged, sealed and stamped again, so that nothing above the defect is wrong."""
    return forge.reseal({**good(), **changes})


def leaf_indexes() -> list[int]:
    return layout.leaf_indexes(good())


def first_item() -> int:
    return next(index for index in leaf_indexes() if b'"type":"observed"' in good()[layout.leaf_name(index)])


# --- the container


@damaged("container.form")
def bytes_before_the_container() -> bytes:
    return b"#!/bin/sh\n" + forge.good_bundle()


@damaged("container.form")
def bytes_after_the_container() -> bytes:
    return forge.good_bundle() + b"\0"


@damaged("container.form")
def container_with_a_comment() -> bytes:
    return forge.good_bundle()[:-2] + b"\x02\x00ok"


@damaged("container.form")
def container_cut_short() -> bytes:
    return forge.good_bundle()[:-1000]


@damaged("container.form")
def directory_names_another_member() -> bytes:
    bundle = forge.good_bundle()
    at = bundle.rindex(b"verify.sh")
    return bundle[:at] + b"verify.sx" + bundle[at + 9 :]


@damaged("container.members")
def extra_file_beside_the_payload() -> bytes:
    return container_bytes({**good(), "notes.txt": b"hello\n"})


@damaged("container.members")
def picture_file_in_the_payload() -> bytes:
    return container_bytes({**good(), "data/picture.jpg": b"\xff\xd8\xff\xe0"})


@damaged("container.members")
def second_signature_that_nobody_expects() -> bytes:
    return container_bytes({**good(), "META-INF/signature002.p7s": good()[layout.SEAL_SIGNATURE]})


@damaged("container.members")
def signature_removed() -> bytes:
    return container_bytes({name: content for name, content in good().items() if name != layout.SEAL_SIGNATURE})


@damaged("container.members")
def proof_removed_and_sealed_again() -> bytes:
    gone = layout.proof_name(first_item())
    return forge.reseal({name: content for name, content in good().items() if name != gone})


# --- pictures


@damaged("content.no_pictures")
def picture_in_a_text() -> bytes:
    return resealed({layout.README: b"see data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALA==\n"})


@damaged("content.no_pictures", "bag.info", "records.schemas")
def perceptual_hash_in_the_description() -> bytes:
    case = json.loads(good()[layout.CASE])
    return resealed({layout.CASE: jcs({**case, "pdq": "0" * 64})})


# --- the bag


@damaged("bag.manifest", "seal.digests", "archive.manifest")
def bag_manifest_with_another_digest() -> bytes:
    manifest = good()[layout.BAG_MANIFEST]
    return container_bytes({**good(), layout.BAG_MANIFEST: b"0" * 64 + manifest[64:]})


@damaged("bag.manifest")
def bag_manifest_without_a_file_and_sealed_again() -> bytes:
    manifest = good()[layout.BAG_MANIFEST].split(b"\n", 1)[1]
    return forge.reseal({**good(), layout.BAG_MANIFEST: manifest}, rebag=False)


@damaged("bag.info")
def bag_of_another_size_and_sealed_again() -> bytes:
    info = good()[layout.BAG_INFO].replace(b"Payload-Oxum: ", b"Payload-Oxum: 1")
    return forge.reseal({**good(), layout.BAG_INFO: info}, rebag=False)


@damaged("bag.info")
def bag_of_another_name_and_sealed_again() -> bytes:
    info = good()[layout.BAG_INFO].replace(b"case-7", b"case-8")
    return forge.reseal({**good(), layout.BAG_INFO: info}, rebag=False)


# --- seal and archive


@damaged("seal.complete", "bag.manifest", "bag.info", "archive.manifest")
def listed_kind_of_file_that_nobody_sealed() -> bytes:
    return container_bytes({**good(), "data/certs/extra.pem": b"x\n"})


@damaged("seal.complete", "seal.digests")
def unsealed_file_under_a_new_archive_stamp() -> bytes:
    members = {**good(), "data/certs/extra.pem": b"x\n"}
    members |= forge.rebagged({name: members[name] for name in members if not name.startswith(layout.META_INF)})
    return forge.rearchive(members)


@damaged("seal.digests", "archive.manifest")
def one_word_changed_in_the_texts() -> bytes:
    return container_bytes({**good(), layout.HOW_TO_VERIFY: good()[layout.HOW_TO_VERIFY].replace(b"check", b"trust")})


@damaged("seal.digests")
def text_changed_under_a_new_archive_stamp() -> bytes:
    return forge.rearchive({**good(), layout.README: b"another text\n"})


@damaged("seal.digests", "seal.signature", "archive.manifest")
def sealed_list_changed() -> bytes:
    manifest = good()[layout.SEAL_MANIFEST]
    at = manifest.index(b"<ds:DigestValue>") + len(b"<ds:DigestValue>")
    other = b"A" if manifest[at : at + 1] != b"A" else b"B"
    return container_bytes({**good(), layout.SEAL_MANIFEST: manifest[:at] + other + manifest[at + 1 :]})


@damaged("seal.signature")
def seal_over_another_bundle() -> bytes:
    other = forge.members_of(forge.build(forge.changed(forge.small_contents(), reason="another reason"))[0])
    return forge.rearchive({**good(), layout.SEAL_SIGNATURE: other[layout.SEAL_SIGNATURE]})


@damaged("seal.signature")
def seal_without_a_time_stamp() -> bytes:
    signed = cms.ContentInfo.load(good()[layout.SEAL_SIGNATURE])
    info = signed["content"]["signer_infos"][0]
    del info["unsigned_attrs"]
    return forge.rearchive({**good(), layout.SEAL_SIGNATURE: signed.dump(force=True)})


@damaged("seal.time_stamp")
def seal_with_the_time_stamp_of_another_seal() -> bytes:
    def other(sha256: bytes) -> bytes:
        return forge.stamping(LATE)(hashlib.sha256(sha256).digest())

    signature = forge.sealer().sign(good()[layout.SEAL_MANIFEST], stamp=other, at=LATE)
    return forge.rearchive({**good(), layout.SEAL_SIGNATURE: signature})


@damaged("seal.chain")
def seal_of_an_organisation_of_the_same_name() -> bytes:
    root, _, certificate, key = make_seal("Test organisation", forge.START - timedelta(days=30))
    return forge.reseal(good(), by=Sealer(certificate, key, (root,)))


@damaged("seal.chain")
def seal_after_its_certificate_ended() -> bytes:
    return forge.reseal(good(), by=forge.sealer_under(forge.sealer().chain[0]), at=forge.START + timedelta(days=301))


@damaged("seal.signature")
def seal_with_the_certificate_of_a_web_server() -> bytes:
    web = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    return forge.reseal(good(), by=forge.sealer_under(forge.stamp_office().root, web))


@damaged("seal.signature")
def seal_with_a_key_that_does_not_commit_to_content() -> bytes:
    usage = x509.KeyUsage(*[True, *[False] * 8])
    return forge.reseal(good(), by=forge.sealer_under(forge.sealer().chain[0], usage=usage))


@doubtful("seal.time_stamp", "seal.chain", "archive.time_stamp", "log.checkpoint_stamp", "log.stamps")
def seal_under_the_root_of_the_time_stamps() -> bytes:
    mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    return forge.reseal(good(), by=forge.sealer_under(forge.stamp_office().root, mail))


@doubtful("seal.time_stamp", "seal.chain", "archive.time_stamp")
def time_under_the_root_of_the_seal() -> bytes:
    root = forge.sealer().chain[0]
    own = forge.unit_under(root, forge.ROOT_KEYS[root])
    return forge.reseal(good(), stamp=forge.stamping(LATE, by=own))


@doubtful("seal.chain", "archive.time_stamp")
def archive_time_alone_under_the_root_of_the_seal() -> bytes:
    root = forge.sealer().chain[0]
    own = forge.unit_under(root, forge.ROOT_KEYS[root])
    return forge.rearchive(good(), stamp=forge.stamping(LATE + timedelta(minutes=1), by=own))


def archive_stamp() -> cms.ContentInfo:
    return cms.ContentInfo.load(good()[layout.ARCHIVE_TOKEN])


@damaged("archive.time_stamp")
def bytes_after_the_archive_stamp() -> bytes:
    return container_bytes({**good(), layout.ARCHIVE_TOKEN: good()[layout.ARCHIVE_TOKEN] + b"\n"})


@damaged("archive.time_stamp")
def unsigned_attribute_in_the_archive_stamp() -> bytes:
    token = archive_stamp()
    junk = cms.CMSAttribute({"type": "1.2.3.4.5", "values": [core.OctetString(os.urandom(20_000))]})
    token["content"]["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([junk])
    return container_bytes({**good(), layout.ARCHIVE_TOKEN: token.dump(force=True)})


@damaged("archive.time_stamp")
def certificate_of_a_stranger_in_the_archive_stamp() -> bytes:
    token = archive_stamp()
    stranger = asn1_x509.Certificate.load(forge.sealer().certificate.public_bytes(Encoding.DER))
    own = [choice.chosen for choice in token["content"]["certificates"]]
    both = [cms.CertificateChoices("certificate", one) for one in sorted([*own, stranger], key=lambda one: one.dump())]
    token["content"]["certificates"] = cms.CertificateSet(both)
    return container_bytes({**good(), layout.ARCHIVE_TOKEN: token.dump(force=True)})


@damaged("archive.manifest")
def signature_changed_after_the_archive_stamp() -> bytes:
    other = forge.members_of(forge.reseal(good()))
    return container_bytes({**good(), layout.SEAL_SIGNATURE: other[layout.SEAL_SIGNATURE]})


@damaged("archive.manifest", "archive.time_stamp")
def archive_list_changed() -> bytes:
    manifest = good()[layout.ARCHIVE_MANIFEST]
    line = next(line for line in manifest.splitlines(keepends=True) if b"README" in line)
    return container_bytes({**good(), layout.ARCHIVE_MANIFEST: manifest.replace(line, b"")})


@damaged("archive.time_stamp")
def archive_stamp_of_another_bundle() -> bytes:
    other = forge.members_of(forge.build(forge.small_contents())[0])
    return container_bytes({**good(), layout.ARCHIVE_TOKEN: other[layout.ARCHIVE_TOKEN]})


@damaged("archive.order")
def seal_stamped_before_the_log_was() -> bytes:
    return forge.reseal(good(), at=forge.START)


# --- the log


@damaged("log.key")
def log_key_of_another_log() -> bytes:
    return resealed({layout.LOG_KEY: f"{forge.VerifierKey(forge.ORIGIN, bytes(32))}\n".encode()})


@damaged("log.key")
def log_key_followed_by_more() -> bytes:
    return resealed({layout.LOG_KEY: good()[layout.LOG_KEY] + b"\n"})


@damaged("log.key")
def log_key_without_its_line_end() -> bytes:
    return resealed({layout.LOG_KEY: good()[layout.LOG_KEY].rstrip()})


@damaged("log.checkpoint", "log.checkpoint_stamp")
def checkpoint_of_a_larger_log() -> bytes:
    return resealed({layout.CHECKPOINT: good()[layout.CHECKPOINT].replace(b"\n8\n", b"\n9\n")})


@damaged("log.checkpoint", "log.checkpoint_stamp")
def checkpoint_signed_by_another_key() -> bytes:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    return resealed({layout.CHECKPOINT: forge.small_log(3).checkpoint(key=stranger)})


@damaged("log.checkpoint_stamp")
def checkpoint_with_the_stamp_of_an_earlier_one() -> bytes:
    return resealed({layout.CHECKPOINT_TOKEN: forge.small_contents().stamps[0].token})


@damaged("log.inclusion", "log.disclosures")
def leaf_changed_and_sealed_again() -> bytes:
    name = layout.leaf_name(first_item())
    leaf = json.loads(good()[name])
    return resealed({name: jcs({**leaf, "commit": json.loads(good()[layout.leaf_name(first_item() + 1)])["commit"]})})


@damaged("log.inclusion", "log.leaves")
def leaf_with_a_name_in_clear_that_its_kind_does_not_have() -> bytes:
    name = layout.leaf_name(first_item())
    return resealed({name: jcs({**json.loads(good()[name]), "public": {"opinion": "guilty"}})})


@damaged("log.disclosures")
def leaf_without_a_name_of_its_kind_truly_in_the_log() -> bytes:
    def without_text(body: dict[str, object], told: dict[str, str]) -> None:
        del told["text"]

    return in_a_log_with(without_text)


@damaged("log.disclosures")
def leaf_with_a_name_that_its_kind_does_not_have_truly_in_the_log() -> bytes:
    def with_opinion(body: dict[str, object], told: dict[str, str]) -> None:
        told["opinion"] = disclose(bytes(32), "opinion", "guilty")

    return in_a_log_with(with_opinion)


@doubtful("log.leaves")
def leaf_of_a_kind_that_nobody_knows_truly_in_the_log() -> bytes:
    def of_tomorrow(body: dict[str, object], told: dict[str, str]) -> None:
        body["type"] = "weighed"
        told["weight"] = disclose(bytes(32), "weight", "7")

    return told_again(forge.members_of(in_a_log_with(of_tomorrow)))


@doubtful("log.leaves")
def leaf_of_a_format_that_nobody_knows_truly_in_the_log() -> bytes:
    def of_tomorrow(body: dict[str, object], told: dict[str, str]) -> None:
        body["format"] = "nisisama/event/2"
        told["weight"] = disclose(bytes(32), "weight", "7")

    return told_again(forge.members_of(in_a_log_with(of_tomorrow)))


@damaged("log.leaves")
def leaf_of_another_log_truly_in_this_one() -> bytes:
    def elsewhere(body: dict[str, object], told: dict[str, str]) -> None:
        body["log"] = "ngo.example/00000000"

    return in_a_log_with(elsewhere)


@damaged("log.inclusion")
def proof_of_another_leaf() -> bytes:
    one, other = layout.proof_name(first_item()), layout.proof_name(first_item() + 1)
    return resealed({one: good()[other]})


@damaged("log.inclusion")
def proof_with_one_hash_changed() -> bytes:
    name = layout.proof_name(first_item())
    proof = TlogProof.parse(good()[name])
    path = (bytes(32), *proof.path[1:])
    return resealed({name: TlogProof(proof.index, path, proof.checkpoint).encode()})


@damaged("log.disclosures")
def disclosure_of_another_text() -> bytes:
    return with_lines(lambda lines: [disclose(bytes(32), "text", "x") if told_name(x) == "text" else x for x in lines])


@damaged("log.disclosures")
def disclosure_twice() -> bytes:
    return with_lines(lambda lines: [lines[0], *lines])


@damaged("log.disclosures")
def disclosures_in_another_order() -> bytes:
    return with_lines(lambda lines: [lines[1], lines[0], *lines[2:]])


@damaged("log.disclosures")
def disclosures_without_their_last_line_end() -> bytes:
    name = layout.disclosures_name(first_item())
    return resealed({name: good()[name][:-1]})


@damaged("log.disclosures")
def disclosure_withdrawn_without_its_commitment() -> bytes:
    return with_lines(lambda lines: lines[1:])


@damaged("log.disclosures")
def commitment_of_a_withheld_value_changed() -> bytes:
    return with_lines(lambda lines: [re.sub(r" .", " A" if " B" in x else " B", x) for x in lines])


@damaged("log.disclosures")
def disclosure_under_the_name_of_another() -> bytes:
    """Text and sender changed places, as if the log had committed to them so."""

    def exchanged(body: dict[str, object], told: dict[str, str]) -> None:
        told["text"], told["sender_name"] = told["sender_name"], told["text"]

    return in_a_log_with(exchanged)


@damaged("records.items", "records.case")
def disclosure_withdrawn_but_still_in_the_tables() -> bytes:
    def withhold(line: str) -> str:
        return withheld_line("text", commitment(line)) if told_name(line) == "text" else line

    return with_lines(lambda lines: [withhold(line) for line in lines])


@damaged("log.stamps")
def earlier_stamp_removed() -> bytes:
    gone = [name for name in good() if name.startswith("data/timestamps/")][:2]
    return forge.reseal({name: content for name, content in good().items() if name not in gone})


@damaged("log.stamps")
def earlier_stamp_over_another_checkpoint() -> bytes:
    names = [name for name in good() if name.startswith("data/timestamps/") and name.endswith(".checkpoint")]
    return resealed({names[0]: good()[names[1]], names[1]: good()[names[0]]})


@damaged("log.stamps")
def earlier_stamp_under_the_digest_of_another() -> bytes:
    tokens = [name for name in good() if name.startswith("data/timestamps/") and name.endswith(".tst")]
    return resealed({tokens[0]: good()[tokens[1]]})


@damaged("log.stamps")
def stamp_that_no_entry_names() -> bytes:
    checkpoint = good()[layout.CHECKPOINT]
    token = forge.stamping(LATE)(hashlib.sha256(checkpoint).digest())
    name, its_checkpoint = layout.stamp_names(hashlib.sha256(token).hexdigest())
    return resealed({name: token, its_checkpoint: checkpoint})


@damaged("log.order", "records.items", "records.case")
def entry_that_names_a_stamp_made_after_it() -> bytes:
    def back_dated(body: dict[str, object], told: dict[str, str]) -> None:
        # the token stamps a checkpoint of more entries than stand before this one
        body["after"] = later

    log = forge.small_log(3)
    later = log.anchor(forge.START + timedelta(hours=4))
    return in_a_log_with(back_dated, stamps=(log.stamps[later],))


@damaged("log.order")
def entry_that_names_no_stamp_after_one_that_does() -> bytes:
    log = forge.small_log(3)
    log.after = forge.NO_TOKEN
    log.add("observed", forge.item(9))
    return forge.reseal(make_payload(forge.contents_of(log)).members)


@damaged("log.order")
def earlier_stamp_made_after_the_daily_seal() -> bytes:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START + timedelta(hours=20))
    log.add("observed", forge.item(1))
    return forge.reseal(make_payload(forge.contents_of(log)).members)


# --- the tables


@damaged("records.schemas")
def schema_that_allows_more() -> bytes:
    name = layout.schema_name("case")
    return resealed({name: good()[name].replace(b'"additionalProperties": false', b'"additionalProperties": true')})


@damaged("records.schemas", "records.items")
def item_with_a_number_in_place_of_a_string() -> bytes:
    first, rest = good()[layout.ITEMS_JSONL].split(b"\n", 1)
    return resealed({layout.ITEMS_JSONL: first.replace(b'"index":"3"', b'"index":3') + b"\n" + rest})


@damaged("records.items")
def item_that_says_another_text() -> bytes:
    return resealed({layout.ITEMS_JSONL: good()[layout.ITEMS_JSONL].replace(b"Text 0", b"Text 7")})


@damaged("records.items")
def item_left_out_of_the_tables() -> bytes:
    return resealed({layout.ITEMS_JSONL: good()[layout.ITEMS_JSONL].split(b"\n", 1)[1]})


@damaged("records.items")
def table_for_people_that_says_another_time() -> bytes:
    return resealed(
        {layout.ITEMS_CSV: good()[layout.ITEMS_CSV].replace(b"2026-11-19T09:00:00", b"2026-11-18T09:00:00")}
    )


@damaged("records.items")
def hole_left_out_of_the_events() -> bytes:
    lines = good()[layout.EVENTS_JSONL].splitlines(keepends=True)
    return resealed({layout.EVENTS_JSONL: b"".join(line for line in lines if b'"type":"hole"' not in line)})


@damaged("records.case")
def description_with_another_count() -> bytes:
    return resealed({layout.CASE: good()[layout.CASE].replace(b'"items":"3"', b'"items":"2"')})


@damaged("records.case")
def description_with_another_time() -> bytes:
    case = json.loads(good()[layout.CASE])
    case["checkpoint"]["stamped_at"] = "2026-11-19T00:00:00.000Z"
    return resealed({layout.CASE: jcs(case)})


@damaged("records.case")
def description_of_another_organisation() -> bytes:
    return resealed({layout.CASE: good()[layout.CASE].replace(b"Test organisation", b"Best organisation")})


@damaged("records.case")
def rehearsal_described_as_none() -> bytes:
    return resealed({layout.CASE: good()[layout.CASE].replace(b'"rehearsal":"yes"', b'"rehearsal":"no"')})


@damaged("records.case")
def opening_of_the_log_left_out() -> bytes:
    gone = {layout.leaf_name(0), layout.proof_name(0), layout.disclosures_name(0)}
    return told_again({name: content for name, content in good().items() if name not in gone})


@damaged("records.case")
def opening_of_the_log_that_withholds_the_organisation() -> bytes:
    return without_at_opening("organisation")


@damaged("records.case")
def opening_of_the_log_that_withholds_whether_it_is_a_rehearsal() -> bytes:
    return without_at_opening("rehearsal")


@damaged("records.schemas", "bag.info")
def description_in_another_spelling() -> bytes:
    spaced = json.dumps(json.loads(good()[layout.CASE])).encode()
    return forge.reseal({**good(), layout.CASE: spaced}, rebag=True)


def in_a_log_with(
    change: Callable[[dict[str, object], dict[str, str]], None], *, stamps: tuple[Stamp, ...] = ()
) -> bytes:
    """A bundle of a log in which one odd leaf truly stands, made past the writer's own checks."""
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START + timedelta(minutes=5))
    log.add("observed", forge.item(1))
    odd, told = json.loads(log.leaves[-1]), dict(log.disclosures[-1])
    change(odd, told)
    odd["commit"] = commit_digest({name: commitment(disclosure) for name, disclosure in told.items()})
    at = log.append(jcs(odd), told)
    kept = [index for index, leaf_told in enumerate(log.disclosures) if leaf_told and index != at]
    checkpoint = log.checkpoint()
    contents = forge.contents_of(log, only=kept)
    members = make_payload(contents).members
    exhibit = log.exhibit(at, checkpoint)
    members[layout.leaf_name(at)] = exhibit.leaf
    members[layout.proof_name(at)] = exhibit.proof
    members[layout.disclosures_name(at)] = encode_lines(exhibit.lines)
    for stamp in stamps:
        token, its_checkpoint = layout.stamp_names(hashlib.sha256(stamp.token).hexdigest())
        members |= {token: stamp.token, its_checkpoint: stamp.checkpoint}
    return forge.reseal(members)


def with_lines(change: Callable[[list[str]], list[str]]) -> bytes:
    """The bundle with other lines for its first item, all above them right."""
    name = layout.disclosures_name(first_item())
    return resealed({name: encode_lines(change(decode_lines(good()[name], where=name)))})


def without_at_opening(withheld: str) -> bytes:
    name = layout.disclosures_name(0)
    lines = [
        withheld_line(withheld, commitment(line)) if told_name(line) == withheld else line
        for line in decode_lines(good()[name], where=name)
    ]
    return told_again({**good(), name: encode_lines(lines)})


def told_name(line: str) -> str:
    """The name that a line discloses; none where it withholds."""
    return "" if " " in line else read_disclosure(line)[0]


def told_again(members: Members) -> bytes:
    """The tables and the counts made again from changed leaves and lines, and sealed."""
    opened = OpenedBundle(members, roots=(), log_key=None)
    items, events = items_of(opened.records), events_of(opened.records)
    withheld = sum(len(record.withheld) for record in opened.records)
    counts = {"items": str(len(items)), "events": str(len(events)), "withheld": str(withheld)}
    tables = {
        layout.CASE: jcs({**json.loads(members[layout.CASE]), **counts}),
        layout.ITEMS_JSONL: jsonl(items, opened.anchorage),
        layout.ITEMS_CSV: items_csv(items, opened.anchorage),
        layout.EVENTS_JSONL: jsonl(events, opened.anchorage),
    }
    return forge.reseal({**members, **tables})
