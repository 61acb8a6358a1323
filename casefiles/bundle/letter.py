"""The covering letter: what must reach the receiver by another way than the bundle.

Printed, signed and handed over or posted. Whoever can change the bundle on its way cannot
also change this paper, and that is what the roots' fingerprints rest on.
"""

from collections.abc import Sequence

from cryptography import x509

from casefiles.bundle.members import BundleContents
from casefiles.bundle.sign import BundleFacts
from casefiles.report.text import WIDTH, grouped, paragraph, steps
from casefiles.verifier.cades import fingerprint
from casefiles.verifier.report import printable
from config.words import Words, load_words
from evidence.stamp.cms import name_of
from evidence.times import format_time

_RULE = "_" * 40
_NEW_PAGE = "\f"


def covering_letter(contents: BundleContents, *, facts: BundleFacts, roots: Sequence[x509.Certificate]) -> str:
    """The letter in the bundle's language, at most 78 columns: a page that is signed, and one of steps.

    Args:
        roots: The roots that the seal and the time stamps lead to.

    Raises:
        CatalogueError: There are no words in this language.
    """
    words = load_words(contents.language)
    title = words.say("letter.title")
    notice = [words.say("rehearsal").center(WIDTH).rstrip(), paragraph(words.say("rehearsal.why")), ""]
    banner = notice if contents.rehearsal else []
    parts = [*banner, title, "=" * len(title), "", *_head(words, contents, facts), "", *_digests(words, facts)]
    for number, root in enumerate(roots, start=1):
        name = words.say("letter.root", number=str(number), name=printable(name_of(root)))
        parts += [paragraph(name, indent="  "), grouped(fingerprint(root))]
    parts += ["", words.say("letter.log"), f"    {contents.log_key}", "", *_to_fill_in(words)]
    parts += [words.say("letter.next"), _NEW_PAGE, *_steps(words, len(roots))]
    return "\n".join(parts) + "\n"


def _head(words: Words, contents: BundleContents, facts: BundleFacts) -> list[str]:
    about = words.say(
        "letter.about",
        bundle=printable(contents.bundle_id),
        case=printable(contents.case_id),
        created_at=format_time(contents.created_at),
    )
    audience = words.say(f"audience.{contents.audience}")
    return [
        paragraph(words.say("letter.from", organisation=printable(contents.organisation))),
        paragraph(words.say("letter.to", audience=audience)),
        "",
        paragraph(about),
        paragraph(words.count("letter.items", facts.items)),
    ]


def _digests(words: Words, facts: BundleFacts) -> list[str]:
    return [
        paragraph(words.say("letter.file", bytes=str(facts.bytes))),
        grouped(facts.sha256),
        "",
        paragraph(words.say("letter.seal")),
        grouped(facts.seal_fingerprint),
        "",
        paragraph(words.say("letter.roots")),
    ]


def _steps(words: Words, roots: int) -> list[str]:
    title = words.say("letter.how")
    typed = steps(words, "letter.how", _commands(roots))
    return [title, "-" * len(title), "", paragraph(words.say("letter.need")), "", *typed]


def _commands(roots: int) -> tuple[tuple[str, ...], ...]:
    """What is typed at each step, with as many roots as the letter names."""
    files = [f"ROOT{number}.pem" for number in range(1, roots + 1)]
    beside, here = (" ".join(f"--trust {place}{file}" for file in files) for place in ("../", ""))
    return (
        ("sha256sum FILE", "certutil -hashfile FILE SHA256"),
        ("openssl x509 -in ROOT1.pem -noout -fingerprint -sha256",),
        ("unzip -q FILE -d bundle", "cd bundle", f"bash verify.sh {beside} \\", '  --seal "FINGERPRINT"'),
        (),
        (f"python -m casefiles.verifier FILE {here} \\", '  --seal "FINGERPRINT"'),
    )


def _to_fill_in(words: Words) -> list[str]:
    """Lines to fill in by hand: how to answer, and who signs."""
    keys = ("reach.post", "reach.call", "sign", "signature", "stamp")
    ruled = [f"\n{words.say(f'letter.{key}'):<32}{_RULE}" for key in keys]
    return [words.say("letter.reach"), *ruled, ""]
