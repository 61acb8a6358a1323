"""The two short texts beside the report: README.txt says what lies in the folder, VERIFY.txt how to check it by hand.

Each check is a command of programs that are not ours. Standard library only.
"""

from collections.abc import Iterable, Mapping

from casefiles.report.lines import joined, paragraph, title
from casefiles.report.text import banner
from config.words import Words
from evidence.canonical import Json


def readme(words: Words, case: Mapping[str, Json]) -> str:
    """The text of README.txt: what is in the folder."""
    keys = ("report", "items", "events", "case", "log", "stamps", "certs", "meta", "verify")
    lines = [paragraph(words.say(f"readme.{key}", language=case["language"]), indent="- ") for key in keys]
    return joined([*_head(words, case, "readme"), *lines])


def _head(words: Words, case: Mapping[str, Json], key: str) -> list[str]:
    top = [*banner(words, rehearsal=case["rehearsal"] == "yes"), *title(words.say(f"{key}.title"))]
    return [*top, paragraph(words.say(f"{key}.intro")), ""]


def _own_time(token: str) -> tuple[str, ...]:
    """How a reader learns the time of a token, and puts it into T."""
    return (
        f"openssl ts -reply -token_in -in {token} -text \\",
        "  | grep 'Time stamp'",
        'T=$(date -u -d "TIME" +%s)',
    )


_COMMANDS = (
    ("how.bag", ("sha256sum -c --strict --quiet manifest-sha256.txt",)),
    (
        "how.time",
        (
            "openssl asn1parse -inform DER -in META-INF/signature001.p7s \\",
            "  | grep -A2 timeStampToken",
            "openssl asn1parse -inform DER -in META-INF/signature001.p7s \\",
            "  -strparse OFFSET -noout -out ../seal.tst",
            *_own_time("../seal.tst"),
        ),
    ),
    (
        "how.seal",
        (
            "openssl cms -verify -cades -binary -inform DER \\",
            "  -in META-INF/signature001.p7s -content META-INF/ASiCManifest001.xml \\",
            "  -CAfile ../ROOTS.pem -no-CApath -no-CAstore -purpose any -attime $T \\",
            "  -out /dev/null",
        ),
    ),
    (
        "how.archive",
        (
            *_own_time("META-INF/timestamp002.tst"),
            "openssl ts -verify -token_in -in META-INF/timestamp002.tst \\",
            "  -data META-INF/ASiCArchiveManifest.xml -CAfile ../ROOTS.pem -attime $T",
        ),
    ),
    (
        "how.checkpoint",
        (
            *_own_time("data/log/checkpoint.tst"),
            "openssl ts -verify -token_in -in data/log/checkpoint.tst \\",
            "  -data data/log/checkpoint -CAfile ../ROOTS.pem -attime $T",
        ),
    ),
)


_OFFLINE = (
    "    python -m casefiles.verifier FILE \\",
    '      --trust ROOTS.pem --seal "FINGERPRINT"',
)


def how_to_verify(words: Words, case: Mapping[str, Json], *, not_made: Iterable[str]) -> str:
    """The text of VERIFY.txt: each check as a command of programs that are not ours.

    Args:
        not_made: The checks that ``verify.sh`` does not make, one line each.
    """
    lines = _head(words, case, "how")
    lines += [paragraph(words.say("how.all")), "", '    bash verify.sh --trust ../ROOTS.pem --seal "FINGERPRINT"', ""]
    lines += [paragraph(words.say("how.same")), "", paragraph(words.say("how.step")), ""]
    for number, (key, commands) in enumerate(_COMMANDS, start=1):
        lines += [paragraph(words.say(key), indent=f"{number}. "), "", *(f"    {line}" for line in commands), ""]
    lines += [paragraph(words.say("how.attime")), "", paragraph(words.say("how.notmade")), "", *_OFFLINE, ""]
    lines += [paragraph(check, indent="- ") for check in not_made]
    return joined(lines)
