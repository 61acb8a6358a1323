"""ASiC manifests (ETSI EN 319 162-1, annex A.4 and A.7) in exactly one spelling.

One element a line, members in the order of their names, one attribute order, no entities, no comments: a
shell can read it line by line, and reading needs no XML library that a hostile document could exhaust.
``parse_manifest`` accepts what ``render_manifest`` writes and nothing else. Standard library only.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from casefiles.errors import ManifestError
from casefiles.format.layout import MadeBy, media_type, member_of

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
)
_SIGNATURE = '<asic:SigReference URI="{uri}" MimeType="{type}"></asic:SigReference>\n'
_REFERENCE = (
    '<asic:DataObjectReference URI="{uri}" MimeType="{type}"{root}>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
    "<ds:DigestValue>{digest}</ds:DigestValue>"
    "</asic:DataObjectReference>\n"
)
_ROOT = ' Rootfile="true"'
_TAIL = "</asic:ASiCManifest>\n"

_NAME = r"[A-Za-z0-9._/-]+"
_REFERENCE_LINE = re.compile(
    re.escape(_REFERENCE)
    .replace(re.escape("{uri}"), f"(?P<uri>{_NAME})")
    .replace(re.escape("{type}"), r"[A-Za-z0-9./+-]+")
    .replace(re.escape("{root}"), f"(?:{_ROOT})?")
    .replace(re.escape("{digest}"), r"(?P<digest>[A-Za-z0-9+/]{43}=)")
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says.

    Attributes:
        signature: The member that signs or stamps this manifest.
        digests: SHA-256 by member name.
    """

    signature: str
    digests: Mapping[str, bytes]


def make_manifest(*, signature: str, members: Iterable[tuple[str, bytes]]) -> Manifest:
    """The ASiC manifest of these members, signed or stamped by ``signature``."""
    return Manifest(signature, {name: hashlib.sha256(content).digest() for name, content in sorted(members)})


def render_manifest(manifest: Manifest) -> bytes:
    """Write an ASiC manifest in its one spelling."""
    lines = [_HEAD, _SIGNATURE.format(uri=manifest.signature, type=media_type(manifest.signature))]
    root = max(filter(_is_kept_manifest, manifest.digests), default=None)
    lines += [
        _REFERENCE.format(
            uri=name,
            type=media_type(name),
            root=_ROOT if name == root else "",
            digest=base64.b64encode(digest).decode("ascii"),
        )
        for name, digest in sorted(manifest.digests.items())
    ]
    return "".join([*lines, _TAIL]).encode("ascii")


def _is_kept_manifest(name: str) -> bool:
    """Whether it is an archive manifest that has a newer one: the newest of them is the root file (A.7)."""
    return member_of(name).writer is MadeBy.RENEWAL and name.endswith(".xml")


def parse_manifest(data: bytes, *, signature: str) -> Manifest:
    """Read an ASiC manifest that names ``signature``.

    Raises:
        ManifestError: In any other spelling, or with a member twice.
        ContainerError: It names what may not be in a bundle.
    """
    try:
        head, *lines = data.decode("ascii").split("\n")[1:-1]
    except ValueError as error:
        raise ManifestError("manifest.not_ascii", where=signature) from error
    digests: dict[str, bytes] = {}
    # the head, the signature's line and the tail are settled by the comparison at the end
    for line in lines[1:-1]:
        match = _REFERENCE_LINE.fullmatch(line + "\n")
        if match is None or match["uri"] in digests:
            raise ManifestError("manifest.line_malformed", where=line[:120])
        digests[match["uri"]] = base64.b64decode(match["digest"])
    manifest = Manifest(signature, digests)
    if not head or render_manifest(manifest) != data:
        raise ManifestError("manifest.not_the_one_spelling", signature=signature)
    return manifest


def require_complete(manifest: Manifest, names: Iterable[str]) -> None:
    """A rule of the ASiC form: the manifest names exactly these members.

    Raises:
        ManifestError: It leaves one out, or names one that is not there.
    """
    wanted = set(names)
    if left_out := wanted - manifest.digests.keys():
        raise ManifestError("manifest.member_left_out", where=min(left_out), length=len(left_out))
    if odd := manifest.digests.keys() - wanted:
        raise ManifestError("manifest.member_missing", where=min(odd), length=len(odd))


def require_digests(manifest: Manifest, digests: Mapping[str, bytes]) -> None:
    """A rule of the ASiC form: each member that the manifest names, and that is there, has its digest.

    Args:
        digests: The SHA-256 of each member that is there.

    Raises:
        ManifestError: A member's bytes are others.
    """
    for name, digest in manifest.digests.items():
        if digests.get(name, digest) != digest:
            raise ManifestError("manifest.member_changed", where=name, digest=digest.hex())
