"""The gate lets no member out that is not on the list, or is a picture."""

from pathlib import Path

import pytest

from casefiles.bundle.gate import GATES, require_may_leave
from casefiles.errors import GateError
from casefiles.format import layout
from casefiles.format.zip import container_bytes
from casefiles.verifier.report import check_list
from evidence.finding import Report
from tests.casefiles import forge
from tests.nonempty import nonempty


def test_the_gate_lets_a_good_bundle_out_and_no_member_that_is_not_listed(tmp_path: Path) -> None:
    good = forge.good_members()
    require_may_leave(forge.checked(forge.good_bundle(), tmp_path))
    for name in ("data/picture.jpg", "data/media/1", "notes.txt"):
        with pytest.raises(GateError, match="no such member"):
            require_may_leave(forge.checked(container_bytes({**good, name: b"x"}), tmp_path))
    without = {name: content for name, content in good.items() if name != layout.CASE}
    with pytest.raises(GateError, match="missing"):
        require_may_leave(forge.checked(container_bytes(without), tmp_path))


def test_no_member_of_a_bundle_may_be_a_picture(tmp_path: Path) -> None:
    picture = b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"
    for name in nonempty(forge.good_members()):
        if name != layout.MIMETYPE:
            with pytest.raises(GateError):
                require_may_leave(forge.checked(container_bytes({**forge.good_members(), name: picture}), tmp_path))


def test_a_report_without_the_search_lets_nothing_out(tmp_path: Path) -> None:
    whole = forge.checked(forge.good_bundle(), tmp_path)
    assert {listed.id for listed in check_list()} >= GATES
    for gate in nonempty(sorted(GATES)):
        with pytest.raises(GateError, match="nobody looked"):
            require_may_leave(Report(tuple(finding for finding in whole.findings if finding.id != gate)))
    with pytest.raises(GateError):
        require_may_leave(forge.checked(b"no container", tmp_path))
