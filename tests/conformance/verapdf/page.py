"""The page docs/conformance-pages.md, made of what veraPDF said of the PDFs of test_verapdf.py."""

from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "conformance-pages.md"
_HEAD = """\
# What a validator that we did not write says of the pages

veraPDF {version}, the validator of the PDF Association, comes from Maven Central (`tests/conformance/verapdf`; each jar
by its digest), and is asked offline. The reports show texts that were made to break a page: right-to-left scripts,
control characters, heaps of accents, long runs, emoji, markup. The letters and sheets name such accounts and offices.

`WRITE_CONFORMANCE=yes python -m pytest -m slow tests/conformance/verapdf` makes this page; without the variable the
same test compares it with what veraPDF says. `.ci/run` does so for a language in each script, `mk` and `sq`.

| document | language | {standards} |
|---|---|{lines}
"""
STANDARDS = {"2a": "PDF/A-2a (ISO 19005-2)", "ua1": "PDF/UA-1 (ISO 14289-1)"}


def page(said: Mapping[tuple[str, str, str], str], *, version: str) -> str:
    """The page.

    Args:
        said: What veraPDF said, by document, language and standard: ``yes``, or ``no`` and the rules that are broken.
    """
    head = _HEAD.format(version=version, standards=" | ".join(STANDARDS.values()), lines="---|" * len(STANDARDS))
    each = dict.fromkeys((document, language) for document, language, _ in said)
    return head + "".join(
        f"| {' | '.join([*one, *(said[*one, standard] for standard in STANDARDS)])} |\n" for one in each
    )
