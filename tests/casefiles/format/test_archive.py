"""The chain of archive time stamps, by the names of its members."""

import pytest

from casefiles.errors import ContainerError
from casefiles.format import layout
from casefiles.format.archive import ArchiveLink, links_of, listed_by
from tests.casefiles import forge
from tests.nonempty import nonempty

FIRST, SECOND = layout.kept_manifest(1), layout.kept_manifest(2)


def test_a_bundle_that_was_never_renewed_has_one_link() -> None:
    assert links_of(forge.good_members()) == (ArchiveLink(layout.ARCHIVE_MANIFEST, layout.ARCHIVE_TOKEN),)


def test_the_links_of_a_renewed_bundle_are_in_the_order_of_their_making() -> None:
    assert links_of(forge.renewed(times=2)) == (
        ArchiveLink("META-INF/ASiCArchiveManifest001.xml", "META-INF/timestamp002.tst"),
        ArchiveLink("META-INF/ASiCArchiveManifest002.xml", "META-INF/timestamp003.tst"),
        ArchiveLink("META-INF/ASiCArchiveManifest.xml", "META-INF/timestamp004.tst"),
    )


def test_each_list_names_everything_that_was_there_before_it() -> None:
    members = forge.renewed(times=2)
    links = links_of(members)
    for at in nonempty(range(len(links))):
        later = {name for link in links[at:] for name in (link.manifest, link.token)}
        assert listed_by(members, links[:at], ()) == members.keys() - later - {layout.MIMETYPE}


@pytest.mark.parametrize("lost", [FIRST, SECOND, layout.renewal_token(1), layout.renewal_token(2)])
def test_a_chain_with_a_gap_is_refused(lost: str) -> None:
    members = forge.renewed(times=2)
    layout.require_members(members)
    with pytest.raises(ContainerError) as refused:
        layout.require_members(members.keys() - {lost})
    assert refused.value.code == "container.member_missing"


@pytest.mark.parametrize(
    "name",
    ["META-INF/ASiCArchiveManifest000.xml", "META-INF/ASiCArchiveManifest1.xml", "META-INF/timestamp001.tst",
     "META-INF/timestamp1000.tst"],
)  # fmt: skip
def test_no_other_number_is_a_name(name: str) -> None:
    with pytest.raises(ContainerError) as refused:
        layout.require_members({*forge.good_members(), name})
    assert refused.value.code == "container.unknown_member"
