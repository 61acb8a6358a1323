"""What lies on a stick beside a bundle, so that whoever gets it needs nothing else: a page that checks it, and a text.

The page is the same for every case. Its digest is in this text only for convenience: whoever changes the page on a
stick can change the text there too. The covering letter has the digest on paper.
"""

from casefiles.report.lines import grouped, joined, paragraph, title
from casefiles.verifier.html.page import FILE_NAME, page_sha256
from config.words import load_words

STICK_README = "README-FIRST.txt"


def stick_readme(language: str, *, bundle: str, letter: str, report: str) -> str:
    """The text beside a bundle that says in which order the files on a stick are opened.

    Args:
        bundle: The name of the bundle's file; likewise ``letter`` and ``report``.

    Raises:
        CatalogueError: There are no words in this language.
    """
    words = load_words(language)
    steps = [
        words.say("stick.1", page=FILE_NAME),
        words.say("stick.2", bundle=bundle),
        words.say("stick.3", letter=letter),
        words.say("stick.4", report=report),
    ]
    numbered = [paragraph(f"{number}. {step}") + "\n" for number, step in enumerate(steps, start=1)]
    digest = [paragraph(words.say("stick.digest", page=FILE_NAME)), *grouped(page_sha256()), ""]
    return joined([*title(words.say("stick.title")), *numbered, *digest, paragraph(words.say("stick.paper"))])
