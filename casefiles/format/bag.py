"""The BagIt side of the container (RFC 8493, version 1.0): declaration, manifest and bag-info.

The unzipped folder is a bag, so that an archivist's tools and ``sha256sum -c`` check it.
``META-INF`` and the texts are tag files; the payload is ``data/``. Standard library only.
"""

import re
from collections.abc import Mapping

from casefiles.errors import ManifestError
from casefiles.format.kept import length_of, sha256_of
from casefiles.format.layout import BAG_INFO, BAG_MANIFEST, BAGIT, is_payload

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._/-]+)")
_INFO = re.compile(r"([A-Z][A-Za-z-]*): (.+)")
_OXUM = "Payload-Oxum"


def manifest_of(members: Mapping[str, bytes]) -> bytes:
    """The bundle's ``manifest-sha256.txt``, of the payload among these members."""
    return _spelled({name: sha256_of(members, name).hex() for name in members if is_payload(name)})


def _spelled(digests: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode("ascii")


def oxum_of(members: Mapping[str, bytes]) -> str:
    """Octets and number of the files in a bundle's payload (RFC 8493, 2.2.2)."""
    sizes = [length_of(members, name) for name in members if is_payload(name)]
    return f"{sum(sizes)}.{len(sizes)}"


def info_of(members: Mapping[str, bytes], facts: Mapping[str, str]) -> bytes:
    """The bundle's ``bag-info.txt``: these facts, and the payload's oxum."""
    lines = {**facts, _OXUM: oxum_of(members)}
    return "".join(f"{label}: {value}\n" for label, value in sorted(lines.items())).encode("utf-8")


def read_info(data: bytes) -> dict[str, str]:
    """The labels and values of a bundle's ``bag-info.txt``.

    Raises:
        ManifestError: Another form, or a label twice.
    """
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ManifestError("manifest.not_utf_8", where=BAG_INFO) from error
    facts: dict[str, str] = {}
    for line in lines[:-1]:
        match = _INFO.fullmatch(line)
        if match is None or match[1] in facts:
            raise ManifestError("manifest.bag_line_malformed", where=BAG_INFO, found=ascii(line)[:80])
        facts[match[1]] = match[2]
    if lines[-1]:
        raise ManifestError("manifest.last_line_open", where=BAG_INFO)
    return facts


def require_manifest(manifest: bytes, digests: Mapping[str, bytes]) -> None:
    """A rule of the bag's form: ``manifest-sha256.txt`` lists the payload, every file once, with its digest.

    Args:
        digests: The SHA-256 of each member, whether it is of the payload or not.

    Raises:
        ManifestError: Another form; a file is missing, left out, or changed.
    """
    listed: dict[str, str] = {}
    for line in manifest.decode("ascii", "replace").split("\n")[:-1]:
        match = _LINE.fullmatch(line)
        if match is None or match[2] in listed:
            raise ManifestError("manifest.bag_line_malformed", where=BAG_MANIFEST, found=ascii(line)[:120])
        listed[match[2]] = match[1]
    payload = {name: digest.hex() for name, digest in digests.items() if is_payload(name)}
    if odd := payload.keys() ^ listed.keys():
        raise ManifestError("manifest.payload_differs", where=min(odd), length=len(odd))
    for name, digest in listed.items():
        if payload[name] != digest:
            raise ManifestError("manifest.file_changed", where=name, digest=digest)
    if _spelled(listed) != manifest:
        raise ManifestError("manifest.bag_not_the_one_spelling", where=BAG_MANIFEST)


def require_info(members: Mapping[str, bytes], facts: Mapping[str, str]) -> None:
    """A rule of the bag's form: the declaration is right, and bag-info says these ``facts`` and the oxum alone.

    Raises:
        ManifestError: One of them differs, or more is said.
    """
    if members[BAGIT] != DECLARATION:
        raise ManifestError("manifest.not_a_bag", where=BAGIT, expected=DECLARATION.decode("ascii"))
    info = read_info(members[BAG_INFO])
    for label, expected in {**facts, _OXUM: oxum_of(members)}.items():
        if info.get(label) != expected:
            found = ascii(info.get(label))[:120]
            raise ManifestError("manifest.bag_info_differs", where=label, expected=ascii(expected), found=found)
    if info_of(members, facts) != members[BAG_INFO]:
        raise ManifestError("manifest.bag_not_the_one_spelling", where=BAG_INFO)
