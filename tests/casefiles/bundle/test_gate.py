"""The gate lets no member out that is not on the list, or is a picture."""

import pytest

from casefiles.bundle.gate import require_may_leave
from casefiles.errors import GateError
from casefiles.format import layout
from tests.casefiles.forge import good_members
from tests.nonempty import nonempty


def test_the_gate_lets_a_good_bundle_out_and_no_member_that_is_not_listed() -> None:
    require_may_leave(good_members())
    for name in ("data/picture.jpg", "data/media/1", "notes.txt"):
        with pytest.raises(GateError, match="no such member"):
            require_may_leave({**good_members(), name: b"x"})
    with pytest.raises(GateError, match="missing"):
        require_may_leave({name: content for name, content in good_members().items() if name != layout.CASE})


def test_no_member_of_a_bundle_may_be_a_picture() -> None:
    picture = b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"
    for name in nonempty(good_members()):
        if name != layout.MIMETYPE:
            with pytest.raises(GateError):
                require_may_leave({**good_members(), name: picture})
