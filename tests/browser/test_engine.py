"""The page's verifier and ``nisisama verify`` say the same of every damaged and wrong bundle, and of every office."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.verifier.report import not_made_by
from evidence.errors import AuthorityError, CertificateError, SignedDataError, TokenError
from evidence.finding import Report
from evidence.names import require_others
from evidence.stamp.certificate import fingerprint, read_pem
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
    assert of_verdict(report, "NOT_MADE") == NOT_MADE == {"content.texts", "content.pages", "seal.revocation"}
    assert engine.verify(forge.reseal(wrong.good()))["verdict"] == "PASSED"


@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
def test_each_damaged_bundle_fails_where_its_defect_is(case: Damaged, engine: Engine) -> None:
    report = engine.verify(case.bundle())
    fails, undecided = case.fails - NOT_MADE, case.undecided - NOT_MADE
    assert of_verdict(report, "FAILED") == fails
    assert fails or of_verdict(report, "INDETERMINATE") == undecided
    assert report["verdict"] == ("FAILED" if fails else "INDETERMINATE" if undecided else "PASSED")


def require_same(case: Wrong, engine: Engine) -> None:
    """Every check of both verifiers has one verdict."""
    bundle = case.make()
    told = {check["id"]: check["verdict"] for check in engine.verify(bundle)["checks"] if check["id"] not in NOT_MADE}
    assert told == verdicts(verified(bundle)), (case.rule, case.name)


def verdicts(report: Report) -> dict[str, str]:
    return {finding.id: str(finding.verdict) for finding in report.findings if finding.id not in NOT_MADE}


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
