"""The page docs/conformance.md, made of what EU DSS said of the bundles of test_dss.py."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"
_HEAD = """\
# What a validator that we did not write says

EU DSS {version}, the validator of the European Commission, comes from Maven Central (`tests/conformance/dss`; each jar
by its digest). It is asked with its default policy, offline, and given the roots that the letter names. The bundles are
of a rehearsal, exported by the program. Six years later, the certificate of the seal has ended.

`WRITE_CONFORMANCE=yes python -m pytest -m outside tests/conformance/dss` makes this page. Without the variable the
same tests, which `.ci/run` runs, compare it with what DSS says.

Where a bundle has several of a kind (each counter-seal is a seal, each renewal stamps the archive), one word stands for
all of them. A slow test asks it about 10,000 messages, with 512 MB for Java and no limit raised.

| bundle | level | seal | its time stamp | the archive's time stamp |
|---|---|---|---|---|
"""
_KINDS = ("SIGNATURE_TIMESTAMP", "CONTAINER_TIMESTAMP")


def page(said: Mapping[str, Any], *, version: str, bundles: Mapping[str, str]) -> str:
    """The page.

    Args:
        said: What DSS said, by the name of a bundle.
        bundles: Those to list, each with what it is in words.
    """
    return _HEAD.format(version=version) + "".join(
        f"| {what} | {_row(said[name])} |\n" for name, what in bundles.items()
    )


def _row(of: Mapping[str, Any]) -> str:
    seals, stamps = of["signatures"], of["timestamps"]
    kinds = [
        [stamp for stamp in stamps if stamp["type"] == kind] for kind in ("SIGNATURE_TIMESTAMP", "CONTAINER_TIMESTAMP")
    ]
    levels = dict.fromkeys(seal["format"] for seal in seals)
    return " | ".join(["; ".join(levels), *("; ".join(dict.fromkeys(map(_verdict, each))) for each in (seals, *kinds))])


def _verdict(of: Mapping[str, Any]) -> str:
    parts: Sequence[str] = [part for part in (of["indication"], of["sub_indication"]) if part != "null"]
    return ", ".join(parts)
