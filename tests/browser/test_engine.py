"""The page's verifier and ``nisisama verify`` say the same of every damaged and wrong bundle, and of every office."""

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.errors import RecordsError
from casefiles.format import layout
from casefiles.format.entries import read_entries
from casefiles.verifier.report import not_made_by
from evidence.errors import AuthorityError, CertificateError, SignedDataError, TokenError
from evidence.finding import Report
from evidence.names import require_others
from evidence.stamp.certificate import Certificate, fingerprint, read_pem
from evidence.stamp.revocation import read_list
from evidence.stamp.token import verify_token
from evidence.times import format_time
from tests.browser.engine import Engine, engine_in, of_verdict
from tests.casefiles import forge
from tests.damaged import wrong
from tests.damaged.corpus import CORPUS, Damaged
from tests.damaged.test_wrong import cases, verified
from tests.damaged.wrong import Wrong, rules
from tests.evidence.stamp.forge import SHA256
from tests.evidence.stamp.offices import ALLOWED, FORBIDDEN, OfficeToken
from tests.evidence.stamp.test_revocation import NOT_TAKEN, PLACE, at, issued, listing, point
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

NOT_MADE = {listed.id for listed in not_made_by("html")}
OFFICES = {**ALLOWED, **FORBIDDEN}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_in(tmp_path_factory.mktemp("engine")) as running:
        yield running


def test_a_good_bundle_passes_and_two_checks_say_that_they_were_not_made(engine: Engine) -> None:
    report = engine.verify(forge.good_bundle())
    assert report["verdict"] == "PASSED"
    assert of_verdict(report, "NOT_MADE") == NOT_MADE == {"content.texts", "content.pages"}
    assert engine.verify(forge.reseal(wrong.good()))["verdict"] == "PASSED"


def test_what_somebody_added_and_is_not_known_leaves_the_verdict_of_both(engine: Engine, tmp_path: Path) -> None:
    bundle = forge.countersigned()
    told = engine.verify(bundle)
    assert (told["verdict"], of_verdict(told, "INDETERMINATE")) == ("PASSED", {"seal.counter"})
    assert str(forge.checked(bundle, tmp_path).verdict) == "PASSED"


@pytest.mark.every(3)
@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
def test_each_damaged_bundle_fails_where_its_defect_is(case: Damaged, engine: Engine) -> None:
    report = engine.verify(case.bundle())
    fails, undecided = case.fails - NOT_MADE, case.undecided - NOT_MADE
    assert of_verdict(report, "FAILED") == fails
    assert fails or of_verdict(report, "INDETERMINATE") == undecided
    assert report["verdict"] == ("FAILED" if fails else "PASSED" if case.added or not undecided else "INDETERMINATE")


def require_same(case: Wrong, engine: Engine) -> None:
    """Every check of both verifiers has one verdict."""
    bundle = case.make()
    told = {check["id"]: check["verdict"] for check in engine.verify(bundle)["checks"] if check["id"] not in NOT_MADE}
    assert told == verdicts(verified(bundle)), (case.rule, case.name)


def verdicts(report: Report) -> dict[str, str]:
    return {finding.id: str(finding.verdict) for finding in report.findings if finding.id not in NOT_MADE}


@pytest.mark.every(3)
@pytest.mark.parametrize("rule", rules())
def test_a_bundle_that_breaks_a_rule_has_one_verdict(rule: str, engine: Engine) -> None:
    for case in nonempty(cases(rule, 1)):
        require_same(case, engine)


@pytest.mark.slow
@pytest.mark.parametrize("rule", rules())
def test_every_bundle_that_breaks_a_rule_has_one_verdict(rule: str, engine: Engine) -> None:
    for case in nonempty(cases(rule)):
        require_same(case, engine)


