import asyncio
import dataclasses
import hashlib
import io
import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from asn1crypto import cms, core
from asn1crypto import crl as crl_type
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from casefiles.bundle.letter import covering_letter
from casefiles.bundle.members import BundleContents, Exhibit, make_payload
from casefiles.bundle.script import not_made_by, verify_script
from casefiles.bundle.sign import Sealer, _Stamper, build_bundle, make_seal
from casefiles.errors import BundleError, GateError
from casefiles.format import layout
from casefiles.format.records import Record
from casefiles.report.text import WIDTH, _text, grouped
from casefiles.verifier.cades import fingerprint, read_seal
from casefiles.verifier.report import check_list, printable
from config.errors import Explained
from config.words import load_words
from evidence.authority import Act
from evidence.errors import StampUnreachableError
from evidence.log.leaf import parse_leaf
from evidence.observation import HoleReason
from tests.casefiles import forge
from tests.contracts.tree import ROOT
from tests.evidence.stamp import forge as tokens

LATE = forge.START + timedelta(days=1)
A4_LINES = 66


def build(
    contents: BundleContents,
    out: io.BytesIO,
    *,
    stamp: Callable[[bytes], bytes],
    roots: Sequence[x509.Certificate] = (),
) -> None:
    build_bundle(contents, sealer=forge.sealer(), stamp=stamp, roots=roots or forge.roots(), out=out)


def text_of(name: str) -> str:
    return forge.good_members()[name].decode("utf-8")


def test_the_same_contents_make_the_same_payload() -> None:
    one, other = (make_payload(forge.small_contents()).members for _ in range(2))
    assert one == other
    reordered = forge.changed(forge.small_contents(), exhibits=forge.small_contents().exhibits[::-1])
    assert make_payload(reordered).members == one


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
    contents = forge.changed(forge.small_contents(), exhibits=forge.small_contents().exhibits[:1], stamps=())
    members = forge.members_of(forge.build(contents)[0])
    assert members[layout.ITEMS_JSONL] == b""


def with_first(contents: BundleContents, **changes: object) -> BundleContents:
    first = dataclasses.replace(contents.exhibits[0], **changes)
    return forge.changed(contents, exhibits=(first, *contents.exhibits[1:]))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: forge.changed(c, audience="everybody"),
        lambda c: forge.changed(c, language="xx"),
        lambda c: forge.changed(c, organisation=""),
        lambda c: forge.changed(c, reason="two\nlines"),
        lambda c: forge.changed(c, bundle_id="x\u2028y"),
        lambda c: forge.changed(c, exhibits=c.exhibits + c.exhibits[:1]),
        lambda c: forge.changed(c, stamps=c.stamps[:1]),
        lambda c: forge.changed(c, stamps=()),
        lambda c: forge.changed(c, certificates=(("../x", b""),)),
        lambda c: forge.changed(c, checkpoint=c.checkpoint[:-2] + b"\n"),
        lambda c: forge.changed(c, checkpoint_token=c.stamps[0].token),
        lambda c: forge.changed(c, log_key="other.example/00000000+00000000+AQ=="),
        lambda c: with_first(c, leaf=c.exhibits[0].leaf + b" "),
        lambda c: with_first(c, disclosures=c.exhibits[1].disclosures),
        lambda c: with_first(c, disclosures=c.exhibits[0].disclosures * 2),
        lambda c: forge.changed(c, exhibits=c.exhibits[1:]),
        lambda c: forge.changed(c, organisation="Another organisation"),
        lambda c: forge.changed(c, rehearsal=False),
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


def test_an_authority_that_does_not_answer_leaves_nothing_written() -> None:
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
    for content in forge.good_members().values():
        assert b"someone" not in content
        assert b"55501" not in content


def test_a_withheld_value_is_revealed_by_its_disclosure_later() -> None:
    contents = forge.small_contents()
    log = forge.small_log(3)
    all_of_it = tuple(
        Exhibit(exhibit.index, exhibit.leaf, tuple(log.disclosures[exhibit.index].values()), exhibit.proof)
        for exhibit in contents.exhibits
    )
    members = forge.members_of(forge.build(forge.changed(contents, exhibits=all_of_it))[0])
    assert b"someone" in members[layout.ITEMS_JSONL]
    for name in (name for name in members if name.endswith((".leaf", ".tlog-proof"))):
        assert members[name] == forge.good_members()[name]


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
    assert read_seal(signature=signature, manifest=manifest).signer.certificate == seal


