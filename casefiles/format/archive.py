"""The chain of archive time stamps (ETSI EN 319 162-1, annex A.7): each covers everything before it.

The newest manifest is always called ``ASiCArchiveManifest.xml``. A renewal gives the previous one a
number, adds a manifest that lists all members as they are, and adds a token over that; no byte of an old member
changes. Whoever takes the newest link away again leaves a bundle as it was before the renewal: nothing in it can tell.

A counter-seal is a second seal over what the first covers, and over the first. It is added with a link that covers it.
Standard library only.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from casefiles.format import layout
from casefiles.format.layout import (
    MadeBy,
    counter_manifest,
    counter_signature,
    kept_manifest,
    member_of,
    renewal_token,
)


@dataclass(frozen=True, slots=True)
class ArchiveLink:
    """One archive time stamp: the members that hold its manifest and its token."""

    manifest: str
    token: str


def links_of(names: Collection[str]) -> Sequence[ArchiveLink]:
    """The form of a bundle's archive stamps: the chain, oldest first, given names that are in order.

    See ``layout.require_members``.
    """
    renewals = sum(member_of(name).writer is MadeBy.RENEWAL for name in names) // 2
    manifests = [*map(kept_manifest, range(1, renewals + 1)), layout.ARCHIVE_MANIFEST]
    tokens = [layout.ARCHIVE_TOKEN, *map(renewal_token, range(1, renewals + 1))]
    return tuple(ArchiveLink(manifest, token) for manifest, token in zip(manifests, tokens, strict=True))


@dataclass(frozen=True, slots=True)
class CounterSeal:
    """A counter-seal: the members that hold what it signs, and the signature."""

    manifest: str
    signature: str


def counter_seals_of(names: Collection[str]) -> Sequence[CounterSeal]:
    """The counter-seals in a bundle's layout, oldest first, given names that are in order."""
    count = sum(member_of(name).writer is MadeBy.COUNTER for name in names) // 2
    return tuple(CounterSeal(counter_manifest(each), counter_signature(each)) for each in range(1, count + 1))


def listed_by(
    names: Collection[str], earlier: Sequence[ArchiveLink], counter_seals: Sequence[CounterSeal]
) -> frozenset[str]:
    """The members that a link's archive manifest lists, by its form: all that archives cover, and what came before.

    Args:
        counter_seals: Those that were there when the link was made.
    """
    added = [name for link in earlier for name in (link.manifest, link.token)]
    added += [name for seal in counter_seals for name in (seal.manifest, seal.signature)]
    return frozenset((*filter(layout.is_archived, names), *added))
