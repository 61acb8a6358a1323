"""The list of the members that a bundle may have, and must have, is closed."""

import re

import pytest

from casefiles.errors import ContainerError
from casefiles.format.layout import REQUIRED, media_type, names_pattern, require_members
from tests.casefiles.forge import good_members


def test_the_list_of_members_is_closed() -> None:
    require_members(good_members())
    for name in sorted(REQUIRED):
        with pytest.raises(ContainerError, match="missing"):
            require_members(set(good_members()) - {name})
    for name in ("data/x.jpg", "data/log/01.leaf", "META-INF/manifest.xml", "extra.txt", "data/report.EN.txt"):
        with pytest.raises(ContainerError, match="no such member"):
            require_members({*good_members(), name})


def test_a_leaf_without_proof_or_disclosures_and_a_token_without_checkpoint_are_refused() -> None:
    for suffix in (".tlog-proof", ".disclosures", ".leaf", "6.checkpoint", "6.tst"):
        names = {"data/timestamps/" + "6" * 64 + ".tst", "data/timestamps/" + "6" * 64 + ".checkpoint", *good_members()}
        require_members(names)
        gone = min(name for name in names if name.endswith(suffix))
        with pytest.raises(ContainerError, match="missing"):
            require_members(names - {gone})


def test_the_shell_is_given_the_same_list_of_names() -> None:
    pattern = re.compile(names_pattern())
    assert all(pattern.fullmatch(name) for name in good_members())
    assert media_type("data/report.sr-Cyrl.txt") == "text/plain"
    assert pattern.fullmatch("data/report.sr-Cyrl.txt")
    for name in ("data/x.jpg", "data/log/01.leaf", "READMEXtxt", "data/log/1.leaf\n"):
        assert not pattern.fullmatch(name)
