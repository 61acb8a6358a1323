"""A bundle is a BagIt bag (RFC 8493), and one that does not fit its manifest is refused."""

import hashlib
import json
from collections.abc import Mapping

import pytest

from casefiles.errors import ManifestError
from casefiles.format import layout
from casefiles.format.bag import info_of, manifest_of, read_info, require_info, require_manifest
from casefiles.format.records import bag_facts
from tests.casefiles.forge import good_members


def require_bag(members: Mapping[str, bytes]) -> None:
    digests = {name: hashlib.sha256(content).digest() for name, content in members.items()}
    require_manifest(members[layout.BAG_MANIFEST], digests)


def test_the_bag_of_a_good_bundle_holds() -> None:
    members = good_members()
    require_bag(members)
    require_info(members, bag_facts(json.loads(members[layout.CASE])))


@pytest.mark.parametrize(
    "damage",
    [
        {"data/case.json": b"{}"},
        {"data/certs/more.pem": b"{}"},
        {layout.BAG_MANIFEST: b""},
        {layout.BAG_MANIFEST: b"x\n"},
        {layout.BAG_MANIFEST: b"\\" + b"0" * 64 + b"  data/case.json\n"},
    ],
)
def test_a_bag_that_does_not_fit_its_manifest_is_refused(damage: dict[str, bytes]) -> None:
    with pytest.raises(ManifestError):
        require_bag({**good_members(), **damage})


def test_a_bag_manifest_in_another_order_or_with_a_line_twice_is_refused() -> None:
    members = good_members()
    lines = members[layout.BAG_MANIFEST].splitlines(keepends=True)
    for changed in (lines[::-1], [*lines, lines[0]], lines[1:]):
        with pytest.raises(ManifestError):
            require_bag({**members, layout.BAG_MANIFEST: b"".join(changed)})


def test_bag_info_that_says_another_or_more_is_refused() -> None:
    members = good_members()
    facts = bag_facts(json.loads(members[layout.CASE]))
    with pytest.raises(ManifestError, match="says another"):
        require_info(members, {"External-Identifier": "case-8"})
    with pytest.raises(ManifestError, match="declaration"):
        require_info({**members, layout.BAGIT: b"BagIt-Version: 0.97\n"}, {})
    for more in (b"Zeal: great\n", b"Contact-Name: somebody\n"):
        with pytest.raises(ManifestError, match="one spelling"):
            require_info({**members, layout.BAG_INFO: members[layout.BAG_INFO] + more}, facts)
    first, *others = members[layout.BAG_INFO].splitlines(keepends=True)
    with pytest.raises(ManifestError, match="one spelling"):
        require_info({**members, layout.BAG_INFO: b"".join((*others, first))}, facts)
    for info in (b"\xff", b"Payload-Oxum 1.1\n", b"A: b\nA: c\n", b"A: b"):
        with pytest.raises(ManifestError):
            read_info(info)


def test_the_oxum_counts_octets_and_files_of_the_payload_only() -> None:
    members = {"README.txt": b"xxxx", "data/a": b"12", "data/b": b"345"}
    assert b"Payload-Oxum: 5.2\n" in info_of(members, {})
    assert manifest_of(members).count(b"\n") == 2
