"""The list of the members that a bundle may have, and must have, is closed."""

import re

import pytest

from casefiles.errors import ContainerError
from casefiles.format import layout
from casefiles.format.layout import (
    MEMBERS,
    REQUIRED,
    Search,
    company,
    is_archived,
    is_sealed,
    media_type,
    member_of,
    names_pattern,
    require_members,
)
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


def test_every_member_is_on_one_line_of_the_table() -> None:
    for name in good_members():
        lines = [
            member
            for member in MEMBERS
            if member.name == name or (member.how_many != "one" and re.fullmatch(member.name, name))
        ]
        assert lines == [member_of(name)]
    assert len({member.name for member in MEMBERS}) == len(MEMBERS)


def test_who_writes_a_member_says_which_manifest_lists_it() -> None:
    names = good_members().keys()
    signed = {layout.SEAL_MANIFEST, layout.SEAL_SIGNATURE}
    own = {layout.ARCHIVE_MANIFEST, layout.ARCHIVE_TOKEN}
    assert set(filter(is_sealed, names)) == names - {layout.MIMETYPE} - signed - own
    assert set(filter(is_archived, names)) == names - {layout.MIMETYPE} - own


def test_what_is_no_text_is_searched_as_bytes_and_every_json_by_its_fields() -> None:
    for member in MEMBERS:
        assert (member.search is Search.DER) is (member.media_type in (layout.TYPE_TOKEN, layout.TYPE_SIGNATURE))
        if "json" in member.media_type:
            assert member.search is Search.FIELDS


def test_the_shell_is_given_what_must_be_there_beside_what() -> None:
    assert ("data/log/", ".leaf", ".tlog-proof") in company()
    assert ("data/log/", ".leaf", ".disclosures") in company()
    # whoever must be beside another is itself an end of that folder
    ends = {(folder, end) for folder, end, _other in company()}
    assert {(folder, other) for folder, _end, other in company()} == ends
