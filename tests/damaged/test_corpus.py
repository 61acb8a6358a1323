from pathlib import Path

import pytest

from casefiles.verifier.report import check_list
from evidence.finding import Verdict
from tests.casefiles import forge
from tests.damaged.corpus import CORPUS, Damaged

UNTRUSTED = ("first_archive_stamp_of_a_stranger_that_an_office_renewed",)


@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
def test_each_damaged_bundle_fails_where_its_defect_is(case: Damaged, tmp_path: Path) -> None:
    report = forge.checked(case.bundle(), tmp_path)
    assert report.verdict is case.verdict
    assert forge.failed(report) == case.fails
    assert case.fails or forge.undecided(report) == case.undecided


@pytest.mark.slow
def test_the_corpus_hits_every_check_of_the_list(tmp_path: Path) -> None:
    hit: set[str] = set()
    for case in CORPUS:
        hit |= forge.failed(forge.checked(case.bundle(), tmp_path)) | case.undecided
    assert hit == {listed.id for listed in check_list()}


def test_the_good_bundle_that_the_corpus_is_made_from_passes(tmp_path: Path) -> None:
    # the control: sealed and stamped again without a change, nothing fails
    assert forge.checked(forge.good_bundle(), tmp_path).verdict is Verdict.PASSED
    assert forge.checked(forge.reseal(forge.good_members()), tmp_path).verdict is Verdict.PASSED


@pytest.mark.repeats
def test_without_roots_a_damaged_bundle_still_fails(tmp_path: Path) -> None:
    for case in CORPUS:
        # what is wrong with the seal's certificate alone, or with its chain, shows only with a root to lead to
        if case.undecided or case.name in UNTRUSTED or case.fails in ({"seal.chain"}, {"seal.revocation"}):
            continue
        assert forge.checked(case.bundle(), tmp_path, trust=[]).verdict is Verdict.FAILED, case.name
