"""The covering letter: what must reach the receiver by another way than the bundle.

The office prints and signs it, and hands it over or posts it. Whoever changes the bundle on its
way cannot also change this paper; the fingerprints of the roots rest on that. Like the report, it
is built as data and then rendered: here as a text, and with the same words as pages (``casefiles/paper``).
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
from config.words import Words
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


def render_letter(words: Words, letter: Letter) -> str:
    """The covering letter as a text of at most 78 columns: a page that is signed, and one of steps.

    The log's key alone is never broken.
    """
    return joined(
        [
            *banner(words, rehearsal=letter.rehearsal),
            *title(words.say("letter.title")),
            *map(paragraph, between_whom(words, letter)),
            "",
            *map(paragraph, about_bundle(words, letter)),
            "",
            *_digests(words, letter),
            *_to_fill_in(words),
            words.say("letter.next"),
            _NEW_PAGE,
            *heading(words.say("letter.how"))[1:],
            "",
            *_verifiers(words),
            paragraph(words.say("letter.need")),
            "",
            *steps(words, "letter.how", letter_commands(len(letter.roots))),
        ]
    )


# What the letter says, for the text and for the pages alike


def between_whom(words: Words, letter: Letter) -> list[str]:
    """The lines of the letter that say from whom and to whom."""
    return [
        words.say("letter.from", organisation=spelled(letter.organisation)),
        words.say("letter.to", audience=fact(words, letter.audience)),
    ]


def about_bundle(words: Words, letter: Letter) -> list[str]:
    """The sentences of the letter that say which bundle it goes with, and how much that shows."""
    bundle, case = spelled(letter.bundle), spelled(letter.case)
    about = words.say("letter.about", bundle=bundle, case=case, created_at=fact(words, letter.created_at))
    return [about, words.count("letter.items", letter.facts.items)]


def compared_digests(words: Words, letter: Letter) -> list[tuple[str, str]]:
    """The two digests that a reader of the letter compares, each behind its sentence: the file's and the seal's."""
    return [
        (words.say("letter.file", bytes=str(letter.facts.bytes)), letter.facts.sha256),
        (words.say("letter.seal"), letter.facts.seal_fingerprint),
    ]


def named_roots(words: Words, letter: Letter) -> list[tuple[str, str]]:
    """Each root of the letter by its number and name, with its fingerprint."""
    return [
        (words.say("letter.root", number=str(number), name=spelled(name)), digest)
        for number, (name, digest) in enumerate(letter.roots, start=1)
    ]


def named_verifiers() -> list[tuple[str, str]]:
    """The page and the program that check a bundle, by the digests in the letter: neither can vouch for itself."""
    return [(FILE_NAME, page_sha256()), (PROGRAM_NAME, program_sha256())]


def letter_commands(roots: int) -> tuple[tuple[str, ...], ...]:
    """What is typed at each step of the letter, with as many roots as it names."""
    return (
        ("sha256sum FILE", "certutil -hashfile FILE SHA256"),
        ("openssl x509 -in ROOT1.pem -noout -fingerprint -sha256",),
        ("unzip -q FILE -d bundle", "cd bundle", *_trusting("bash verify.sh", roots, "../")),
        (),
        tuple(_trusting("python -m casefiles.verifier FILE", roots, "")),
    )


TO_REACH, TO_SIGN = ("reach.post", "reach.call"), ("sign", "signature", "stamp")
"""What is filled in by hand: how to answer, and who signs."""


# The text


def _digests(words: Words, letter: Letter) -> Iterator[str]:
    for says, digest in compared_digests(words, letter):
        yield paragraph(says)
        yield from (*grouped(digest), "")
    yield paragraph(words.say("letter.roots"))
    for name, digest in named_roots(words, letter):
        yield paragraph(name, indent="  ")
        yield from grouped(digest)
    yield from ("", words.say("letter.log"), f"    {letter.log_key}", "")


def _verifiers(words: Words) -> Iterator[str]:
    yield paragraph(words.say("letter.page"))
    for name, digest in named_verifiers():
        yield f"  {name}"
        yield from grouped(digest)
    yield ""


def _trusting(program: str, roots: int, place: str) -> Iterator[str]:
    """A command that takes every root and the seal's fingerprint, in lines that fit a page."""
    trusted = [f"--trust {place}ROOT{number}.pem" for number in range(1, roots + 1)]
    first, *more = [trusted[at : at + _ROOTS_A_LINE] for at in range(0, roots, _ROOTS_A_LINE)] or [[]]
    yield " ".join([program, *first, "\\"])
    yield from (" ".join([" ", *line, "\\"]) for line in more)
    yield '  --seal "FINGERPRINT"'


def _to_fill_in(words: Words) -> list[str]:
    ruled = [f"\n{words.say(f'letter.{key}'):<32}{_RULE}" for key in (*TO_REACH, *TO_SIGN)]
    return [words.say("letter.reach"), *ruled, ""]
