"""The two short texts beside the report: README.txt says what lies in the folder, VERIFY.txt how to check it by hand.

Each check is a command of programs that are not ours. Standard library only.
"""

from collections.abc import Iterable, Mapping

from casefiles.format.layout import ARCHIVE_MANIFEST, kept_manifest
from casefiles.report.lines import joined, paragraph, title
from casefiles.report.text import banner
from config.words import Words
from evidence.canonical import Json


def readme(words: Words, case: Mapping[str, Json]) -> str:
    """The text beside the report that says what is in the folder: README.txt."""
    pages = ("pages",) if case["pages"] else ()
    keys = ("report", *pages, "items", "events", "case", "jsonld", "log", "stamps", "certs", "meta", "verify")
    lines = [paragraph(words.say(f"readme.{key}", language=case["language"]), indent="- ") for key in keys]
    return joined([*_head(words, case, "readme"), *lines])


def _head(words: Words, case: Mapping[str, Json], key: str) -> list[str]:
    top = [*banner(words, rehearsal=case["rehearsal"] == "yes"), *title(words.say(f"{key}.title"))]
    return [*top, paragraph(words.say(f"{key}.intro")), ""]


def _token(token: str, stamped: str) -> tuple[str, ...]:
    """How a reader checks a time stamp of any office, where ``openssl ts`` can check only those of some.

    Its signature; what it is over; when it was made, to T; that its certificate led to a root then, and its use.
    """
    return (
        "openssl cms -verify -noverify -binary -inform DER \\",
        f"  -in {token} -out ../info.der",
        "openssl asn1parse -inform DER -in ../info.der \\",
        f'  | grep -i "$(sha256sum <{stamped} | cut -c1-64)"',
        "T=$(openssl asn1parse -inform DER -in ../info.der \\",
        r"  | sed -nE 's/.*ZEDTIME *:(.{8})(..)(..)(..).*/\1 \2:\3:\4 UTC/p')",
        'T=$(date -d "$T" +%s) && date -u -d @$T',
        f"openssl cms -verify -binary -inform DER -in {token} \\",
        "  -CAfile ../ROOTS.pem -no-CApath -no-CAstore -partial_chain \\",
        "  -purpose any -attime $T -out /dev/null -signer ../office.pem",
        "openssl x509 -in ../office.pem -noout -subject -ext extendedKeyUsage",
    )


_SEAL = "META-INF/signature001.p7s"

_COMMANDS = (
    ("how.bag", ("sha256sum -c --strict --quiet manifest-sha256.txt",)),
    (
        "how.list",
        (
            """sed -nE 's/.*URI="([^"]*)".*Value>(.{44})<.*/\\2 \\1/p' \\""",
            "  META-INF/ASiCManifest001.xml | while read -r D F; do",
            '  [ "$(openssl dgst -sha256 -binary "$F" | base64)" = "$D" ] || echo "$F"',
            "done",
        ),
    ),
    (
        "how.time",
        (
            f"openssl asn1parse -inform DER -in {_SEAL} >../seal.list",
            r"N=$(sed -nE '/timeStampToken/{n;n;s/^ *([0-9]+):.*/\1/p;}' ../seal.list)",
            f"openssl asn1parse -inform DER -in {_SEAL} -strparse $N \\",
            "  -noout -out ../seal.tst",
            r"N=$(sed -nE 's/^ *([0-9]+):d=5 .*OCTET STRING.*/\1/p' ../seal.list)",
            f"openssl asn1parse -inform DER -in {_SEAL} -strparse $N \\",
            "  -noout -out ../seal.value",
            *_token("../seal.tst", "../seal.value"),
        ),
    ),
    (
        "how.seal",
        (
            "openssl cms -verify -cades -binary -inform DER \\",
            f"  -in {_SEAL} -content META-INF/ASiCManifest001.xml \\",
            "  -CAfile ../ROOTS.pem -no-CApath -no-CAstore -partial_chain \\",
            "  -purpose any -attime $T -out /dev/null -signer ../seal.pem",
            "openssl x509 -in ../seal.pem -noout -subject -fingerprint -sha256",
        ),
    ),
    ("how.archive", _token("META-INF/timestamp002.tst", "META-INF/ASiCArchiveManifest.xml")),
    ("how.checkpoint", _token("data/log/checkpoint.tst", "data/log/checkpoint")),
)


_OFFLINE = (
    "    python -m casefiles.verifier FILE \\",
    '      --trust ROOTS.pem --seal "FINGERPRINT"',
)


def how_to_verify(words: Words, case: Mapping[str, Json], *, not_made: Iterable[str]) -> str:
    """The text beside the report, VERIFY.txt: each check as a command of programs that are not ours.

    Args:
        not_made: The checks that ``verify.sh`` does not make, one line each.
    """
    lines = _head(words, case, "how")
    lines += [paragraph(words.say("how.all")), "", '    bash verify.sh --trust ../ROOTS.pem --seal "FINGERPRINT"', ""]
    lines += [paragraph(words.say("how.same")), "", paragraph(words.say("how.step")), ""]
    for number, (key, commands) in enumerate(_COMMANDS, start=1):
        step = words.say(key, list=kept_manifest(1), newest=ARCHIVE_MANIFEST)
        lines += [paragraph(step, indent=f"{number}. "), "", *(f"    {line}" for line in commands), ""]
    lines += [paragraph(words.say("how.attime")), "", paragraph(words.say("how.notmade")), "", *_OFFLINE, ""]
    lines += [paragraph(check, indent="- ") for check in not_made]
    return joined(lines)
