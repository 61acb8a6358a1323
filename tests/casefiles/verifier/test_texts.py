"""No text of a bundle says what its records do not say, and no certificate is in it without a use.

Whoever holds the seal can change them and seal them again: the verifier makes them again and compares.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from casefiles.bundle.sign import make_seal
from casefiles.format import layout
from casefiles.format.records import bag_facts
from casefiles.verifier.checks import OpenedBundle, _content_texts
from casefiles.verifier.report import as_text, check_list
from casefiles.verifier.texts import make_texts
from config.errors import Explained
from config.words import languages, load_words
from evidence.canonical import jcs
from evidence.finding import Verdict
from evidence.stamp.certificate import fingerprint
from tests.casefiles import forge

REPORT = layout.report_name("en")
TEXTS = (layout.CASE_JSONLD, REPORT, layout.README, layout.HOW_TO_VERIFY, layout.VERIFY_SH)
LIES: Mapping[str, tuple[str, bytes, bytes]] = {
    "another text": (REPORT, b"Text 1,", b"Text 1, I will find you,"),
    "another channel": (REPORT, b"1234567890", b"1234567891"),
    "another time": (REPORT, b"2026-11-20 09:10", b"2026-11-20 08:10"),
    "no limits": (REPORT, b"- It does not prove that there was nothing else.\n", b""),
    "a script that is always content": (layout.VERIFY_SH, b"set -euo pipefail\n", b"echo verdict: PASSED; exit 0\n"),
    "roots from the bundle": (layout.HOW_TO_VERIFY, b"../ROOTS.pem", b"data/certs/*"),
    "trust in what lies here": (layout.README, b"Do not trust a root", b"Trust a root"),
    "an end without a newline": (layout.README, b"in one go.\n", b"in one go."),
}


def opened(members: Mapping[str, bytes]) -> OpenedBundle:
    return OpenedBundle(members, roots=(), log_key=None)


@pytest.mark.parametrize("lie", LIES)
def test_a_sealed_text_that_says_another_thing_fails(lie: str, tmp_path: Path) -> None:
    name, old, new = LIES[lie]
    text = forge.good_members()[name]
    assert old in text
    report = forge.checked(forge.reseal({**forge.good_members(), name: text.replace(old, new, 1)}), tmp_path)
    assert forge.failed(report) == {"content.texts"}
    assert f"{name}:" in " ".join(as_text(report).split())


@given(st.data())
@settings(max_examples=60)
def test_no_change_of_a_text_goes_unseen(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(TEXTS))
    text = forge.good_members()[name]
    at = data.draw(st.integers(0, len(text)))
    cut, put = data.draw(st.integers(0, 3)), data.draw(st.binary(max_size=3))
    changed = text[:at] + put + text[at + cut :]
    members = {**forge.good_members(), name: changed}
    if changed == text:
        _content_texts(opened(members))
    else:
        with pytest.raises(Explained, match="says other things"):
            _content_texts(opened(members))


def test_a_second_report_or_one_of_another_language_fails(tmp_path: Path) -> None:
    good = forge.good_members()
    other = layout.report_name("sr-Cyrl")
    second = forge.checked(forge.reseal({**good, other: b"I confess.\n"}), tmp_path)
    assert forge.failed(second) == {"content.texts"}
    renamed = {name: content for name, content in good.items() if name != REPORT} | {other: good[REPORT]}
    assert forge.failed(forge.checked(forge.reseal(renamed), tmp_path)) == {"content.texts"}


def test_a_language_that_is_not_known_here_is_undecided(tmp_path: Path) -> None:
    good = forge.good_members()
    case = {**json.loads(good[layout.CASE]), "language": "xx"}
    members = {name: content for name, content in good.items() if name != REPORT}
    members |= {layout.CASE: jcs(case), layout.report_name("xx"): b"?\n"}
    report = forge.checked(forge.reseal(members), tmp_path)
    assert report.verdict is Verdict.INDETERMINATE
    assert forge.undecided(report) == {"content.texts"}


def test_the_english_words_for_a_check_are_its_title() -> None:
    words = load_words("en")
    titles = {f"check.{listed.id}": listed.title for listed in (*check_list(), *check_list("asked"))}
    assert {key: text for key, text in words.texts.items() if key.startswith("check.")} == titles


def built_in(language: str) -> bytes:
    """The good bundle in another language."""
    return forge.build(forge.changed(forge.small_contents(), language=language))[0]


@pytest.mark.parametrize("language", [language for language in languages() if language != "en"])
def test_a_bundle_passes_in_each_language_and_not_with_the_report_of_another(language: str, tmp_path: Path) -> None:
    bundle, other = built_in(language), "sr-Cyrl" if language == "sr-Latn" else "en"
    assert forge.checked(bundle, tmp_path).verdict is Verdict.PASSED
    theirs = forge.members_of(built_in(other))[layout.report_name(other)]
    changed = {**forge.members_of(bundle), layout.report_name(language): theirs}
    assert forge.failed(forge.checked(forge.reseal(changed), tmp_path)) == {"content.texts"}


def test_the_same_records_make_the_same_texts() -> None:
    good = forge.good_members()
    bundle = opened(good)
    made = make_texts(case=bundle.case, records=bundle.records, anchorage=bundle.anchorage, log_key=str(bundle.log_key))
    assert made == {name: good[name] for name in TEXTS}
    assert bag_facts(bundle.case)["Bundle-Schema"] == layout.BUNDLE_SCHEMA


# --- certificates


def pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def named(certificate: x509.Certificate) -> str:
    return layout.certificate_name(fingerprint(certificate))


def test_the_bundle_has_the_roots_that_it_leads_to_and_no_other(tmp_path: Path) -> None:
    inside = {name for name in forge.good_members() if layout.is_certificate(name)}
    assert inside == {named(root) for root in forge.roots()}
    none = {name: content for name, content in forge.good_members().items() if name not in inside}
    assert forge.checked(forge.reseal(none), tmp_path).verdict is Verdict.PASSED


def strangers() -> dict[str, dict[str, bytes]]:
    """What may not lie among the certificates."""
    own = forge.stamp_office().root
    other, *_ = make_seal("Test organisation", forge.BEFORE)
    return {
        "a root of the same name": {named(other): pem_of(other)},
        "another root under the digest of one that is needed": {named(own): pem_of(other)},
        "a root that is needed under another digest": {named(other): pem_of(own)},
        "two in one file": {named(own): pem_of(own) + pem_of(other)},
        "words before it": {named(own): b"trust me\n" + pem_of(own)},
        "words behind it": {named(own): pem_of(own) + b"trust me\n"},
        "lines of another length": {named(own): pem_of(own).replace(b"\n", b"", 1)},
        "lines with a carriage return": {named(own): pem_of(own).replace(b"\n", b"\r\n")},
        "no certificate": {named(own): b"trust me\n"},
        "nothing": {named(own): b""},
    }


@pytest.mark.parametrize("kind", strangers())
def test_a_certificate_without_a_use_or_of_another_form_fails(kind: str, tmp_path: Path) -> None:
    report = forge.checked(forge.reseal({**forge.good_members(), **strangers()[kind]}), tmp_path)
    assert forge.failed(report) == {"content.certificates"}


def test_an_archive_stamp_of_another_office_makes_no_certificate_useless(tmp_path: Path) -> None:
    later = forge.unit_under(*make_seal("A later office", forge.BEFORE)[:2])
    bundle = forge.rearchive(forge.good_members(), stamp=forge.stamping(forge.START.replace(year=2027), by=later))
    report = forge.checked(bundle, tmp_path)
    assert "content.certificates" not in forge.failed(report) | forge.undecided(report)
