"""The verb ``verify`` looks for a typesetter only when pages are made, and at once where it was asked to."""

import io

import pytest

from api.office.verify import remaking, verify_bundle
from casefiles.errors import PagesError
from casefiles.pages.made import edition
from evidence.finding import Verdict
from tests.casefiles import forge


def test_a_bundle_is_checked_without_a_home() -> None:
    checked = verify_bundle(io.BytesIO(forge.good_bundle()), roots=forge.roots(), log_key=forge.VKEY)
    assert checked.verdict is Verdict.PASSED


def test_whoever_was_asked_to_make_pages_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    find = remaking(asked=True).find
    assert find is not None
    maker = find()
    assert maker is not None
    assert maker.edition == edition()
    monkeypatch.setattr("casefiles.pages.made.page_maker", unfound)
    with pytest.raises(PagesError):
        remaking(asked=True)
    # where nobody asked, that is no error, and is met only when pages are to be made
    unasked = remaking(asked=False)
    assert (unasked.asked, unasked.find and unasked.find()) == (False, None)


def unfound() -> None:
    """Find no typesetter."""
    raise PagesError("pages.incomplete", system="typst")
