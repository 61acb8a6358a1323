import dataclasses
import hashlib
import io
import unicodedata
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from asn1crypto import cms, core
from asn1crypto import crl as crl_type
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casefiles.bundle.members import BundleContents, make_payload
from casefiles.bundle.sign import Sealer, build_bundle, make_seal, seal_revocations
from casefiles.errors import BundleError, GateError
from casefiles.format import layout
from casefiles.format.records import DisclosedLeaf
from casefiles.verifier.cades import read_seal
from config.errors import Explained
from evidence.errors import StampUnreachableError
from evidence.stamp.certificate import certificate_of, fingerprint
from evidence.stamp.revocation import read_list, require_listed
from tests.casefiles import forge
from tests.evidence.stamp import forge as tokens
from tests.nonempty import nonempty

LATE = forge.START + timedelta(days=1)


def build(
    contents: BundleContents,
    out: io.BytesIO,
    *,
    stamp: Callable[[bytes], bytes],
    roots: Sequence[x509.Certificate] = (),
) -> None:
    build_bundle(contents, sealer=forge.sealer(), stamp=stamp, roots=roots or forge.roots(), out=out)


def test_two_bundles_of_the_same_contents_differ_only_in_seal_and_stamps() -> None:
    one, other = (forge.members_of(forge.build(forge.small_contents())[0]) for _ in range(2))
    assert {name for name in one if one[name] != other[name]} <= {
        layout.SEAL_SIGNATURE,
        layout.ARCHIVE_MANIFEST,
        layout.ARCHIVE_TOKEN,
    }


def test_what_the_letter_says_of_the_file_is_so() -> None:
    bundle, facts = forge.build(forge.small_contents())
    assert facts.sha256 == hashlib.sha256(bundle).hexdigest()
    assert facts.bytes == len(bundle)
    assert facts.items == 3
    assert facts.seal_fingerprint == fingerprint(forge.sealer().certificate)


def test_a_bundle_of_no_item_is_a_bundle() -> None:
    contents = forge.changed(
        forge.small_contents(), entries=forge.small_contents().entries[:2], stamps=forge.small_contents().stamps
    )
    members = forge.members_of(forge.build(contents)[0])
    assert members[layout.ITEMS_JSONL] == b""


def with_first(contents: BundleContents, **changes: object) -> BundleContents:
    first = dataclasses.replace(contents.entries[0], **changes)
    return forge.changed(contents, entries=(first, *contents.entries[1:]))


def other_reason(record: DisclosedLeaf) -> DisclosedLeaf:
    return dataclasses.replace(record, values={**record.values, "reason": "another"})


@pytest.mark.every(2)
@pytest.mark.parametrize(
    "change",
    [
        lambda c: forge.changed(c, audience="everybody"),
        lambda c: forge.changed(c, language="xx"),
        lambda c: forge.changed(c, organisation=""),
        lambda c: forge.changed(c, reason="two\nlines"),
        lambda c: forge.changed(c, bundle_id="x\u2028y"),
        lambda c: forge.changed(c, entries=c.entries + c.entries[:1]),
        lambda c: forge.changed(c, stamps=c.stamps[:1]),
        lambda c: forge.changed(c, stamps=()),
        lambda c: forge.changed(c, stamps=c.stamps + c.stamps[:1]),
        lambda c: forge.changed(c, stamps=tuple(dataclasses.replace(one, consistency=()) for one in c.stamps)),
        lambda c: forge.changed(c, checkpoint=c.checkpoint[:-2] + b"\n"),
        lambda c: forge.changed(c, checkpoint_token=c.stamps[0].token),
        lambda c: forge.changed(c, log_key="other.example/00000000+00000000+AQ=="),
        lambda c: with_first(c, leaf=c.entries[0].leaf + b" "),
        lambda c: with_first(c, lines=c.entries[1].lines),
        lambda c: with_first(c, lines=c.entries[0].lines * 2),
        lambda c: forge.changed(c, entries=c.entries[1:]),
        lambda c: forge.changed(c, organisation="Another organisation"),
        lambda c: forge.changed(c, rehearsal=False),
        lambda c: forge.changed(c, records=make_payload(c).records[:-1]),
        lambda c: forge.changed(c, records=tuple(map(other_reason, make_payload(c).records))),
    ],
)
def test_contents_that_do_not_hold_are_refused_and_nothing_is_written(
    change: Callable[[BundleContents], BundleContents],
) -> None:
    out = io.BytesIO()
    with pytest.raises(Explained):
        build(change(forge.small_contents()), out, stamp=forge.stamping(LATE))
    assert out.getvalue() == b""
    build(forge.small_contents(), out, stamp=forge.stamping(LATE))
    assert out.getvalue()


