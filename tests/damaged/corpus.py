"""Bundles damaged one way each, made from a good one; the name says the defect.

Where a defect lies below the seal, the bundle is bagged, sealed and stamped again, as somebody
would do who holds the seal: only the check that looks at the defect itself can find it then.
"""

import base64
import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from casefiles.bundle.members import make_payload
from casefiles.bundle.sign import Sealer, make_seal, with_lists
from casefiles.format import layout, pdf
from casefiles.format.entries import EarlierStamp, ShownEntry, encode_entries
from casefiles.format.records import events_of, items_csv, items_of, jsonl
from casefiles.format.zip import container_bytes
from casefiles.verifier.checks import OpenedBundle
from evidence.canonical import MAX_VALUES, jcs
from evidence.finding import Verdict
from evidence.log.commit import commit_digest, commitment, read_disclosure, withheld_line
from evidence.log.tiles import consistency_path
from tests.casefiles import forge
from tests.disclosing import disclose

Members = dict[str, bytes]
LATE = forge.START + timedelta(days=1)


@dataclass(frozen=True)
class Damaged:
    """A damaged bundle, the checks that must fail, and those that must not decide although roots are given.

    Attributes:
        added: What is not decided was added to a good bundle, which anybody can do: the verdict on the bundle stays.
    """

    name: str
    bundle: Callable[[], bytes]
    fails: frozenset[str]
    undecided: frozenset[str] = frozenset()
    added: bool = False

    @property
    def verdict(self) -> Verdict:
        """What a verifier with all roots must say of it."""
        if self.fails:
            return Verdict.FAILED
        return Verdict.PASSED if self.added else Verdict.INDETERMINATE


CORPUS: list[Damaged] = []


