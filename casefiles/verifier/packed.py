"""The verifier as one file (PEP 441): what ``casefiles.verifier`` imports, its data, and nothing else of the program.

Whoever has Python with cryptography and asn1crypto runs it without a home, a network or an account. It has the same
bytes on every machine, so that its digest can be printed and compared. Standard library only.
"""

import functools
import hashlib
import importlib.resources
import io
import zipfile
from typing import Final

PROGRAM_NAME: Final = "verifier.pyz"
MODULES: Final = (
    "casefiles.errors",
    *(
        f"casefiles.format.{name}"
        for name in (
            "archive", "bag", "entries", "kept", "layout", "manifest", "pdf", "pictures", "records", "schema", "zip",
        )
    ),
    *(
        f"casefiles.report.{name}"
        for name in (
            "beside", "closed", "data", "items", "jsonld", "lines", "paged", "received", "said", "sources", "stated",
            "text", "wording",
        )
    ),
    *(
        f"casefiles.verifier.{name}"
        for name in ("__main__", "cades", "checks", "held", "references", "report", "revocation", "script", "texts")
    ),
    *(f"config.{name}" for name in ("errors", "times", "words")),
    *(
        f"evidence.{name}"
        for name in (
            "canonical", "completeness", "content", "errors", "finding", "names", "observation", "pictures", "times",
        )
    ),
    *(f"evidence.log.{name}" for name in ("commit", "leaf", "merkle", "note", "schema")),
    *(
        f"evidence.stamp.{name}"
        for name in ("algorithms", "certificate", "chain", "cms", "der", "names", "reading", "revocation", "token")
    ),
)  # fmt: skip
"""What the verifier imports of this program; a test compares it with the imports."""
DATA: Final = (
    "casefiles/format/schemas",
    "casefiles/verifier/checks.json",
    "casefiles/verifier/verify.sh",
    "config/data/confusables.txt",
    "config/data/errors/en.json",
    "config/data/words",
)
"""Files, and folders of files, that it reads."""
# zipapp's own starter forgets the exit code
_START: Final = b"import sys\nfrom casefiles.verifier.__main__ import main\nsys.exit(main())\n"
_SHEBANG: Final = b"#!/usr/bin/env python3\n"
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_ON_UNIX: Final = 3


@functools.cache
def verifier_program() -> bytes:
    """The verifier as a Python program in one file."""
    out = io.BytesIO(_SHEBANG)
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        for name, content in sorted(_files().items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = _ON_UNIX, 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def program_sha256() -> str:
    """The digest of the verifier as a program in one file, in lower hex, as letters print it."""
    return hashlib.sha256(verifier_program()).hexdigest()


def _files() -> dict[str, bytes]:
    files = {"__main__.py": _START}
    for module in MODULES:
        *packages, _ = module.split(".")
        for depth in range(1, len(packages) + 1):
            files |= _read(f"{'/'.join(packages[:depth])}/__init__.py")
        files |= _read(f"{module.replace('.', '/')}.py")
    for path in DATA:
        files |= _read(path)
    return files


def _read(path: str) -> dict[str, bytes]:
    package, *rest = path.split("/")
    found = importlib.resources.files(package).joinpath(*rest)
    if found.is_dir():
        return {f"{path}/{each.name}": each.read_bytes() for each in found.iterdir() if each.name.endswith(".json")}
    return {path: found.read_bytes()}