def test_an_office_that_does_not_answer_leaves_nothing_written() -> None:
    def unreachable(_: bytes) -> bytes:
        raise StampUnreachableError("no answer")

    out = io.BytesIO()
    with pytest.raises(StampUnreachableError):
        build(forge.small_contents(), out, stamp=unreachable)
    assert out.getvalue() == b""


ISSUER = tokens.authority("Root of a time-stamp office", not_before=forge.BEFORE, not_after=LATE + timedelta(days=9))
UNIT = tokens.stamper(ISSUER, not_before=forge.BEFORE, not_after=LATE + timedelta(days=9))
UNSIGNED = {"type": "1.2.3.4.5", "values": [core.OctetString(b"beside")]}


def with_revocation_list(token: bytes) -> bytes:
    name = ISSUER.certificate.subject
    made = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(forge.BEFORE).next_update(LATE)
    crl = made.sign(ISSUER.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    signed = cms.ContentInfo.load(token)
    signed["content"]["crls"] = cms.RevocationInfoChoices([crl_type.CertificateList.load(crl)])
    return bytes(signed.dump(force=True))


@pytest.mark.parametrize(
    ("forged", "check"),
    [
        (lambda stamp: stamp.der(), None),
        (lambda stamp: stamp.but(unsigned=[UNSIGNED]).der(), "archive.time_stamp"),
        (lambda stamp: with_revocation_list(stamp.der()), "archive.time_stamp"),
        (lambda stamp: stamp.but(certificates=(UNIT, tokens.authority("Stranger"))).der(), "archive.time_stamp"),
        (lambda stamp: stamp.but(sha256=bytes(32)).der(), "seal.time_stamp"),
        (lambda stamp: stamp.but(gen_time=forge.START).der(), "archive.order"),
        (lambda stamp: stamp.but(signer=tokens.stamper(tokens.authority("Nobody's"))).der(), "seal.time_stamp"),
    ],
)
def test_an_office_whose_tokens_the_verifier_refuses_leaves_nothing_written(
    forged: Callable[[tokens.Stamp], bytes], check: str | None
) -> None:
    def stamp(sha256: bytes) -> bytes:
        return forged(tokens.Stamp(UNIT, sha256=sha256, gen_time=LATE))

    out, roots = io.BytesIO(), [*forge.roots(), ISSUER.certificate]
    if check is None:
        build(forge.small_contents(), out, stamp=stamp, roots=roots)
        return
    with pytest.raises(BundleError, match=f"^{check}: our own verifier refuses"):
        build(forge.small_contents(), out, stamp=stamp, roots=roots)
    assert out.getvalue() == b""


def test_a_picture_in_what_is_disclosed_stops_at_the_gate() -> None:
    log = forge.small_log(2)
    log.add("observed", {**forge.item(9), "text": "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALA"})
    out = io.BytesIO()
    with pytest.raises(GateError):
        build(forge.contents_of(log), out, stamp=forge.stamping(LATE))
    assert out.getvalue() == b""


def test_the_withheld_is_nowhere_in_the_bundle() -> None:
    for content in nonempty(forge.good_members().values()):
        assert b"someone" not in content
        assert b"55501" not in content


def test_a_withheld_value_is_revealed_by_its_disclosure_later() -> None:
    contents = forge.small_contents()
    log = forge.good_log()
    all_of_it = tuple(
        dataclasses.replace(entry, lines=forge.lines_of(log.disclosures[entry.index])) for entry in contents.entries
    )
    members = forge.members_of(forge.build(forge.changed(contents, entries=all_of_it))[0])
    assert b"someone" in members[layout.ITEMS_JSONL]
    good = forge.entries_of(forge.good_members())
    for index, entry in forge.entries_of(members).items():
        assert (entry.leaf, entry.path) == (good[index].leaf, good[index].path)


def test_no_seal_with_a_key_of_another_certificate() -> None:
    with pytest.raises(BundleError):
        Sealer(forge.sealer().certificate, ec.generate_private_key(ec.SECP256R1()))


def test_a_seal_of_ones_own_is_fit_for_cades_and_lives_its_years() -> None:
    root, root_key, seal, key = make_seal("N" * 80, forge.START)
    seal.verify_directly_issued_by(root)
    assert root.public_key() == root_key.public_key()
    usage = seal.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    assert seal.not_valid_before_utc < forge.START < seal.not_valid_after_utc < root.not_valid_after_utc
    manifest = b"a manifest"
    signature = Sealer(seal, key, (root,)).sign(manifest, stamp=forge.stamping(forge.START), at=forge.START)
    assert read_seal(signature=signature, manifest=manifest).signer.certificate == certificate_of(seal)


SOCIETY = "Здружение"
MARKS = st.sampled_from("\u0301\u0332\ufe0f\u200d\U0001f3fd\u20e3")
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | MARKS | st.sampled_from("\u0416 \xa0\U0001f469\u200d"), min_size=1
)