@pytest.mark.parametrize(("given", "pinned"), [(0, False), (1, False), (None, False), (None, True)])
def test_with_other_roots_both_say_the_same(given: int | None, pinned: bool, engine: Engine, tmp_path: Path) -> None:  # noqa: FBT001
    roots = [] if given is None else [forge.roots()[given]]
    pin = fingerprint(forge.sealer().certificate) if pinned else None
    text = "".join(root.public_bytes(Encoding.PEM).decode() for root in roots)
    told = engine.verify(forge.good_bundle(), roots=text, pin=pin)
    report = forge.checked(forge.good_bundle(), tmp_path, trust=roots, seal_pin=pin)
    assert {check["id"]: check["verdict"] for check in told["checks"] if check["id"] not in NOT_MADE} == verdicts(
        report
    )


TEXTS = (
    *(':) "hi"', '":', "", '"', ":\\", "\\", "\\u0041", '{"a":1}', '{"a": "b", "a" : "b"}', 'x","text":"y'),
    *("\x1b[0m\0 \t\r\n\f\b", "\u2028\x7f\x85", "\u010d" * 5_000, "\U0001f600", "\ufeff", "]", '"],"index":"1'),
)
"""Of which a disclosure's JSON has every kind of escape, and what could be taken for the end of one."""


def with_texts(*contents: object) -> bytes:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START)
    for number, text in enumerate(TEXTS):
        log.add("observed", {**forge.item(number + 1), "text": text})
    for number, content in enumerate(contents):
        log.add("observed", {**forge.item(100 + number), "content": content})
    return forge.build(forge.contents_of(forge.add_to_case(log)))[0]


def test_a_message_may_say_whatever_it_likes_and_is_read_at_once(engine: Engine, tmp_path: Path) -> None:
    part = {"kind": "poll", "question": 'a":', "answers": [{"text": "\x1b"}]}
    bundle = with_texts(None, [part, {**part, "question": ":\n"}])
    told = engine.verify(bundle)
    assert (told["verdict"], told["isQuick"]) == ("PASSED", True)
    assert str(forge.checked(bundle, tmp_path).verdict) == "PASSED"
    # the control: what is not as every writer writes it is read again, line by line
    odd = next(case for case in CORPUS if case.fails == {"log.disclosures"})
    assert not engine.verify(odd.bundle())["isQuick"]


def told_of_lines(engine: Engine, lines: Sequence[bytes]) -> list[dict[str, str | None]]:
    told: list[dict[str, str | None]] = engine.ask(lines=[base64.b64encode(line).decode() for line in lines])["lines"]
    return told


def code_of_line(line: bytes) -> str | None:
    try:
        read_entries(line + b"\n")
    except RecordsError as error:
        return error.code
    return None


def lines_near(line: bytes) -> list[bytes]:
    """A line with one byte more or less near a bracket, and with each list's commas elsewhere."""
    brackets = [at for at, byte in enumerate(line) if byte in b"[]{}"]
    places = sorted({near for at in brackets for near in range(at - 3, at + 4) if 0 <= near <= len(line)})
    more = [line[:at] + bytes([byte]) + line[at:] for at in places for byte in b'",:[]{} \\a0=\t\x00\xff']
    less = [line[:at] + line[at + 1 :] for at in places]
    commas = ((b"]", b",]"), (b"[", b"[,"), (b'","', b'",,"'), (b'","', b'""'))
    return [*more, *less, *(line.replace(stands, odd) for stands, odd in commas)]


def test_a_line_with_a_byte_more_or_less_is_read_quickly_only_if_the_slow_reader_reads_it(engine: Engine) -> None:
    """Python says the same of its form, so the page passes nothing that Python fails."""
    lines = [line for line in forge.good_members()[layout.ENTRIES].splitlines() if b'"path":[]' not in line]
    for line in nonempty([lines[0], next(each for each in lines if b" " in each)]):
        (whole,) = told_of_lines(engine, [line])
        assert whole["quick"] == whole["slow"] is not None  # the control: both read it, and take the same
        near = lines_near(line)
        for each, found in nonempty(zip(near, told_of_lines(engine, near), strict=True)):
            assert found["quick"] in {None, found["slow"]}, each
            assert found["form"] == code_of_line(each), each