def test_the_report_says_what_when_how_who_and_the_limits() -> None:
    report = text_of("data/report.en.txt")
    for words in (
        "case-7-bundle-1", "Posted:", "Acquired:", "Stamped:", "in the log by", "desktop-json", "coordinator",
        "1 hole is recorded", "3 items are shown", "6 values are withheld", "to be verified by counsel",
        "does not by itself prove who posted them", "five steps", "not that Telegram sent it so",
    ):  # fmt: skip
        assert words in " ".join(report.split())
    for row in text_of(layout.ITEMS_JSONL).splitlines():
        assert grouped(json.loads(row)["values"]["sha256"]) in report


def test_a_report_of_which_all_is_withheld_shows_that_it_is() -> None:
    log = forge.small_log(3)
    contents = forge.contents_of(log)
    opening = log.exhibit(0, contents.checkpoint, withhold=frozenset(forge.act(forge.START)))
    bare = (opening, *(dataclasses.replace(exhibit, disclosures=()) for exhibit in contents.exhibits[1:]))
    members = make_payload(forge.changed(contents, exhibits=bare)).members
    report = members["data/report.en.txt"].decode("utf-8")
    assert "Acquired by (pseudonym or role): [withheld]" in report
    assert "Nothing of these entries is withheld" not in report
    everything = tuple(log.exhibit(one.index, contents.checkpoint, withhold=frozenset()) for one in bare)
    members = make_payload(forge.changed(contents, exhibits=everything)).members
    assert b"Nothing of these entries is withheld" in members["data/report.en.txt"]


def test_a_seal_is_stamped_over_sha_256_or_not_at_all() -> None:
    with pytest.raises(BundleError, match="sha256"):
        asyncio.run(_Stamper(forge.stamping(forge.START)).async_timestamp(bytes(64), "sha512"))


def test_only_a_rehearsal_says_so_and_says_so_on_top_of_every_text() -> None:
    real = make_payload(forge.small_contents(rehearsal=False)).members
    for name in ("data/report.en.txt", layout.README, layout.HOW_TO_VERIFY):
        assert "REHEARSAL, NOT FOR COURT" in "\n".join(text_of(name).splitlines()[:3])
        assert b"REHEARSAL" not in real[name]


def test_a_name_from_a_channel_cannot_rearrange_the_report() -> None:
    report = text_of("data/report.en.txt")
    assert "\u202e" not in report
    assert "\\u202e" in report


def test_the_texts_fit_a_page() -> None:
    log = forge.small_log(3)
    log.add("observed", {**forge.item(9), "text": f"{'word ' * 60}\n\n{'another ' * 40}"})
    contents = forge.contents_of(log)
    members, (_, facts) = make_payload(contents).members, forge.build(contents)
    texts = [members[name].decode("utf-8") for name in ("data/report.en.txt", layout.README, layout.HOW_TO_VERIFY)]
    for text in (*texts, covering_letter(contents, facts=facts, roots=forge.roots())):
        # the log's key is not broken, so that it can be copied
        assert [line for line in text.splitlines() if len(line) > WIDTH and line != f"    {contents.log_key}"] == []


def report_of(log: forge.Log, *, withhold: frozenset[str] = forge.HELD_BACK, rehearsal: bool = True) -> str:
    """The report of everything in a log, its lines joined."""
    contents = forge.changed(forge.contents_of(log), rehearsal=rehearsal)
    shown = tuple(log.exhibit(one.index, contents.checkpoint, withhold=withhold) for one in contents.exhibits)
    members = make_payload(forge.changed(contents, exhibits=shown)).members
    return " ".join(members["data/report.en.txt"].decode("utf-8").split())


def test_each_other_entry_is_listed_with_time_and_who_acted() -> None:
    log = forge.small_log(3)
    log.add("case_item_added", {**forge.act(forge.START), "item": json.loads(log.leaves[3])["event"]})
    log.add("case_item_added", {**forge.act(forge.START), "item": "0" * 32})
    at = "2026-11-20T09:00:00.000Z"
    opened = f"Log entry 0, {at}, by coordinator: the custody log was opened for Test organisation"
    assert opened in report_of(log)
    assert opened.replace("coordinator", "[withheld]") in report_of(log, withhold=frozenset({"actor"}))
    assert f"Log entry 8, {at}, by coordinator: the item of log entry 3 was added to the case" in report_of(log)
    assert "the item of log entry (not in this file) was added" in report_of(log)


