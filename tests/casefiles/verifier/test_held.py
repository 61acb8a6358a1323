"""Two who hold something of one log find out whether it is one log."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casefiles.format import layout
from casefiles.verifier.checks import CHECKS
from casefiles.verifier.held import read_held
from casefiles.verifier.report import as_json, check_list
from evidence.finding import Verdict
from tests.casefiles import forge
from tests.nonempty import nonempty


def compared(held: bytes, folder: Path, *, bundle: bytes | None = None) -> tuple[Verdict, str]:
    report = forge.checked(bundle or forge.good_bundle(), folder, held=held)
    assert [finding.id for finding in report.findings] == [*(check.id for check in CHECKS), "log.against"]
    last = report.findings[-1]
    if last.verdict is Verdict.PASSED:
        report.require_passed()
    return last.verdict, last.code


def test_a_bundle_is_one_with_itself_and_with_its_own_checkpoints(tmp_path: Path) -> None:
    held = [forge.good_bundle(), forge.good_members()[layout.CHECKPOINT]]
    held += [stamp.checkpoint for stamp in forge.stamps_of(forge.good_members())]
    for one in nonempty(held):
        assert compared(one, tmp_path) == (Verdict.PASSED, "basis.one_log")


def test_a_checkpoint_between_those_that_the_bundle_has_is_undecided_and_says_whom_to_ask(tmp_path: Path) -> None:
    report = forge.checked(forge.good_bundle(), tmp_path, held=forge.good_log().checkpoint(5))
    assert report.verdict is Verdict.INDETERMINATE
    assert report.problems[0].code == "undecided.no_consistency"
    assert "audit --against" in report.problems[0].fix


def test_a_longer_bundle_that_cites_the_shorter_ones_checkpoint_passes_from_both_sides(tmp_path: Path) -> None:
    log = forge.small_log(3)
    short = forge.build(forge.contents_of(log))[0]
    log.anchor(forge.START + timedelta(hours=6))
    log.add("observed", forge.item(9, at=forge.START + timedelta(hours=7)))
    forge.add_to_case(log)
    long = forge.build(forge.contents_of(log))[0]
    assert compared(short, tmp_path, bundle=long)[0] is Verdict.PASSED
    assert compared(long, tmp_path, bundle=short)[0] is Verdict.PASSED


def test_two_histories_under_one_key_fail_from_both_sides(tmp_path: Path) -> None:
    one = forge.good_bundle()
    other = forge.build(forge.contents_of(forge.small_log(3)))[0]  # its tokens, and so its leaves, are others
    for bundle, held in ((one, other), (other, one)):
        assert compared(held, tmp_path, bundle=bundle) == (Verdict.FAILED, "verification.two_roots")


def test_two_leaves_at_one_index_fail_though_no_two_checkpoints_have_one_size(tmp_path: Path) -> None:
    log = forge.Log()
    log.add("log_opened", {**forge.opening(), "reason": "another"})
    for number in range(4):
        log.add("observed", forge.item(number))
    forge.add_to_case(log)
    other = forge.build(forge.contents_of(log))[0]
    assert compared(other, tmp_path) == (Verdict.FAILED, "verification.two_leaves")


@pytest.mark.parametrize(
    "held",
    [
        b"no checkpoint",
        forge.good_log().checkpoint(5, key=Ed25519PrivateKey.from_private_bytes(bytes(32))),
        forge.good_log().checkpoint(5).replace(b"5", b"6", 1),
    ],
)
def test_what_the_logs_key_did_not_sign_is_no_part_of_this_log(held: bytes, tmp_path: Path) -> None:
    assert compared(held, tmp_path) == (Verdict.FAILED, "verification.held_is_not_of_this_log")


def test_a_held_bundle_that_does_not_hold_by_itself_is_refused(tmp_path: Path) -> None:
    entry = forge.entries_of(forge.good_members())[0]
    broken = forge.reseal(forge.with_entry(forge.good_members(), replace(entry, path=(bytes(32), *entry.path[1:]))))
    assert compared(broken, tmp_path) == (Verdict.FAILED, "verification.held_is_not_of_this_log")


def test_what_an_office_is_asked_about_is_every_checkpoint_of_the_bundle() -> None:
    stamps = forge.stamps_of(forge.good_members())
    held = read_held(forge.good_bundle())
    assert held.notes == (*(stamp.checkpoint for stamp in stamps), forge.good_members()[layout.CHECKPOINT])


def test_the_comparison_is_listed_beside_the_checks_of_every_bundle(tmp_path: Path) -> None:
    assert [listed.id for listed in check_list("asked")] == ["log.against"]
    told = as_json(forge.checked(forge.good_bundle(), tmp_path, held=forge.good_bundle()))
    assert told["checks"][-1]["id"] == "log.against"