def test_another_seal_or_another_key_than_the_letters_fails(engine: Engine) -> None:
    assert of_verdict(engine.verify(forge.good_bundle(), pin="0" * 64), "FAILED") == {"seal.chain"}
    other = "ngo.example/00000000" + str(forge.VKEY).partition("01")[2]
    assert "log.key" in of_verdict(engine.verify(forge.good_bundle(), key=other), "FAILED")


def told_by_python(office: OfficeToken) -> str | None:
    roots = read_pem(b"".join(pem.armor("CERTIFICATE", root) for root in office.roots))
    try:
        return format_time(verify_token(token=office.token, sha256=SHA256, roots=roots).latest)
    except (TokenError, CertificateError, SignedDataError):
        return None


@pytest.mark.every(3)
@pytest.mark.parametrize("kind", OFFICES)
def test_a_token_of_every_kind_of_office_is_taken_by_both_or_by_none(kind: str, engine: Engine) -> None:
    office = OFFICES[kind]()
    roots = b"".join(pem.armor("CERTIFICATE", root) for root in office.roots).decode()
    told = engine.ask(token=office.token.hex(), digest=SHA256.hex(), roots=roots)
    assert told.get("latest") == told_by_python(office), json.dumps(told)
    assert (told["code"] is None) is (kind in ALLOWED)


NAMES = (
    ("Ana", "Marko"),
    ("Sa\u0161a", "sasa"),
    ("Ali", "All"),
    ("Ann", "\u0391nn"),
    ("\u00df", "ss"),
    ("\u03a3\u03b1\u03c2", "\u03c3\u03b1\u03c3"),
    ("I", "\u0131"),
    ("a b", "ab"),
    ("", "Ana"),
    ("A\u202e", "B"),
    ("\u0928\u093f", "\u0928\u0940"),
    ("O'Neil", "0Neil"),
    ("a\u0301\u0301", "b"),
    ("\ufb01", "fi"),
    ("\u2163", "IV"),
    ("x" * 201, "y"),
)


@pytest.mark.parametrize(("one", "other"), NAMES)
def test_two_names_are_one_person_for_both_or_for_none(one: str, other: str, engine: Engine) -> None:
    try:
        require_others(one, other)
        expected = None
    except AuthorityError as error:
        expected = error.code
    assert engine.ask(persons=[one, other])["code"] == expected


def of_revocation(engine: Engine, *lists: forge.Listing) -> dict[str, object]:
    """What the page finds of revocation where the seal has these lists; Python finds the same."""
    bundle = forge.reseal(wrong.good(), listed=[one.der() for one in lists])
    found = {check["id"]: check for check in engine.verify(bundle)["checks"]}["seal.revocation"]
    by_python = {one.id: one for one in verified(bundle).findings}["seal.revocation"]
    assert found["verdict"] == str(by_python.verdict)
    assert ", ".join(found["without"]) == by_python.facts.get("names", "")
    return dict(found)


def roots_of_lists() -> tuple[x509.Certificate, x509.Certificate]:
    return forge.sealer().chain[0], forge.stamp_office().root


def test_the_page_names_what_no_list_tells_of(engine: Engine) -> None:
    assert of_revocation(engine, *map(forge.Listing, roots_of_lists()))["without"] == []
    assert of_revocation(engine, forge.Listing(roots_of_lists()[1]))["without"] == ["Test organisation, seal"]
    assert len(str(of_revocation(engine)["without"])) > len("Test organisation, seal")