def test_the_report_says_who_approved_and_where_one_person_acted() -> None:
    log = forge.small_log(1)
    for what in ("import", "export"):
        log.add("requested", {**forge.act(forge.START), "what": what, "target": "x", "proof": "declared"})
    request = json.loads(log.leaves[-2])["event"]
    approved = {**forge.act(forge.START), "actor": "lawyer", "authority": request, "request": request}
    log.add("approved", {**approved, "proof": "declared"})
    log.add("observed", {**forge.item(9), "authority": request})
    report = report_of(log)
    assert "the request in log entry 6 (to import) was approved in log entry 8 by a second person: lawyer" in report
    assert "For the request in log entry 7 (to export a case) this file shows no approval" in report
    assert "a second person approved the request in log entry 6" in report
    assert "1 item was acquired by one person" in report
    assert "For 2 items it is withheld whether" in report_of(log, withhold=frozenset({"authority"}))


ALONE = "1 item was acquired by one person; its entry names no request and no second person."
UNTOLD = "For 1 item the entry names no request; whether a second person agreed is withheld."
HIDDEN = "For 1 item it is withheld whether a second person approved."
AGREED = "For 1 item the entry names a second person who agreed: lawyer"


@pytest.mark.parametrize(
    ("approver", "withhold", "words"),
    [
        (None, set(), ALONE),
        (None, {"approver"}, UNTOLD),
        (None, {"authority"}, HIDDEN),
        (None, {"authority", "approver"}, HIDDEN),
        ("lawyer", set(), AGREED),
        ("lawyer", {"approver"}, UNTOLD),
        ("lawyer", {"authority"}, AGREED),
        ("lawyer", {"authority", "approver"}, HIDDEN),
    ],
)
def test_one_person_is_said_only_where_the_entry_shows_that_no_second_agreed(
    approver: str | None, withhold: set[str], words: str
) -> None:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.add("observed", {**forge.item(1), "approver": approver})
    report = report_of(log, withhold=frozenset(withhold))
    assert [each for each in (ALONE, UNTOLD, HIDDEN, AGREED) if each in report] == [words]
    assert ("one person" in report) is (words == ALONE)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"lo": "7", "hi": "9"},
            "Missing: not said. Where: channel 17, messages 7 to 9. Noticed: not said. Why: numbers",
        ),
        (
            {"lo": "7", "hi": "7", "what": "a.jpg", "since": "T"},
            "Missing: a.jpg. Where: channel 17, message 7. Noticed: T.",
        ),
        ({}, "Where: channel 17, no one message."),
    ],
)
def test_a_hole_is_told_in_words(values: dict[str, str], words: str) -> None:
    log = forge.small_log(1)
    log.add("hole", {**forge.act(forge.START), "channel_id": "17", "hole": "gap", **values})
    assert words in report_of(log)


def test_the_report_says_how_much_of_the_log_it_shows() -> None:
    log = forge.small_log(3)
    report = report_of(log)
    assert f"{len(forge.contents_of(log).exhibits)} of the {len(log.leaves)} entries that the log had" in report
    assert "imports, looks, comparisons, exports, time stamps" in report
    assert "by coordinator: imported" in report  # a kind that our bundles do not show is named as it is


def test_what_the_log_can_say_has_words() -> None:
    texts = load_words("en").texts
    assert {f"hole.{reason.value}" for reason in HoleReason} <= texts.keys()
    assert {f"act.{act.value}" for act in Act} <= texts.keys()


def test_a_message_without_a_file_has_no_row_for_its_digest() -> None:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.add("observed", {**forge.item(1), "sha256": None, "bytes": None})
    assert "of the file:" not in report_of(log)
    log.add("observed", forge.item(2))
    assert report_of(log).count("SHA-256 of the file:") == 1


def test_a_file_that_was_not_read_says_so_in_place_of_a_digest() -> None:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.add("observed", {**forge.item(1), "kind": "file", "sha256": None, "bytes": None})
    assert "SHA-256 of the file: none: it was not read" in report_of(log)
    assert "not read" not in report_of(log, withhold=frozenset({"sha256"}))
    assert "the SHA-256 digests of those that were read" in report_of(log)


def texts_in(text: str) -> list[str]:
    """The lines that the report prints of this text, with their marks."""
    item = Record(0, parse_leaf(forge.small_contents().exhibits[0].leaf), {"text": text}, ())
    return _text(load_words("en"), item)[1:]


