"""Each rule of docs/format.md is broken, by who holds the right seal, and no verifier takes what breaks it."""

import io
import os
import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.format import layout
from casefiles.verifier.checks import CHECKS, verify_stream
from casefiles.verifier.report import check_list
from casefiles.verifier.script import verify_script
from evidence.canonical import sha256_hex
from evidence.finding import Report, Verdict
from evidence.log.schema import SCHEMAS
from tests.casefiles import forge
from tests.damaged import wrong
from tests.damaged.wrong import WRONG_VALUES, Wrong, corpus, forms, good, rules
from tests.nonempty import nonempty

BY_SCRIPT = {listed.id for listed in check_list() if "sh" in listed.done_by}
OF_SCRIPT = [rule for rule in rules() if rule.partition("/")[0] in BY_SCRIPT]
ADDED = {check.id for check in CHECKS if check.added}
A_RULE = 1
"""How many bundles of each rule the plain tests try; every one is tried where slow tests run."""


def verified(bundle: bytes) -> Report:
    return verify_stream(io.BytesIO(bundle), roots=forge.roots(), log_key=forge.VKEY)


def require_refused(case: Wrong) -> None:
    report, verdict = verified(case.make()), rules()[case.rule].verdict
    assert report.verdict is (Verdict.PASSED if leaves_it(case) else verdict), case
    assert case.check in (forge.failed(report) if verdict is Verdict.FAILED else forge.undecided(report)), case


def leaves_it(case: Wrong) -> bool:
    """Whether what the case adds to a good bundle is only not decided, which leaves the verdict on the bundle."""
    return case.check in ADDED and rules()[case.rule].verdict is Verdict.INDETERMINATE


def cases(rule: str, count: int | None = None) -> list[Wrong]:
    """Those of a rule: all, or some from the whole length of its families."""
    of_rule = [case for case in corpus() if case.rule == rule]
    return of_rule if count is None else of_rule[:: max(1, len(of_rule) // count)][:count]


def test_every_rule_of_the_page_is_broken_and_nothing_else() -> None:
    assert {case.rule for case in corpus()} == rules().keys()
    # of a picture there is no exact definition
    assert {case.check for case in corpus()} == {listed.id for listed in check_list()} - {"content.no_pictures"}
    assert len({(case.rule, case.name) for case in corpus()}) == len(corpus())


def test_every_name_of_a_type_has_a_form_whose_breaks_are_known() -> None:
    assert forms().keys() == {name for schema in SCHEMAS.values() for name in schema.names}
    assert set(forms().values()) == WRONG_VALUES.keys()


def test_the_bundle_that_is_broken_is_a_good_one() -> None:
    # the control: sealed again without a change, and made again from its log
    assert verified(forge.reseal(wrong.good())).verdict is Verdict.PASSED
    assert verified(wrong.of_log(wrong.whole_log())).verdict is Verdict.PASSED


@pytest.mark.parametrize("rule", rules())
def test_a_bundle_that_breaks_a_rule_is_refused_where_it_breaks_it(rule: str) -> None:
    for case in nonempty(cases(rule, A_RULE)):
        require_refused(case)


@pytest.mark.slow
@pytest.mark.parametrize("rule", rules())
def test_no_bundle_that_breaks_a_rule_is_taken(rule: str) -> None:
    for case in nonempty(cases(rule)):
        require_refused(case)


def require_script_refuses(case: Wrong, folder: Path) -> None:
    (folder / "bundle.asice").write_bytes(case.make())
    said = subprocess.run(
        ["bash", "verify.sh", "--bundle", "bundle.asice", "--trust", "roots.pem", "--log", str(forge.VKEY)],
        cwd=folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    verdicts = {check: verdict for verdict, check in re.findall(r"^([A-Z]+) +([a-z_.]+)", said.stdout, re.MULTILINE)}
    failing = rules()[case.rule].verdict is Verdict.FAILED
    expected = (1, "FAILED") if failing else (0 if leaves_it(case) else 3, "INDETERMINATE")
    assert (said.returncode, verdicts.get(case.check)) == expected, (case, said.stdout, said.stderr)


def script_in(folder: Path) -> None:
    (folder / "verify.sh").write_text(verify_script(), encoding="ascii")
    pem = b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots())
    (folder / "roots.pem").write_bytes(pem)


# a run of the script takes two seconds, so each run of the tests has it on every fourth rule
@pytest.mark.every(6)
@pytest.mark.outside
@pytest.mark.parametrize("rule", OF_SCRIPT[::4])
def test_the_script_refuses_what_breaks_a_rule_that_it_checks(rule: str, tmp_path: Path) -> None:
    script_in(tmp_path)
    for case in nonempty(cases(rule, A_RULE)):
        require_script_refuses(case, tmp_path)


@pytest.mark.outside
@pytest.mark.slow
@pytest.mark.parametrize("rule", OF_SCRIPT)
def test_the_script_takes_nothing_that_breaks_a_rule_that_it_checks(rule: str, tmp_path: Path) -> None:
    script_in(tmp_path)
    for case in nonempty(cases(rule)):
        require_script_refuses(case, tmp_path)


def with_a_zero_byte_in_the_description() -> bytes:
    """A bundle in which nothing else is wrong: list, sizes and seal are of what is there."""
    members = {**good(), **forge.rebagged(good())}
    before = members[layout.CASE]
    after = before.replace(b'"tool":"', b'"tool":"\0', 1)
    (octets, files) = re.findall(rb"Payload-Oxum: ([0-9]+)[.]([0-9]+)", members[layout.BAG_INFO])[0]
    sizes = (b"%d.%d" % (int(octets) + 1, int(files)), octets + b"." + files)
    digests = (sha256_hex(after).encode(), sha256_hex(before).encode())
    members[layout.BAG_INFO] = members[layout.BAG_INFO].replace(sizes[1], sizes[0])
    members[layout.BAG_MANIFEST] = members[layout.BAG_MANIFEST].replace(digests[1], digests[0])
    return forge.reseal({**members, layout.CASE: after}, rebag=False)


@pytest.mark.slow
@pytest.mark.outside
def test_the_script_reads_no_description_with_a_zero_byte(tmp_path: Path) -> None:
    """The verifier finds it in the form of the description, the script where it compares one."""
    script_in(tmp_path)
    case = Wrong("bag.info/lines", "a zero byte in the description", with_a_zero_byte_in_the_description)
    assert verified(case.make()).verdict is Verdict.FAILED
    require_script_refuses(case, tmp_path)
