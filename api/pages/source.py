"""The script of the page on which somebody asks; ``config.page.script`` says how it is put together."""

from config.page.script import BUNDLED, linked_parts, part_of

MODULES = (
    "pdq.js",
    "trim.js",
    "crops.js",
    "jcs.js",
    "proquint.js",
    "container.js",
    "plain.js",
    "decode.js",
    "question.js",
)
"""What hashes and seals, each after what it imports."""
__all__ = ["BUNDLED", "MODULES", "linked", "page_part"]


def page_part(name: str) -> str:
    """The text of a file of ``parts/``, of the page on which she asks."""
    return part_of("api.pages", name)


def linked(*modules: str) -> str:
    """The script of the page on which she asks: one strict script of these modules, in this order."""
    return linked_parts("api.pages", *modules)
