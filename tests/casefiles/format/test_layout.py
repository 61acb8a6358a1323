"""The list of the members that a bundle may have, and must have, is closed."""

import re

import pytest

from casefiles.bundle.members import make_payload
from casefiles.errors import ContainerError
from casefiles.format import layout
from casefiles.format.layout import (
    MEMBERS,
    REQUIRED,
    Search,
    is_archived,
    is_sealed,
    media_type,
    member_of,
    names_pattern,
    require_members,
    types_pattern,
)
from tests.casefiles import forge
from tests.casefiles.forge import good_members


def test_the_list_of_members_is_closed() -> None:
    require_members(good_members())
    for name in sorted(REQUIRED):
        with pytest.raises(ContainerError, match="missing"):
            require_members(set(good_members()) - {name})
    for name in ("data/x.jpg", "data/log/1.leaf", "META-INF/manifest.xml", "extra.txt", "data/report.EN.txt"):
        with pytest.raises(ContainerError, match="no such member"):
            require_members({*good_members(), name})


def test_a_bundle_has_few_members_whatever_the_number_of_items() -> None:
    # EU DSS 6.4 opens no container of more than 1,000
    one, many = (make_payload(forge.small_contents(items)).members for items in (1, 200))
    assert one.keys() == many.keys()
    assert len(REQUIRED) < 50


def test_the_shell_is_given_the_same_list_of_names() -> None:
    pattern = re.compile(names_pattern())
    assert all(pattern.fullmatch(name) for name in good_members())
    assert media_type("data/report.sr-Cyrl.txt") == "text/plain"
    assert pattern.fullmatch("data/report.sr-Cyrl.txt")
    for name in ("data/x.jpg", "data/log/1.leaf", "READMEXtxt", "data/log/key\n"):
        assert not pattern.fullmatch(name)


def test_the_shell_is_given_the_media_type_of_each_name() -> None:
    pattern, types = re.compile(types_pattern()), {member.media_type for member in MEMBERS}
    for name in [*good_members(), "data/report.sr-Cyrl.txt", f"data/certs/{'ab' * 32}.pem"]:
        assert {each for each in types if pattern.fullmatch(f"{name} {each}")} == {media_type(name)}
    assert not pattern.fullmatch("data/x.jpg text/plain")


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
            assert member.search in (Search.FIELDS, Search.ENTRIES, Search.STAMPS)
