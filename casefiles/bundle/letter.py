"""The covering letter: what must reach the receiver by another way than the bundle.

The office prints and signs it, and hands it over or posts it. Whoever changes the bundle on its
way cannot also change this paper; the fingerprints of the roots rest on that. Like the report, it
is built as data and then rendered.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from casefiles.bundle.members import BundleContents
from casefiles.bundle.sign import BundleFacts
from casefiles.report.lines import grouped, heading, joined, paragraph, spelled, title
from casefiles.report.said import Code, Moment
from casefiles.report.text import banner, steps
from casefiles.report.wording import fact
from casefiles.verifier.html.page import FILE_NAME, page_sha256
from casefiles.verifier.packed import PROGRAM_NAME, program_sha256
from config.words import Words, load_words
from evidence.stamp.certificate import fingerprint
from evidence.times import format_time

_RULE = "_" * 40
_NEW_PAGE = "\f"
_ROOTS_A_LINE = 2


@dataclass(frozen=True, slots=True)
class Letter:
    """What the letter says.

    Attributes:
        roots: The name and the SHA-256 fingerprint of each root that the seal and the time stamps lead to.
    """

    rehearsal: bool
    organisation: str
    audience: Code
    bundle: str
    case: str
    created_at: Moment
    facts: BundleFacts
    roots: tuple[tuple[str, str], ...]
    log_key: str


def make_letter(contents: BundleContents, *, facts: BundleFacts) -> Letter:
    """Make the covering letter of a finished bundle."""
    return Letter(
        rehearsal=contents.rehearsal,
        organisation=contents.organisation,
        audience=Code("audience", contents.audience),
        bundle=contents.bundle_id,
        case=contents.case_id,
        created_at=Moment(format_time(contents.created_at)),
        facts=facts,
        roots=tuple((root.name, fingerprint(root)) for root in facts.roots),
        log_key=contents.log_key,
    )


def covering_letter(contents: BundleContents, *, facts: BundleFacts) -> str:
    """The covering letter in the bundle's language: a page that is signed, and one of steps.

    Raises:
        CatalogueError: There are no words in this language.
    """
    return render_letter(load_words(contents.language), make_letter(contents, facts=facts))


def render_letter(words: Words, letter: Letter) -> str:
    """The covering letter as a text of at most 78 columns; the log's key alone is never broken."""
    return joined(
        [
            *banner(words, rehearsal=letter.rehearsal),
            *title(words.say("letter.title")),
            *_head(words, letter),
            *_digests(words, letter),
            *_to_fill_in(words),
            words.say("letter.next"),
            _NEW_PAGE,
            *heading(words.say("letter.how"))[1:],
            "",
            *_verifiers(words),
            paragraph(words.say("letter.need")),
            "",
            *steps(words, "letter.how", _commands(len(letter.roots))),
        ]
    )


def _head(words: Words, letter: Letter) -> list[str]:
    bundle, case = spelled(letter.bundle), spelled(letter.case)
    about = words.say("letter.about", bundle=bundle, case=case, created_at=fact(words, letter.created_at))
    return [
        paragraph(words.say("letter.from", organisation=spelled(letter.organisation))),
        paragraph(words.say("letter.to", audience=fact(words, letter.audience))),
        "",
        paragraph(about),
        paragraph(words.count("letter.items", letter.facts.items)),
        "",
    ]


def _digests(words: Words, letter: Letter) -> Iterator[str]:
    yield paragraph(words.say("letter.file", bytes=str(letter.facts.bytes)))
    yield from grouped(letter.facts.sha256)
    yield from ("", paragraph(words.say("letter.seal")))
    yield from grouped(letter.facts.seal_fingerprint)
    yield from ("", paragraph(words.say("letter.roots")))
    for number, (name, digest) in enumerate(letter.roots, start=1):
        yield paragraph(words.say("letter.root", number=str(number), name=spelled(name)), indent="  ")
        yield from grouped(digest)
    yield from ("", words.say("letter.log"), f"    {letter.log_key}", "")


def _verifiers(words: Words) -> Iterator[str]:
    """The page and the program that check a bundle, by their digests: neither can vouch for itself."""
    yield paragraph(words.say("letter.page"))
    for name, digest in ((FILE_NAME, page_sha256()), (PROGRAM_NAME, program_sha256())):
        yield f"  {name}"
        yield from grouped(digest)
    yield ""


def _commands(roots: int) -> tuple[tuple[str, ...], ...]:
    """What is typed at each step, with as many roots as the letter names."""
    return (
        ("sha256sum FILE", "certutil -hashfile FILE SHA256"),
        ("openssl x509 -in ROOT1.pem -noout -fingerprint -sha256",),
        ("unzip -q FILE -d bundle", "cd bundle", *_trusting("bash verify.sh", roots, "../")),
        (),
        tuple(_trusting("python -m casefiles.verifier FILE", roots, "")),
    )


def _trusting(program: str, roots: int, place: str) -> Iterator[str]:
    """A command that takes every root and the seal's fingerprint, in lines that fit a page."""
    trusted = [f"--trust {place}ROOT{number}.pem" for number in range(1, roots + 1)]
    first, *more = [trusted[at : at + _ROOTS_A_LINE] for at in range(0, roots, _ROOTS_A_LINE)] or [[]]
    yield " ".join([program, *first, "\\"])
    yield from (" ".join([" ", *line, "\\"]) for line in more)
    yield '  --seal "FINGERPRINT"'


def _to_fill_in(words: Words) -> list[str]:
    """Lines to fill in by hand: how to answer, and who signs."""
    keys = ("reach.post", "reach.call", "sign", "signature", "stamp")
    ruled = [f"\n{words.say(f'letter.{key}'):<32}{_RULE}" for key in keys]
    return [words.say("letter.reach"), *ruled, ""]
