"""Papers as PDF: typeset like the report, in PDF/A-2a with PDF/UA-1, and looked at by the same gate.

The same paper gives the same bytes. Needs the package ``typst``.
"""

from collections.abc import Sequence

from casefiles.format.pictures import require_pages_without_picture
from casefiles.pages.blocks import encode_document
from casefiles.pages.made import typeset
from casefiles.paper.blocks import Paper, PaperBlock, Side
from config.words import Words

_SOURCE = "paper.typ"


def printed(paper: Paper, name: str) -> bytes:
    """A paper as PDF.

    Args:
        name: What it is, for an error.

    Raises:
        PagesError: The typesetter is missing, or refuses it.
        GateError: It holds what could be a picture.
    """
    pages = typeset(encode_document(paper), _SOURCE)
    require_pages_without_picture(name, pages)
    return pages


def side_of(words: Words, title: str, blocks: Sequence[PaperBlock], *, rehearsal: bool, notes: bool = True) -> Side:
    """A side of a paper in one language; what stands on top of every text of a bundle stands on top of it.

    Args:
        notes: Say, where it is so, that the words are a draft.
    """
    language, _, script = words.language.partition("-")
    return Side(
        lang=language,
        script=script.lower() or "auto",
        warning=[words.say("rehearsal"), words.say("rehearsal.why")] if rehearsal else [],
        title=title,
        notes=[words.say("draft")] if words.draft and notes else [],
        blocks=blocks,
    )
