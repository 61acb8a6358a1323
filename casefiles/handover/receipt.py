"""The receipt of a release: who asked, who agreed and who got what, with digests of each file, opened and sealed.

Two copies are signed by hand; each side keeps one. It exists in English, as text and as a PDF with the same words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from casefiles.pages.blocks import Heading, Paragraph, Rows
from casefiles.pages.exhibits import in_fours
from casefiles.pages.fonts import Tamer
from casefiles.paper.blocks import ByHand, NamedDigest, Paper, PaperBlock
from casefiles.paper.printed import printed, side_of
from casefiles.report.lines import grouped, heading, joined, labelled, paragraph, row, spelled, title
from casefiles.report.text import banner
from config.times import told_time
from config.words import load_words

TITLE = "Receipt for files that were handed over"
_WHAT = (
    "This office preserved the files below and sealed them to the recipient. Only the recipient can open them: "
    "with their own key, or with a passphrase that was given by telephone. The files are private: "
    "whoever has them must keep them sealed, and must not give them to anybody who has no right to them."
)
_COMPARE = (
    "Compare both digests: that of the sealed file before you open it, and that of the file afterwards. The office's "
    "log has both; it does not say whom the picture shows."
)
_TO_SIGN = ("Handed over by", "Received by", "Place and date")
_RULE = "_" * 40
_AUDIENCES: Mapping[str, str] = MappingProxyType(
    {
        "authority": "an authority, on its written request",
        "person": "the person shown, on their own written request",
        "lawyer": "the lawyer of the person shown, on their written request",
    }
)
_FORMS: Mapping[str, str] = MappingProxyType(
    {
        "age": "age, to the recipient's key: age --decrypt -i KEY FILE.age > FILE",
        "cms": "CMS, to the recipient's certificate: openssl cms -decrypt -binary -inform DER -in FILE.p7m -inkey KEY",
        "zip": "ZIP archive under AES-256, which 7-Zip opens; the passphrase was given separately",
    }
)


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """One file that was handed over.

    Attributes:
        name: What it is called by the recipient.
        file: The sealed file that holds it; an archive holds several.
        sha256: Of the content, as it was when it was preserved.
        entry: Its ``released`` entry in the log.
    """

    name: str
    file: str
    file_sha256: str
    sha256: str
    size: int
    entry: int


@dataclass(frozen=True, slots=True)
class ReleaseReceipt:
    """What the receipt says, all of it from the log.

    Attributes:
        audience: ``authority``, ``person`` or ``lawyer``.
        reference: What names the recipient's written request, of the day ``asked_on``.
        form: ``age``, ``cms`` or ``zip``.
        key_sha256: Of the recipient's key; None for an archive.
    """

    rehearsal: bool
    organisation: str
    log: str
    request: str
    recipient: str
    audience: str
    reference: str
    asked_on: str
    form: str
    key_sha256: str | None
    requested_by: str
    approved_by: str
    released_at: str
    files: tuple[ReceiptFile, ...]


def receipt_text(receipt: ReleaseReceipt) -> str:
    """The receipt as a text of at most 78 columns."""
    return joined(_text_lines(receipt))


def _text_lines(receipt: ReleaseReceipt) -> Iterator[str]:
    yield from banner(load_words("en"), rehearsal=receipt.rehearsal)
    yield from title(TITLE)
    yield paragraph(_WHAT)
    yield ""
    for label, value in _rows(receipt):
        yield from row(label, spelled(value))
    for each in receipt.files:
        yield from heading(each.name)
        for label, value in _file_rows(each):
            yield from row(label, value)
        yield f"SHA-256 of the sealed file {each.file}:"
        yield from grouped(each.file_sha256)
        yield f"SHA-256 of {each.name} inside it:"
        yield from grouped(each.sha256)
    yield ""
    yield paragraph(_COMPARE)
    yield ""
    for label in _TO_SIGN:
        yield from labelled(label, _RULE)


def _rows(receipt: ReleaseReceipt) -> list[tuple[str, str]]:
    key = [] if receipt.key_sha256 is None else [("SHA-256 of their key", receipt.key_sha256)]
    return [
        ("Office", receipt.organisation),
        ("Recipient", receipt.recipient),
        ("Acting as", _AUDIENCES[receipt.audience]),
        ("Written request", receipt.reference),
        ("Dated", receipt.asked_on),
        ("Form", _FORMS[receipt.form]),
        *key,
        ("Asked for by", receipt.requested_by),
        ("Agreed to by", receipt.approved_by),
        ("Released", told_time(receipt.released_at) or receipt.released_at),
        ("Log", receipt.log),
        ("Request in the log", receipt.request),
    ]


def _file_rows(each: ReceiptFile) -> list[tuple[str, str]]:
    return [("Bytes", str(each.size)), ("Entry in the log", str(each.entry))]


def receipt_pages(receipt: ReleaseReceipt) -> bytes:
    """The receipt as PDF; the same receipt gives the same bytes.

    Raises:
        PagesError: The typesetter is missing, or refuses it.
    """
    return printed(receipt_paper(receipt), "receipt.pdf")


def receipt_paper(receipt: ReleaseReceipt) -> Paper:
    """The receipt as blocks of a paper."""
    tamer = Tamer()
    side = side_of(load_words("en"), TITLE, list(_blocks(receipt, tamer)), rehearsal=receipt.rehearsal)
    return Paper(
        title=TITLE,
        author=tamer.line(receipt.organisation),
        made_at=receipt.released_at,
        foot=tamer.line(receipt.request),
        fits=False,
        sides=[side],
    )


def _blocks(receipt: ReleaseReceipt, tamer: Tamer) -> Iterator[PaperBlock]:
    yield Paragraph(_WHAT)
    yield Rows([(label, tamer.line(value)) for label, value in _rows(receipt)])
    for each in receipt.files:
        yield Heading(each.name, level=2)
        yield Rows([(label, value) for label, value in _file_rows(each)])
        yield NamedDigest(f"SHA-256 of the sealed file {each.file}", in_fours(each.file_sha256))
        yield NamedDigest(f"SHA-256 of {each.name} inside it", in_fours(each.sha256))
    yield Paragraph(_COMPARE)
    yield ByHand([f"{label}:" for label in _TO_SIGN], at_foot=True)
