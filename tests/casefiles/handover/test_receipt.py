"""The receipt says the same as a text and as PDF, and no stranger's text can rearrange it."""

import pytest

from casefiles.handover.receipt import ReceiptFile, ReleaseReceipt, receipt_pages, receipt_paper, receipt_text
from casefiles.pages.blocks import encode_document

FILE = ReceiptFile("1.jpg", "1.jpg.p7m", "ab" * 32, "cd" * 32, 1234, 17)
RECEIPT = ReleaseReceipt(
    rehearsal=True,
    organisation="Office of tests",
    log="tests/00000000",
    request="0" * 32,
    recipient="Prosecutor\n  Released:  nothing\u202e",
    audience="authority",
    reference="KT 12/26",
    asked_on="2026-11-20",
    form="cms",
    key_sha256="ef" * 32,
    requested_by="ann",
    approved_by="bo",
    released_at="2026-11-28T09:00:00.000Z",
    files=(FILE,),
)
SAID = ("KT 12/26", "2026-11-20", "1.jpg.p7m", "1234", "17", "ann", "bo", "2026-11-28 09:00:00 UTC", "openssl cms")


@pytest.mark.parametrize("said", SAID)
def test_text_and_paper_say_the_same(said: str) -> None:
    assert said in receipt_text(RECEIPT)
    assert said in str(encode_document(receipt_paper(RECEIPT)))


def test_no_line_is_a_strangers_and_none_is_too_long() -> None:
    lines = receipt_text(RECEIPT).splitlines()
    assert len([line for line in lines if line.startswith("Released:")]) == 1
    assert max(map(len, lines)) <= 78
    assert "\u202e" not in receipt_text(RECEIPT)


def test_it_is_the_same_pdf_each_time() -> None:
    pages = receipt_pages(RECEIPT)
    assert pages.startswith(b"%PDF")
    assert receipt_pages(RECEIPT) == pages