def test_for_the_page_too_a_later_revocation_leaves_what_was_good_and_the_newer_list_counts(engine: Engine) -> None:
    seal, unit = forge.sealer().certificate.serial_number, forge.stamp_office().certificate.serial_number
    later, (of_seal, of_stamps) = forge.START + timedelta(days=2), roots_of_lists()
    stolen = forge.Listing(of_seal, revoked={seal: later}, reason=x509.ReasonFlags.key_compromise)
    retired = forge.Listing(of_stamps, revoked={unit: later}, reason=x509.ReasonFlags.superseded)
    assert of_revocation(engine, stolen, retired)["verdict"] == "PASSED"
    held = forge.Listing(of_seal, revoked={seal: forge.BEFORE}, reason=x509.ReasonFlags.certificate_hold)
    assert of_revocation(engine, held)["code"] == "certificate.revoked"
    assert of_revocation(engine, held, forge.Listing(of_seal, at=forge.START))["verdict"] == "PASSED"


def test_for_the_page_too_a_list_has_a_use_below_its_issuer(engine: Engine) -> None:
    trust = [forge.sealer().certificate, forge.stamp_office().certificate]
    pem_ = "".join(one.public_bytes(Encoding.PEM).decode() for one in trust)
    assert "seal.revocation" in of_verdict(engine.verify(forge.good_bundle(), roots=pem_), "PASSED")


@pytest.mark.every(3)
@pytest.mark.parametrize("rule", [rule for rule in rules() if rule.startswith("seal.revocation/")])
def test_every_bundle_with_a_wrong_list_has_one_verdict(rule: str, engine: Engine) -> None:
    for case in nonempty(cases(rule)):
        require_same(case, engine)


def test_more_lists_than_are_read_are_no_seal_for_the_page(engine: Engine) -> None:
    root = roots_of_lists()[0]
    many = [forge.Listing(root, until=forge.START + timedelta(days=day + 9)).der() for day in range(65)]
    assert "seal.signature" in of_verdict(engine.verify(forge.reseal(wrong.good(), listed=many)), "FAILED")


@pytest.mark.parametrize(("der", "code"), NOT_TAKEN)
def test_a_list_that_python_does_not_take_the_page_does_not_take_either(der: bytes, code: str, engine: Engine) -> None:
    assert str(engine.ask(list=der.hex())["code"]).startswith(code)


def test_a_list_says_the_same_to_both_and_is_of_whoever_signed_it(engine: Engine) -> None:
    der = listing(entry=(x509.CRLReason(x509.ReasonFlags.key_compromise), False))
    told, found = engine.ask(list=der.hex(), by=armored(issued(ca=True))), read_list(der)
    assert told["entries"] == [[str(serial), format_time(one.at), one.reason] for serial, one in found.entries.items()]
    assert (told["at"], told["until"]) == (format_time(found.this_update), format_time(found.next_update))
    damaged = bytes([*der[:-1], der[-1] ^ 1])
    assert engine.ask(list=damaged.hex(), by=armored(issued(ca=True)))["code"] == "certificate.list_not_signed"
    without_right = armored(issued(ca=True, usage=False))
    assert engine.ask(list=der.hex(), by=without_right)["code"] == "certificate.list_of_no_issuer"


def armored(certificate: Certificate) -> str:
    return pem.armor("CERTIFICATE", certificate.der).decode()


@pytest.mark.slow
def test_a_list_covers_the_same_certificates_for_both(engine: Engine) -> None:
    those = [issued(), issued(at(PLACE, "http://other.example/")), issued(at("http://other.example/")), issued(ca=True)]
    limits = [
        point(),
        point("", only_contains_user_certs=True),
        point("", only_contains_ca_certs=True),
        point(only_contains_user_certs=True),
    ]
    for limit in nonempty(limits):
        der = listing((limit, True))
        told = [engine.ask(list=der.hex(), covers=armored(one))["covers"] for one in those]
        assert told == [read_list(der).covers(one) for one in those]
        assert True in told
        assert False in told
    assert [engine.ask(list=listing().hex(), covers=armored(one))["covers"] for one in those] == [True] * len(those)