@given(st.text(st.sampled_from("ab |>\u00e9\u202e\n") | st.characters(codec="utf-8"), min_size=1, max_size=400))
def test_a_text_is_printed_with_each_space_and_with_its_own_lines_told_from_ours(text: str) -> None:
    lines = texts_in(text)
    assert max(map(len, lines)) <= WIDTH
    posted = "".join(f"\n{line[6:]}" if line[4] == "|" else line[6:] for line in lines)[1:]
    assert posted.split("\n") == [printable(line) for line in text.split("\n")]


def test_a_long_line_goes_on_at_a_word_under_a_mark_of_its_own() -> None:
    words, unbroken = "word  " * 14, "x" * 90
    assert texts_in(f"{words}\n\n{unbroken}") == [
        "    | " + "word  " * 12,
        "    > " + "word  " * 2,
        "    | ",
        "    | " + "x" * 72,
        "    > " + "x" * 18,
    ]


def test_a_text_keeps_its_lines_and_none_can_pass_for_one_of_the_report() -> None:
    report = text_of("data/report.en.txt")
    assert "\n    | and a second line\n" in report
    assert report.count("begins with >") == 1
    log = forge.small_log(1)
    log.add("observed", {**forge.item(9), "text": {"b64": "_w"}})
    assert '| {"b64":"_w"}' in report_of(log)


def test_a_rehearsal_speaks_of_no_time_stamp_office_that_answered() -> None:
    rehearsed = report_of(forge.small_log(1))
    for words in ("comes from a time-stamp office", "come from time-stamp offices", "It proves that these", "proven:"):
        assert words not in rehearsed
        assert words in report_of(forge.small_log(1, rehearsal="no"), rehearsal=False)
    assert "No time-stamp office was asked" in rehearsed


def test_what_the_script_does_not_check_is_listed_in_it() -> None:
    script = verify_script()
    assert "@" + "MAY_BE@" not in script
    for listed in check_list():
        assert listed.id in script
    for listed in not_made_by("sh"):
        assert script.index("NOT_MADE=") < script.index(listed.id)


def test_the_letter_has_digest_fingerprints_steps_and_room_to_sign() -> None:
    contents = forge.small_contents()
    _, facts = forge.build(contents)
    letter = covering_letter(contents, facts=facts, roots=forge.roots())
    joined = letter.replace("\n", " ").replace(" ", "")
    for digest in (facts.sha256, facts.seal_fingerprint, *map(fingerprint, forge.roots())):
        assert digest in joined
    assert "REHEARSAL, NOT FOR COURT" in letter
    assert contents.log_key in letter
    signed, steps = letter.split("\f")
    for line in ("Postal address:", "Telephone, e-mail:", "Name, role and signature:"):
        assert re.search(rf"^{line} +_+$", signed, re.MULTILINE)
    assert all(page.count("\n") < A4_LINES for page in (signed, steps))
    # as typed beside the roots, with one --trust for each root of the letter
    assert "bash verify.sh --trust ../ROOT1.pem --trust ../ROOT2.pem" in steps
    assert "name the copy .zip" in " ".join(steps.split())
    texts = [text_of("data/report.en.txt"), text_of(layout.HOW_TO_VERIFY), steps]
    assert all("python -m casefiles.verifier FILE" in text for text in texts)


def test_letter_report_and_verify_txt_ask_for_the_same_programs() -> None:
    contents = forge.small_contents()
    letter = covering_letter(contents, facts=forge.build(contents)[1], roots=forge.roots())
    told = [letter, text_of("data/report.en.txt"), text_of(layout.HOW_TO_VERIFY)]
    told.append((ROOT / "README.md").read_text(encoding="utf-8"))
    assert all("bash, coreutils, grep, unzip and OpenSSL 3" in " ".join(text.split()) for text in told)


def test_a_digest_is_shown_in_groups_of_four() -> None:
    assert grouped("0123456789abcdef" * 2).split() == ["0123", "4567", "89ab", "cdef"] * 2


def test_certificates_that_were_given_lie_in_the_bundle() -> None:
    pem = forge.sealer().certificate.public_bytes(serialization.Encoding.PEM)
    contents = forge.changed(forge.small_contents(), certificates=(("seal", pem),))
    assert make_payload(contents).members["data/certs/seal.pem"] == pem