def damaged(*fails: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        made = cache(make)
        CORPUS.append(Damaged(make.__name__, made, frozenset(fails)))
        return made

    return register


def doubtful(*undecided: str, added: bool = False) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        made = cache(make)
        CORPUS.append(Damaged(make.__name__, made, frozenset(), frozenset(undecided), added))
        return made

    return register


def good() -> Members:
    return forge.good_members()


def resealed(changes: Mapping[str, bytes]) -> bytes:
    """Bagged, sealed and stamped again, so that nothing above the defect is wrong."""
    return forge.reseal({**good(), **changes})


def item(number: int = 0) -> ShownEntry:
    """An entry of the good bundle that is an item."""
    return [entry for entry in forge.entries_of(good()).values() if b'"type":"observed"' in entry.leaf][number]


def with_leaf(leaf: bytes) -> bytes:
    """The bundle with another leaf for its first item, all above it right."""
    return forge.reseal(forge.with_entry(good(), replace(item(), leaf=leaf)))


def with_log_lines(member: str, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """The bundle with other lines in one of the log's two files, all above it right."""
    return resealed({member: b"".join(change(good()[member].splitlines(keepends=True)))})


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
def log_entries_removed_and_sealed_again() -> bytes:
    return forge.reseal({name: content for name, content in good().items() if name != layout.ENTRIES})


@damaged("container.members")
def text_that_is_longer_than_its_kind_may_be() -> bytes:
    return resealed({layout.README: b"\n" * (layout.MAX_SMALL_BYTES + 1)})


@damaged("container.members")
def table_with_a_line_that_is_longer_than_one_may_be() -> bytes:
    return resealed({layout.ITEMS_JSONL: b"[" * (layout.MAX_LINE_BYTES + 1)})


@damaged("bag.info", "records.schemas")
def description_of_more_values_than_a_reader_should_hold() -> bytes:
    case = json.loads(good()[layout.CASE])
    return resealed({layout.CASE: jcs({**case, "received": ["0"] * MAX_VALUES})})


# --- pictures


@damaged("content.no_pictures", "content.texts")
def picture_in_a_text_whose_slashes_are_escaped_as_in_php() -> bytes:
    jpeg = json.dumps(base64.b64encode(bytes.fromhex("ffd8ffe000104a46494600010100")).decode()).replace("/", "\\/")
    return resealed({layout.README: jpeg.encode() + b"\n"})


@damaged("content.no_pictures", "content.texts")
def picture_in_a_text() -> bytes:
    return resealed({layout.README: b"see data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALA==\n"})


@damaged("content.no_pictures", "bag.info", "records.schemas")
def perceptual_hash_in_the_description() -> bytes:
    case = json.loads(good()[layout.CASE])
    return resealed({layout.CASE: jcs({**case, "pdq": "0" * 64})})


@damaged("content.no_pictures", "content.texts")
def perceptual_hash_in_the_linked_data() -> bytes:
    linked = json.loads(good()[layout.CASE_JSONLD])
    linked["@graph"][-1]["pdq"] = "0" * 64
    return resealed({layout.CASE_JSONLD: jcs(linked)})


@damaged("content.texts")
def linked_data_that_tell_of_another_message() -> bytes:
    linked = good()[layout.CASE_JSONLD].replace(
        b'"uco-observable:messageID":"1000"', b'"uco-observable:messageID":"1999"'
    )
    return resealed({layout.CASE_JSONLD: linked})


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
def bag_that_says_more_than_the_description() -> bytes:
    info = good()[layout.BAG_INFO] + b"Zeal: great\n"
    return forge.reseal({**good(), layout.BAG_INFO: info}, rebag=False)


@damaged("bag.info")
def bag_of_another_size_and_sealed_again() -> bytes:
    info = good()[layout.BAG_INFO].replace(b"Payload-Oxum: ", b"Payload-Oxum: 1")
    return forge.reseal({**good(), layout.BAG_INFO: info}, rebag=False)


@damaged("bag.info")
def bag_of_another_name_and_sealed_again() -> bytes:
    info = good()[layout.BAG_INFO].replace(b"case-7", b"case-8")
    return forge.reseal({**good(), layout.BAG_INFO: info}, rebag=False)


# --- seal and archive


@damaged("seal.complete", "bag.manifest", "bag.info", "archive.manifest", "content.certificates")
def listed_kind_of_file_that_nobody_sealed() -> bytes:
    return container_bytes({**good(), f"data/certs/{0:064}.pem": b"x\n"})


@damaged("seal.complete", "seal.digests", "content.certificates")
def unsealed_file_under_a_new_archive_stamp() -> bytes:
    members = {**good(), f"data/certs/{0:064}.pem": b"x\n"}
    members |= forge.rebagged({name: members[name] for name in members if not name.startswith(layout.META_INF)})
    return forge.rearchive(members)


@damaged("seal.digests", "archive.manifest", "content.texts")
def one_word_changed_in_the_texts() -> bytes:
    return container_bytes({**good(), layout.HOW_TO_VERIFY: good()[layout.HOW_TO_VERIFY].replace(b"check", b"trust")})


@damaged("seal.digests", "content.texts")
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


@damaged("seal.chain", "records.seal")
def seal_of_an_organisation_of_the_same_name() -> bytes:
    root, _, certificate, key = make_seal("Test organisation", forge.START - timedelta(days=30))
    return forge.reseal(good(), by=Sealer(certificate, key, (root,)))


@damaged("seal.chain", "records.seal")
def seal_after_its_certificate_ended() -> bytes:
    return forge.reseal(good(), by=forge.sealer_under(forge.sealer().chain[0]), at=forge.START + timedelta(days=301))


@damaged("seal.revocation")
def seal_that_was_revoked_before() -> bytes:
    revoked = {forge.sealer().certificate.serial_number: forge.START}
    return forge.reseal(good(), listed=[forge.Listing(forge.sealer().chain[0], revoked=revoked).der()])


@damaged("seal.revocation")
def revocation_list_of_a_stranger() -> bytes:
    root, key, *_ = make_seal("Test organisation", forge.BEFORE)
    return forge.reseal(good(), listed=[forge.Listing(root, key=key).der()])


@doubtful("seal.revocation")
def time_stamp_office_whose_key_was_stolen_later() -> bytes:
    office, reason = forge.stamp_office(), x509.ReasonFlags.key_compromise
    revoked = {office.certificate.serial_number: LATE + timedelta(days=1)}
    return forge.reseal(good(), listed=[forge.Listing(office.root, revoked=revoked, reason=reason).der()])


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
    return forge.sealed_by(forge.sealer_under(forge.stamp_office().root, mail))


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


@damaged("archive.manifest")
def archive_list_in_another_order() -> bytes:
    manifest = _swapped(good()[layout.ARCHIVE_MANIFEST])
    token = forge.stamping(LATE)(hashlib.sha256(manifest).digest())
    return container_bytes({**good(), layout.ARCHIVE_MANIFEST: manifest, layout.ARCHIVE_TOKEN: token})


@damaged("seal.complete", "seal.digests")
def sealed_list_in_another_order() -> bytes:
    manifest = _swapped(good()[layout.SEAL_MANIFEST])
    signature = forge.sealer().sign(manifest, stamp=forge.stamping(LATE), at=LATE)
    return forge.rearchive({**good(), layout.SEAL_MANIFEST: manifest, layout.SEAL_SIGNATURE: signature})


def _swapped(manifest: bytes) -> bytes:
    *head, one, other, tail = manifest.splitlines(keepends=True)
    return b"".join((*head, other, one, tail))


@damaged("archive.time_stamp")
def archive_stamp_of_another_bundle() -> bytes:
    other = forge.members_of(forge.build(forge.small_contents())[0])
    return container_bytes({**good(), layout.ARCHIVE_TOKEN: other[layout.ARCHIVE_TOKEN]})


@damaged("archive.order")
def seal_stamped_before_the_log_was() -> bytes:
    return forge.reseal(good(), at=forge.START)


# --- renewals


def renewed_twice() -> Members:
    return forge.renewed(times=2)


RENEWED_LIST, FIRST_LIST = layout.kept_manifest(2), layout.kept_manifest(1)
FIRST_RENEWAL, SECOND_RENEWAL = layout.renewal_token(1), layout.renewal_token(2)


def renewed_by_hand(members: Members, change: Callable[[bytes], bytes]) -> bytes:
    """Renewed once, but for the change of the list that is stamped."""
    renewed = forge.renewed(members)
    manifest = change(renewed[layout.ARCHIVE_MANIFEST])
    token = forge.stamping(LATE + timedelta(days=365))(hashlib.sha256(manifest).digest())
    return container_bytes({**renewed, layout.ARCHIVE_MANIFEST: manifest, FIRST_RENEWAL: token})


@damaged("container.members")
def renewal_without_the_list_of_the_first_archive_stamp() -> bytes:
    members = renewed_twice()
    del members[FIRST_LIST]
    return container_bytes(members)


@damaged("container.members")
def renewal_without_its_stamp() -> bytes:
    members = forge.renewed()
    del members[FIRST_RENEWAL]
    return container_bytes(members)


@damaged("container.members")
def renewal_stamp_that_no_list_belongs_to() -> bytes:
    return container_bytes({**forge.renewed(), SECOND_RENEWAL: good()[layout.ARCHIVE_TOKEN]})


@damaged("archive.manifest", "archive.time_stamp")
def renewals_in_another_order() -> bytes:
    members = renewed_twice()
    other = {RENEWED_LIST: members[FIRST_LIST], FIRST_LIST: members[RENEWED_LIST]}
    stamps = {FIRST_RENEWAL: members[SECOND_RENEWAL], SECOND_RENEWAL: members[FIRST_RENEWAL]}
    return container_bytes({**members, **other, **stamps})


@damaged("archive.manifest", "archive.time_stamp")
def list_of_an_earlier_archive_stamp_changed() -> bytes:
    members = renewed_twice()
    line = next(line for line in members[FIRST_LIST].splitlines(keepends=True) if b"README" in line)
    return container_bytes({**members, FIRST_LIST: members[FIRST_LIST].replace(line, b"")})


@damaged("archive.manifest", "archive.time_stamp")
def earlier_archive_stamp_is_of_another_bundle() -> bytes:
    other = forge.members_of(forge.build(forge.small_contents())[0])
    return container_bytes({**renewed_twice(), layout.ARCHIVE_TOKEN: other[layout.ARCHIVE_TOKEN]})


@damaged("archive.renewals")
def newest_renewal_stamp_is_of_another_bundle() -> bytes:
    return container_bytes({**forge.renewed(), FIRST_RENEWAL: good()[layout.ARCHIVE_TOKEN]})


@damaged("archive.manifest")
def seal_changed_and_then_renewed() -> bytes:
    other = forge.members_of(forge.reseal(good()))
    return container_bytes(forge.renewed({**good(), layout.SEAL_SIGNATURE: other[layout.SEAL_SIGNATURE]}))


@damaged("archive.manifest")
def renewal_that_leaves_the_earlier_stamp_out() -> bytes:
    def change(manifest: bytes) -> bytes:
        line = next(line for line in manifest.splitlines(keepends=True) if layout.ARCHIVE_TOKEN.encode() in line)
        return manifest.replace(line, b"")

    return renewed_by_hand(good(), change)


@damaged("archive.manifest")
def renewal_whose_list_names_no_root_file() -> bytes:
    return renewed_by_hand(good(), lambda manifest: manifest.replace(b' Rootfile="true"', b""))


@damaged("archive.order")
def renewal_stamped_before_the_archive() -> bytes:
    stamp = forge.stamping(forge.START + timedelta(hours=13))
    return container_bytes(forge.with_newer_stamp(good(), stamp=stamp, roots=[]))


@damaged("archive.renewals")
def unsigned_attribute_in_the_stamp_of_a_renewal() -> bytes:
    return with_an_unsigned_attribute(forge.renewed())


@damaged("archive.renewals")
def unsigned_attribute_in_the_stamp_of_a_strangers_renewal() -> bytes:
    return with_an_unsigned_attribute(forge.renewed(by=strangers_unit()))


def with_an_unsigned_attribute(members: Members) -> bytes:
    token = cms.ContentInfo.load(members[FIRST_RENEWAL])
    junk = cms.CMSAttribute({"type": "1.2.3.4.5", "values": [core.OctetString(bytes(2_000))]})
    token["content"]["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([junk])
    return container_bytes({**members, FIRST_RENEWAL: token.dump(force=True)})


def strangers_unit() -> forge.RehearsalOffice:
    root, root_key, *_ = make_seal("An office", forge.BEFORE)
    return forge.unit_under(root, root_key)


@doubtful("archive.renewals", added=True)
def renewal_by_an_office_that_nobody_named() -> bytes:
    return container_bytes(forge.renewed(by=strangers_unit()))


@doubtful("archive.renewals", added=True)
def renewal_by_a_stranger_that_an_office_renewed_again() -> bytes:
    return container_bytes(forge.renewed(forge.renewed(by=strangers_unit())))


@damaged("archive.manifest")
def seal_changed_and_then_renewed_by_a_stranger() -> bytes:
    other = forge.members_of(forge.reseal(good()))
    changed = {**good(), layout.SEAL_SIGNATURE: other[layout.SEAL_SIGNATURE]}
    return container_bytes(forge.renewed(changed, by=strangers_unit()))


@damaged("archive.time_stamp")
def first_archive_stamp_of_a_stranger_that_an_office_renewed() -> bytes:
    token = forge.stamping(forge.LATER, by=strangers_unit())(hashlib.sha256(good()[layout.ARCHIVE_MANIFEST]).digest())
    return container_bytes(forge.renewed({**good(), layout.ARCHIVE_TOKEN: token}))


@damaged("seal.revocation")
def revocation_list_of_a_stranger_in_a_renewal() -> bytes:
    root, key, *_ = make_seal("Test organisation", forge.BEFORE)
    members = forge.with_newer_stamp(good(), stamp=forge.stamping(LATE + timedelta(days=365)), roots=[])
    listed = with_lists(members[FIRST_RENEWAL], [forge.Listing(root, key=key).der()])
    return container_bytes({**members, FIRST_RENEWAL: listed})


@damaged("seal.revocation")
def renewal_by_an_office_that_was_revoked_before() -> bytes:
    office = forge.stamp_office()
    revoked = {office.certificate.serial_number: LATE + timedelta(days=1)}
    listed = forge.Listing(office.root, at=LATE + timedelta(days=2), revoked=revoked).der()
    members = forge.with_newer_stamp(good(), stamp=forge.stamping(LATE + timedelta(days=365)), roots=[])
    return container_bytes({**members, FIRST_RENEWAL: with_lists(members[FIRST_RENEWAL], [listed])})


@doubtful("archive.renewals", added=True)
def renewal_under_the_root_of_the_seal() -> bytes:
    root = forge.sealer().chain[0]
    return container_bytes(forge.renewed(by=forge.unit_under(root, forge.ROOT_KEYS[root])))


# --- counter-seals


def countersigned() -> Members:
    return forge.members_of(forge.countersigned())


COUNTER_SEAL, COUNTER_LIST = layout.counter_signature(1), layout.counter_manifest(1)


@damaged("archive.manifest")
def counter_seal_that_no_archive_stamp_covers() -> bytes:
    added = {name: countersigned()[name] for name in (COUNTER_SEAL, COUNTER_LIST)}
    return container_bytes({**good(), **added})


@damaged("container.members")
def counter_seal_without_its_list() -> bytes:
    members = countersigned()
    del members[COUNTER_LIST]
    return container_bytes(members)


@damaged("seal.counter")
def counter_seal_over_another_bundle() -> bytes:
    other = forge.members_of(forge.countersigned(forge.build(forge.small_contents())[0]))
    return forge.recovered({**countersigned(), COUNTER_SEAL: other[COUNTER_SEAL], COUNTER_LIST: other[COUNTER_LIST]})


@damaged("seal.counter")
def counter_seal_whose_signature_is_of_another_list() -> bytes:
    other = forge.members_of(forge.countersigned(forge.build(forge.small_contents())[0]))
    return forge.recovered({**countersigned(), COUNTER_SEAL: other[COUNTER_SEAL]})


@damaged("seal.counter")
def counter_seal_that_leaves_the_report_out() -> bytes:
    members = countersigned()
    lines = members[COUNTER_LIST].splitlines(keepends=True)
    manifest = b"".join(line for line in lines if b"data/report." not in line)
    signature = forge.another_sealer().sign(manifest, stamp=forge.stamping(forge.LATER), at=forge.LATER)
    return forge.recovered({**members, COUNTER_LIST: manifest, COUNTER_SEAL: signature})


@damaged("seal.counter")
def counter_seal_by_the_one_who_sealed() -> bytes:
    members = countersigned()
    signature = forge.sealer().sign(members[COUNTER_LIST], stamp=forge.stamping(forge.LATER), at=forge.LATER)
    return forge.recovered({**members, COUNTER_SEAL: signature})


@damaged("seal.counter")
def counter_seal_stamped_before_the_seal() -> bytes:
    members = countersigned()
    early = forge.START + timedelta(hours=13)
    signature = forge.another_sealer().sign(members[COUNTER_LIST], stamp=forge.stamping(early), at=early)
    return forge.recovered({**members, COUNTER_SEAL: signature})


@damaged("seal.signature")
def counter_seal_in_the_place_of_the_seal() -> bytes:
    members = countersigned()
    return forge.rearchive({**good(), layout.SEAL_SIGNATURE: members[COUNTER_SEAL]})


@doubtful("seal.counter", added=True)
def counter_seal_of_an_office_that_nobody_named() -> bytes:
    return forge.countersigned()


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
    return resealed({layout.CHECKPOINT: good()[layout.CHECKPOINT].replace(b"\n11\n", b"\n12\n")})


@damaged("log.checkpoint", "log.checkpoint_stamp")
def checkpoint_signed_by_another_key() -> bytes:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    return resealed({layout.CHECKPOINT: forge.small_log(3).checkpoint(key=stranger)})


@damaged("log.checkpoint_stamp")
def checkpoint_with_the_stamp_of_an_earlier_one() -> bytes:
    return resealed({layout.CHECKPOINT_TOKEN: forge.small_contents().stamps[0].token})


@damaged("log.form")
def log_entry_in_another_spelling() -> bytes:
    return with_log_lines(layout.ENTRIES, lambda lines: [lines[0].replace(b'":[', b'": [', 1), *lines[1:]])


def with_odd_commas(stands: bytes, odd: bytes) -> bytes:
    return with_log_lines(layout.ENTRIES, lambda lines: [*lines[:-1], lines[-1].replace(stands, odd, 1)])


@damaged("log.form")
def log_entry_with_a_comma_behind_its_names() -> bytes:
    return with_odd_commas(b'],"index"', b',],"index"')


@damaged("log.form")
def log_entry_with_a_comma_before_its_names() -> bytes:
    return with_odd_commas(b'{"disclosures":[', b'{"disclosures":[,')


@damaged("log.form")
def log_entry_with_two_commas_between_its_names() -> bytes:
    return with_odd_commas(b'","', b'",,"')


@damaged("log.form")
def log_entry_with_a_comma_behind_its_path() -> bytes:
    return with_odd_commas(b"]}", b",]}")


@damaged("log.form")
def log_entry_with_a_comma_before_its_path() -> bytes:
    return with_odd_commas(b'"path":[', b'"path":[,')


@damaged("log.form")
def log_entry_twice() -> bytes:
    return with_log_lines(layout.ENTRIES, lambda lines: [lines[0], *lines])


@damaged("log.form")
def log_entries_in_another_order() -> bytes:
    return with_log_lines(layout.ENTRIES, lambda lines: [lines[0], lines[2], lines[1], *lines[3:]])


@damaged("log.form")
def log_entry_with_a_further_name() -> bytes:
    def noted(line: bytes) -> bytes:
        return jcs({**json.loads(line), "note": "x"}) + b"\n"

    return with_log_lines(layout.ENTRIES, lambda lines: [noted(lines[0]), *lines[1:]])


@damaged("log.form")
def log_entry_whose_path_is_a_string() -> bytes:
    def joined(line: bytes) -> bytes:
        return jcs({**json.loads(line), "path": "".join(json.loads(line)["path"])}) + b"\n"

    return with_log_lines(layout.ENTRIES, lambda lines: [*lines[:-1], joined(lines[-1])])


@damaged("log.form")
def log_entry_at_an_index_with_a_leading_zero() -> bytes:
    return with_log_lines(layout.ENTRIES, lambda lines: [lines[0].replace(b'"index":"0"', b'"index":"00"'), *lines[1:]])


@damaged("log.form")
def log_entries_without_their_last_line_end() -> bytes:
    return resealed({layout.ENTRIES: good()[layout.ENTRIES][:-1]})


@damaged("log.form")
def earlier_stamp_twice() -> bytes:
    return with_log_lines(layout.STAMPS, lambda lines: [lines[0], *lines])


@damaged("log.form")
def earlier_stamps_in_another_order() -> bytes:
    return with_log_lines(layout.STAMPS, lambda lines: lines[::-1])


@damaged("log.form")
def earlier_stamp_in_another_base64() -> bytes:
    return with_log_lines(layout.STAMPS, lambda lines: [lines[0].replace(b'"token":"M', b'"token":" M'), *lines[1:]])


@damaged("log.inclusion", "log.disclosures")
def leaf_changed_and_sealed_again() -> bytes:
    return with_leaf(jcs({**json.loads(item().leaf), "commit": json.loads(item(1).leaf)["commit"]}))


@damaged("log.inclusion", "log.leaves")
def leaf_with_a_name_in_clear_that_its_kind_does_not_have() -> bytes:
    return with_leaf(jcs({**json.loads(item().leaf), "public": {"opinion": "guilty"}}))


@damaged("log.disclosures")
def leaf_without_a_name_of_its_kind_truly_in_the_log() -> bytes:
    def without_text(body: dict[str, object], disclosures: dict[str, str]) -> None:
        del disclosures["text"]

    return in_a_log_with(without_text)


@damaged("log.disclosures")
def leaf_with_a_name_that_its_kind_does_not_have_truly_in_the_log() -> bytes:
    def with_opinion(body: dict[str, object], disclosures: dict[str, str]) -> None:
        disclosures["opinion"] = disclose(bytes(32), "opinion", "guilty")

    return in_a_log_with(with_opinion)


@doubtful("log.leaves", "content.texts")
def leaf_of_a_kind_that_nobody_knows_truly_in_the_log() -> bytes:
    def of_tomorrow(body: dict[str, object], disclosures: dict[str, str]) -> None:
        body["type"] = "weighed"
        disclosures["weight"] = disclose(bytes(32), "weight", "7")

    return with_tables_of(forge.members_of(in_a_log_with(of_tomorrow)))


@doubtful("log.leaves", "content.texts")
def leaf_of_a_format_that_nobody_knows_truly_in_the_log() -> bytes:
    def of_tomorrow(body: dict[str, object], disclosures: dict[str, str]) -> None:
        body["format"] = "nisisama/event/2"
        disclosures["weight"] = disclose(bytes(32), "weight", "7")

    return with_tables_of(forge.members_of(in_a_log_with(of_tomorrow)))


@damaged("log.leaves")
def leaf_of_another_log_truly_in_this_one() -> bytes:
    def elsewhere(body: dict[str, object], disclosures: dict[str, str]) -> None:
        body["log"] = "ngo.example/00000000"

    return in_a_log_with(elsewhere)


@damaged("log.inclusion")
def path_of_another_leaf() -> bytes:
    return forge.reseal(forge.with_entry(good(), replace(item(), path=item(1).path)))


@damaged("log.inclusion")
def path_with_one_hash_changed() -> bytes:
    return forge.reseal(forge.with_entry(good(), replace(item(), path=(bytes(32), *item().path[1:]))))


@damaged("log.inclusion")
def path_with_one_hash_more() -> bytes:
    return forge.reseal(forge.with_entry(good(), replace(item(), path=(*item().path, bytes(32)))))


@damaged("log.disclosures")
def disclosure_of_another_text() -> bytes:
    return with_lines(
        lambda lines: [disclose(bytes(32), "text", "x") if disclosed_name(x) == "text" else x for x in lines]
    )


@damaged("log.disclosures")
def disclosure_twice() -> bytes:
    return with_lines(lambda lines: [lines[0], *lines])


@damaged("log.disclosures")
def disclosures_in_another_order() -> bytes:
    return with_lines(lambda lines: [lines[1], lines[0], *lines[2:]])


@damaged("log.disclosures")
def disclosure_withdrawn_without_its_commitment() -> bytes:
    return with_lines(lambda lines: lines[1:])


@damaged("log.disclosures")
def commitment_of_a_withheld_value_changed() -> bytes:
    return with_lines(lambda lines: [re.sub(r" .", " A" if " B" in x else " B", x) for x in lines])


@damaged("log.disclosures")
def disclosure_under_the_name_of_another() -> bytes:
    """Text and sender changed places, as if the log had committed to them so."""

    def exchanged(body: dict[str, object], disclosures: dict[str, str]) -> None:
        disclosures["text"], disclosures["sender_name"] = disclosures["sender_name"], disclosures["text"]

    return in_a_log_with(exchanged)


@damaged("records.items", "records.case")
def disclosure_withdrawn_but_still_in_the_tables() -> bytes:
    def withhold(line: str) -> str:
        return withheld_line("text", commitment(line)) if disclosed_name(line) == "text" else line

    return with_lines(lambda lines: [withhold(line) for line in lines])


@damaged("log.stamps")
def earlier_stamp_removed() -> bytes:
    return forge.reseal(forge.with_stamps(good(), forge.stamps_of(good())[1:]))


@damaged("log.stamps")
def earlier_stamp_over_another_checkpoint() -> bytes:
    one, other = forge.stamps_of(good())
    exchanged = (replace(one, token=other.token), replace(other, token=one.token))
    return forge.reseal(forge.with_stamps(good(), exchanged))


@damaged("log.stamps")
def earlier_checkpoint_signed_by_another_key() -> bytes:
    one, *others = forge.stamps_of(good())
    checkpoint = forge.good_log().checkpoint(one.size, key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
    return forge.reseal(forge.with_stamps(good(), [stamped(checkpoint, one.consistency), *others]))


@damaged("log.times")
def stamp_that_bounds_nothing() -> bytes:
    log = forge.good_log()
    path = tuple(consistency_path(log.tiles, old_size=5, new_size=len(log.leaves)))
    late = stamped(log.checkpoint(5), path, at=forge.START + timedelta(hours=4))
    return forge.reseal(forge.with_stamps(good(), [*forge.stamps_of(good()), late]))


@damaged("log.consistency")
def earlier_stamp_of_the_final_checkpoint() -> bytes:
    same = stamped(good()[layout.CHECKPOINT], (), at=forge.START + timedelta(hours=4))
    return with_tables_of(forge.with_stamps(good(), [*forge.stamps_of(good()), same]))


@damaged("log.consistency")
def earlier_checkpoint_of_another_history() -> bytes:
    fork = forge.Log()
    fork.add("log_opened", forge.opening())
    for number in range(4):
        fork.add("observed", forge.item(number, at=forge.START))
    log = forge.good_log()
    path = tuple(consistency_path(log.tiles, old_size=len(fork.leaves), new_size=len(log.leaves)))
    other = stamped(fork.checkpoint(), path, at=forge.START + timedelta(minutes=30))
    return with_tables_of(forge.with_stamps(good(), [*forge.stamps_of(good()), other]))


@damaged("log.consistency")
def consistency_with_one_hash_changed() -> bytes:
    *others, last = forge.stamps_of(good())
    changed = replace(last, consistency=(*last.consistency[:-1], bytes(32)))
    return forge.reseal(forge.with_stamps(good(), [*others, changed]))


@damaged("log.consistency")
def consistency_with_one_hash_less() -> bytes:
    *others, last = forge.stamps_of(good())
    return forge.reseal(forge.with_stamps(good(), [*others, replace(last, consistency=last.consistency[:-1])]))


@damaged("log.consistency", "log.order", "records.items", "records.case")
def entry_that_names_a_stamp_made_after_it() -> bytes:
    """Over a tree of more entries than stand before it: which is then of another tree, since it cannot name itself."""

    def back_dated(body: dict[str, object], disclosures: dict[str, str]) -> None:
        body["after"] = later

    log = forge.small_log(3)
    later = log.anchor(forge.START + timedelta(hours=4))
    return in_a_log_with(back_dated, stamps=(log.stamps[later],))


@damaged("log.order")
def entry_that_names_no_stamp_after_one_that_does() -> bytes:
    log = forge.small_log(3)
    log.after = forge.NO_TOKEN
    log.add("observed", forge.item(9))
    return forge.reseal(make_payload(forge.contents_of(forge.add_to_case(log))).members)


@damaged("log.order")
def entry_that_names_a_stamp_in_the_place_of_its_anchor() -> bytes:
    """The anchor of a token stands between the checkpoint that it stamps and every entry that names it."""
    log = forge.small_log(3)
    log.after = log.stamped(forge.START + timedelta(hours=4))
    log.add("observed", forge.item(9))
    return forge.reseal(make_payload(forge.contents_of(forge.add_to_case(log))).members)


@damaged("log.order")
def stamps_that_creep_back() -> bytes:
    """Each is less than a minute before the last, and the third more than a minute before the first."""
    log = forge.Log()
    log.add("log_opened", forge.opening())
    for number, seconds in enumerate((100, 50, 10), start=1):
        log.anchor(forge.START + timedelta(hours=1, seconds=seconds))
        log.add("observed", forge.item(number))
    return forge.reseal(make_payload(forge.contents_of(forge.add_to_case(log))).members)


@damaged("log.order")
def earlier_stamp_made_after_the_daily_seal() -> bytes:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START + timedelta(hours=20))
    log.add("observed", forge.item(1))
    return forge.reseal(make_payload(forge.contents_of(forge.add_to_case(log))).members)


@damaged("records.references")
def log_opened_twice() -> bytes:
    log = forge.small_log(3)
    log.add("log_opened", forge.opening())
    return forge.reseal(make_payload(forge.contents_of(log)).members)


@doubtful("records.times")
def entry_that_states_a_time_after_its_stamp() -> bytes:
    log = forge.small_log(3)
    log.add("observed", forge.item(9, at=forge.START + timedelta(hours=13)))
    return forge.reseal(make_payload(forge.contents_of(forge.add_to_case(log))).members)


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


@damaged("records.case", "records.seal")
def opening_of_the_log_left_out() -> bytes:
    kept = [entry for index, entry in forge.entries_of(good()).items() if index]
    return with_tables_of({**good(), layout.ENTRIES: encode_entries(kept)})


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


# --- the report as PDF


@damaged("content.no_pictures")
def pages_whose_table_leads_into_a_stream() -> bytes:
    """An object that only the table knows, inside a drawing that is packed without being made shorter."""

    def led(pages: bytes) -> bytes:
        at = pages.index(b"stream\n") + 9
        return re.sub(rb"[0-9]{10} 00000 n", b"%010d 00000 n" % at, pages, count=1)

    return with_pages(led)


@damaged("content.no_pictures")
def pages_with_a_second_table() -> bytes:
    return with_pages(lambda pages: pages.replace(b"trailer\n<<", b"trailer\n<</Prev 9", 1))


@damaged("content.no_pictures")
def pages_with_a_comment_in_the_drawing() -> bytes:
    return with_pages(lambda pages: with_stream(pages, lambda drawn: drawn + b"\n%" + b"A" * 60))


@damaged("content.no_pictures")
def pages_with_an_image_behind_a_bracket_in_the_drawing() -> bytes:
    return with_pages(lambda pages: with_stream(pages, lambda drawn: drawn + b"\n[]BI/W 1/H 1/BPC 8/CS/G ID AEI"))


@damaged("content.no_pictures")
def pages_with_brackets_that_never_close() -> bytes:
    return with_pages(lambda pages: pages.replace(b"/MarkInfo<<", b"/MarkInfo<<" + b"(\\" * 100_000, 1))


@damaged("content.pages")
def pages_left_out() -> bytes:
    members = dict(forge.members_of(forge.paged_bundle()))
    del members[layout.pages_name("en", 1)]
    return forge.reseal(members)


@damaged("content.pages")
def pages_of_a_second_volume_that_no_item_is_in() -> bytes:
    members = dict(forge.members_of(forge.paged_bundle()))
    return forge.reseal({**members, layout.pages_name("en", 2): members[layout.pages_name("en", 1)]})


@damaged("content.pages")
def pages_that_the_description_does_not_name() -> bytes:
    pages = forge.members_of(forge.paged_bundle())[layout.pages_name("en", 1)]
    return resealed({layout.pages_name("en", 1): pages})


@damaged("content.no_pictures")
def pages_with_an_image_object() -> bytes:
    return with_pages(lambda pages: retabled(pages.replace(b"/ProcSet[", b"/XObject<</I 1 0 R>>/ProcSet[", 1)))


@damaged("content.no_pictures")
def pages_with_an_image_in_the_drawing() -> bytes:
    return with_pages(lambda pages: with_stream(pages, lambda drawn: drawn + b"\nBI/W 1/H 1/BPC 8/CS/G ID \xffEI"))


@damaged("content.no_pictures")
def pages_with_a_font_of_pictures() -> bytes:
    return with_pages(lambda pages: pages.replace(b"/Type0", b"/Type3", 1))


@damaged("content.no_pictures")
def pages_with_a_file_in_them() -> bytes:
    return with_pages(lambda pages: pages.replace(b"/OutputIntents", b"/EmbeddedFiles", 1))


@damaged("content.no_pictures")
def pages_with_an_action() -> bytes:
    return with_pages(lambda pages: retabled(pages.replace(b"/MarkInfo<<", b"/OpenAction 1 0 R/MarkInfo<<", 1)))


@damaged("content.no_pictures")
def pages_with_a_name_in_another_spelling() -> bytes:
    return with_pages(lambda pages: retabled(pages.replace(b"/MarkInfo<<", b"/#4fpenAction 1 0 R/MarkInfo<<", 1)))


@damaged("content.no_pictures")
def pages_of_two_revisions() -> bytes:
    return with_pages(lambda pages: pages + b"\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF")


@damaged("content.no_pictures")
def pages_with_a_stream_that_nothing_names() -> bytes:
    lost = b"99999 0 obj\n<</Length 4>>\nstream\nlost\nendstream\nendobj\n"
    return with_pages(lambda pages: pages.replace(b"xref\n0 ", lost + b"xref\n0 ", 1))


def with_stream(pages: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Pages whose first drawing is another, with a table that leads to each object."""
    number = re.search(rb"/Contents ([0-9]+) 0 R", pages)
    assert number
    head = re.search(rb"\n" + number[1] + rb" 0 obj\n<</Length ([0-9]+)/Filter/FlateDecode>>\nstream\n", pages)
    assert head
    end = head.end() + int(head[1])
    packed = zlib.compress(change(zlib.decompress(pages[head.end() : end])))
    opening = head[0].replace(b"/Length " + head[1], b"/Length " + str(len(packed)).encode())
    return retabled(pages[: head.start()] + opening + packed + pages[end:])


def retabled(pages: bytes) -> bytes:
    """Changed pages with the table of where each object begins made again, as whoever changes them can do."""
    body = pages[: pages.rindex(b"xref\n0 ")]
    trailer = pages[pages.index(b"trailer\n", len(body)) : pages.rindex(b"startxref\n")]
    _objects, _streams, begins = pdf._taken_apart("", body)
    places = {int(number): at for at, number in begins.items()}
    rows = b"".join(b"%010d 00000 n\r\n" % places[number] for number in sorted(places))
    table = b"xref\n0 %d\n0000000000 65535 f\r\n" % (max(places) + 1)
    return body + table + rows + trailer + b"startxref\n%d\n%%%%EOF" % len(body)


def stamped(
    checkpoint: bytes, consistency: tuple[bytes, ...], *, at: datetime = forge.START + timedelta(hours=2)
) -> EarlierStamp:
    """A genuine token over this checkpoint."""
    return EarlierStamp(forge.stamping(at)(hashlib.sha256(checkpoint).digest()), checkpoint, consistency)


def in_a_log_with(
    change: Callable[[dict[str, object], dict[str, str]], None], *, stamps: tuple[EarlierStamp, ...] = ()
) -> bytes:
    """A bundle of a log in which one odd leaf truly stands, made past the writer's own checks."""
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START + timedelta(minutes=5))
    log.add("observed", forge.item(1))
    odd, disclosures = json.loads(log.leaves[-1]), dict(log.disclosures[-1])
    odd["event"] = "e" * 32
    change(odd, disclosures)
    odd["commit"] = commit_digest({name: commitment(disclosure) for name, disclosure in disclosures.items()})
    at = log.append(jcs(odd), disclosures)
    forge.add_to_case(log)
    kept = [index for index, leaf_told in enumerate(log.disclosures) if leaf_told and index != at]
    members = make_payload(forge.contents_of(log, only=kept)).members
    members = forge.with_entry(members, log.entry(at))
    return forge.reseal(forge.with_stamps(members, [*forge.stamps_of(members), *stamps]))


def with_pages(change: Callable[[bytes], bytes]) -> bytes:
    """The bundle with its report as PDF, changed, all above it right."""
    members = dict(forge.members_of(forge.paged_bundle()))
    name = layout.pages_name("en", 1)
    changed = change(members[name])
    assert changed != members[name]
    return forge.reseal({**members, name: changed})


def with_lines(change: Callable[[list[str]], list[str]]) -> bytes:
    """The bundle with other lines for its first item, all above them right."""
    return forge.reseal(forge.with_entry(good(), replace(item(), lines=tuple(change(list(item().lines))))))


def without_at_opening(withheld: str) -> bytes:
    opening = forge.entries_of(good())[0]
    lines = tuple(
        withheld_line(withheld, commitment(line)) if disclosed_name(line) == withheld else line
        for line in opening.lines
    )
    return with_tables_of(forge.with_entry(good(), replace(opening, lines=lines)))


def disclosed_name(line: str) -> str:
    """The name that a line discloses; none where it withholds."""
    return "" if " " in line else read_disclosure(line)[0]


def with_tables_of(members: Members) -> bytes:
    """The tables and the counts made again from changed leaves and lines, and sealed."""
    opened = OpenedBundle(members, roots=(), log_key=None)
    items, events = items_of(opened.records), events_of(opened.records)
    withheld = sum(len(record.withheld) for record in opened.records)
    counts = {"items": str(len(items)), "events": str(len(events)), "withheld": str(withheld)}
    tables = {
        layout.CASE: jcs({**json.loads(members[layout.CASE]), **counts}),
        layout.ITEMS_JSONL: jsonl(items, opened.anchorage),
        layout.ITEMS_CSV: items_csv(items, opened.anchorage),
        layout.EVENTS_JSONL: jsonl(events, opened.anchorage, opened.closed),
    }
    return forge.reseal({**members, **tables})
