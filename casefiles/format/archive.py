"""The chain of archive time stamps (ETSI EN 319 162-1, annex A.7): each covers everything before it.

The newest manifest is always called ``ASiCArchiveManifest.xml``. A renewal gives the one before a number, adds a
manifest that lists all members as they lie, and a token over that; no byte of an old member changes. Whoever takes the
newest link away again leaves a bundle as it was before the renewal: nothing in it can tell. Standard library only.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from casefiles.format import layout
from casefiles.format.layout import MadeBy, kept_manifest, member_of, renewal_token


@dataclass(frozen=True, slots=True)
class ArchiveLink:
    """One archive time stamp: the members that hold its manifest and its token."""

    manifest: str
    token: str


def links_of(names: Collection[str]) -> Sequence[ArchiveLink]:
    """The chain, oldest first, of members whose names are in order (``layout.require_members``)."""
    renewals = sum(member_of(name).writer is MadeBy.RENEWAL for name in names) // 2
    manifests = [*map(kept_manifest, range(1, renewals + 1)), layout.ARCHIVE_MANIFEST]
    tokens = [layout.ARCHIVE_TOKEN, *map(renewal_token, range(1, renewals + 1))]
    return tuple(ArchiveLink(manifest, token) for manifest, token in zip(manifests, tokens, strict=True))


def listed_by(names: Collection[str], earlier: Sequence[ArchiveLink]) -> frozenset[str]:
    """The members that the manifest of a link lists: what every archive covers, and all links before."""
    always = filter(layout.is_archived, names)
    return frozenset((*always, *(name for link in earlier for name in (link.manifest, link.token))))