def may_be_cut(before: str, after: str) -> bool:
    joins = after == "\u200d" or unicodedata.category(after).startswith("M") or "\U0001f3fb" <= after <= "\U0001f3ff"
    return after.isspace() or not (joins or before == "\u200d")


@given(NAMES | st.builds("".join, st.lists(NAMES, min_size=8, max_size=40)))
@example(f"{SOCIETY} за правна помош Ниси сама")
@example("\u0301" * 90)
@example("N" * 64)
@example("0" * 12 + "\xa0" * 15 + "\u0300\u0800")  # a mark that stands on a space goes with it
@settings(deadline=None, max_examples=60)
def test_any_name_of_an_organisation_makes_a_seal_and_is_cut_between_characters(organisation: str) -> None:
    _, _, seal, _ = make_seal(organisation, forge.START)
    names = {one.oid: str(one.value) for one in seal.subject}
    assert all(1 <= len(name.encode()) <= 64 for name in names.values())
    for name, role in ((names[NameOID.ORGANIZATION_NAME], ""), (names[NameOID.COMMON_NAME], ", seal")):
        assert name.endswith(role)
        kept = name.removesuffix(role)
        if kept == organisation:
            continue
        assert len(organisation.encode()) > 64 - len(role)
        kept = kept.removesuffix("\u2026")
        assert organisation.startswith(kept)
        assert not kept or may_be_cut(kept[-1], organisation[len(kept)])


def test_a_long_name_is_cut_at_a_word() -> None:
    organisation = f"{SOCIETY} " * 8
    _, _, seal, _ = make_seal(organisation, forge.START)
    (name,) = seal.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert name.value == " ".join([SOCIETY] * 3) + "\u2026"


def test_the_seals_root_makes_a_list_that_lives_as_long_and_no_certificate_says_that_there_is_none() -> None:
    root, root_key, seal, _ = make_seal("Test organisation", forge.START)
    # RFC 9608: a certificate with noRevAvail would contradict the list
    assert all("2.5.29.56" not in {one.oid.dotted_string for one in each.extensions} for each in (root, seal))
    found = read_list(seal_revocations(root, root_key, forge.START))
    require_listed(found, by=certificate_of(root))
    assert (found.entries, found.next_update) == ({}, root.not_valid_after_utc)
    assert found.covers(certificate_of(seal))
