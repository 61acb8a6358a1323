"""The texts of a bundle: report, README and VERIFY.txt, in plain words.

Values that come from a channel are shown with every control and direction character spelled
out, so that nobody's chosen name can rearrange a page.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from casefiles.bundle.script import not_made_by
from casefiles.verifier.jcs import Json, jcs
from casefiles.verifier.records import WITHHELD, Anchorage, Record, items_of, not_before
from casefiles.verifier.report import printable
from config.words import Words
from evidence.times import format_time

WIDTH = 78
_LABEL = 24
_HOLE = "hole"


def paragraph(text: str, *, indent: str = "") -> str:
    """``text`` in lines of at most ``WIDTH``, digests unbroken."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )


def heading(text: str) -> str:
    """A heading with a line below it."""
    return f"\n{text}\n{'-' * len(text)}"


def report(
    words: Words, *, case: Mapping[str, Json], records: Sequence[Record], anchorage: Anchorage, log_key: str
) -> str:
    """The report: what, when, how, who, what was not seen, how to verify, and the limits."""
    parts = [
        *_banner(words, case),
        words.say("report.title"),
        "=" * len(words.say("report.title")),
        "",
        *_cover(words, case),
        "",
        paragraph(words.say("report.no_pictures")),
        *_summary(words, case),
        *_how(words, records),
        *_times(words),
        *_table(words, items_of(records), anchorage),
        *_holes(words, records),
        *_steps(words),
        *_limits(words),
        *_digests(words, case, log_key),
    ]
    return "\n".join(parts) + "\n"


def readme(words: Words, case: Mapping[str, Json]) -> str:
    """What is in the folder."""
    keys = ("report", "items", "events", "case", "log", "stamps", "certs", "meta", "verify")
    lines = [paragraph(words.say(f"readme.{key}", language=case["language"]), indent="- ") for key in keys]
    title = words.say("readme.title")
    head = [*_banner(words, case), title, "=" * len(title), "", paragraph(words.say("readme.intro")), ""]
    return "\n".join([*head, *lines]) + "\n"


_COMMANDS = (
    ("how.bag", ("sha256sum -c --strict --quiet manifest-sha256.txt",)),
    (
        "how.time",
        (
            "openssl asn1parse -inform DER -in META-INF/signature001.p7s",
            "openssl asn1parse -inform DER -in META-INF/signature001.p7s \\",
            "  -strparse OFFSET -noout -out ../seal.tst",
            "openssl ts -reply -token_in -in ../seal.tst -text | grep 'Time stamp'",
            'T=$(date -u -d "THE TIME JUST SHOWN" +%s)',
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
            "openssl ts -verify -token_in -in META-INF/timestamp002.tst \\",
            "  -data META-INF/ASiCArchiveManifest.xml -CAfile ../ROOTS.pem -attime $T",
        ),
    ),
    (
        "how.checkpoint",
        (
            "openssl ts -verify -token_in -in data/log/checkpoint.tst \\",
            "  -data data/log/checkpoint -CAfile ../ROOTS.pem -attime $T",
        ),
    ),
)


def how_to_verify(words: Words, case: Mapping[str, Json]) -> str:
    """Each check as a command of programs that are not ours."""
    title = words.say("how.title")
    parts = [*_banner(words, case), title, "=" * len(title), "", paragraph(words.say("how.intro")), ""]
    parts += [paragraph(words.say("how.all")), "", "    bash verify.sh --trust ../ROOTS.pem --seal FINGERPRINT", ""]
    parts += [paragraph(words.say("how.same")), "", paragraph(words.say("how.step")), ""]
    for number, (key, commands) in enumerate(_COMMANDS, start=1):
        parts += [paragraph(words.say(key), indent=f"{number}. "), "", *(f"    {line}" for line in commands), ""]
    parts += [paragraph(words.say("how.attime")), "", paragraph(words.say("how.notmade")), ""]
    parts += [paragraph(f"{listed.id}: {listed.title}", indent="- ") for listed in not_made_by("sh")]
    return "\n".join(parts) + "\n"


def _banner(words: Words, case: Mapping[str, Json]) -> list[str]:
    if case["rehearsal"] != "yes":
        return []
    line = "*" * WIDTH
    return [line, words.say("rehearsal").center(WIDTH).rstrip(), paragraph(words.say("rehearsal.why")), line, ""]


def _cover(words: Words, case: Mapping[str, Json]) -> list[str]:
    rows = (
        ("report.bundle", case["bundle"]),
        ("report.case", case["case"]),
        ("report.organisation", case["organisation"]),
        ("report.for", words.say(f"audience.{case['audience']}")),
        ("report.purpose", case["purpose"]),
        ("report.reason", case["reason"]),
        ("report.created", case["created_at"]),
        ("report.tool", case["tool"]),
    )
    return [_row(words.say(key), value) for key, value in rows]


def _row(label: str, value: str, *, indent: str = "") -> str:
    return paragraph(printable(value), indent=f"{indent}{label}:".ljust(_LABEL) + " ")


def _summary(words: Words, case: Mapping[str, Json]) -> list[str]:
    withheld = int(case["withheld"])
    return [
        heading(words.say("report.summary")),
        paragraph(words.count("report.items", int(case["items"]))),
        paragraph(words.count("report.events", int(case["events"]))),
        paragraph(words.count("report.withheld", withheld) if withheld else words.say("report.withheld_none")),
        paragraph(words.say("report.proven", stamped_at=case["checkpoint"]["stamped_at"])),
    ]


def _how(words: Words, records: Sequence[Record]) -> list[str]:
    lines = [heading(words.say("report.how"))]
    for key, name in (
        ("actor", "actor"),
        ("declared", "declared_by"),
        ("method", "method"),
        ("tool", "tool"),
        ("authority", "authority"),
    ):
        names = _distinct(words, records, name)
        if names:
            lines.append(paragraph(words.say(f"report.how.{key}", names="; ".join(names))))
    return [*lines, paragraph(words.say("report.how.note"))]


def _distinct(words: Words, records: Iterable[Record], name: str) -> list[str]:
    """The different values of one name, withheld among them; in the order of the text."""
    found = {_shown(words, record, name) for record in records if name in record.leaf.commit}
    return sorted(found - {words.say("report.nothing")})


def _shown(words: Words, record: Record, name: str) -> str:
    value = record.values.get(name, WITHHELD)
    if value is None:
        return words.say("report.nothing")
    if value == WITHHELD and name not in record.values:
        return words.say("report.value_withheld")
    return printable(value if isinstance(value, str) else jcs(value).decode("utf-8"))


def _times(words: Words) -> list[str]:
    keys = ("posted", "acquired", "proven")
    return [
        heading(words.say("report.times")),
        *(paragraph(words.say(f"report.times.{key}"), indent="- ") for key in keys),
    ]


def _table(words: Words, items: Sequence[Record], anchorage: Anchorage) -> list[str]:
    lines = [heading(words.say("report.table"))]
    for number, item in enumerate(items, start=1):
        title = words.say("report.item", number=str(number), index=str(item.index), event=item.leaf.event_id)
        lines += [title, *_item(words, item, anchorage), ""]
    return lines


_SAID = (
    "sender_name",
    "sender_id",
    "text",
    "action",
    "edited_at",
    "reply_to",
    "forwarded_from",
    "file_name",
    "media_type",
)
"""What an item itself says; a line only where it says it."""


def _item(words: Words, item: Record, anchorage: Anchorage) -> list[str]:
    channel = f"{_shown(words, item, 'channel_id')} {_shown(words, item, 'channel_title')}"
    rows = [
        ("kind", _shown(words, item, "kind")),
        ("channel", channel),
        ("message", _shown(words, item, "message_id")),
        *((name, _shown(words, item, name)) for name in _SAID if item.values.get(name) is not None),
        ("posted", _shown(words, item, "posted_at")),
        ("acquired", _shown(words, item, "at")),
        ("after", not_before(item, anchorage) or words.say("report.before_first")),
        ("by", format_time(anchorage.stamped_at)),
        ("sha256", _shown(words, item, "sha256")),
        ("bytes", _shown(words, item, "bytes")),
    ]
    if item.withheld:
        rows.append(("withheld", ", ".join(item.withheld)))
    return [_row(words.say(f"report.item.{key}"), value, indent="  ") for key, value in rows]


def _holes(words: Words, records: Sequence[Record]) -> list[str]:
    holes = [record for record in records if record.leaf.type == _HOLE]
    lines = [heading(words.say("report.holes"))]
    if not holes:
        return [*lines, paragraph(words.say("report.holes.none"))]
    lines.append(words.count("report.holes.some", len(holes)))
    for hole in holes:
        told = {name: _shown(words, hole, name) for name in ("hole", "lo", "hi", "since")}
        channel = _shown(words, hole, "channel_id")
        text = words.say("report.hole", index=str(hole.index), channel=channel, **told)
        lines.append(paragraph(text, indent="- "))
    return lines


def _steps(words: Words) -> list[str]:
    steps = [paragraph(words.say(f"report.verify.{number}"), indent=f"{number}. ") for number in range(1, 6)]
    return [heading(words.say("report.verify")), *steps]


def _limits(words: Words) -> list[str]:
    keys = ("proves", "who", "received", "complete", "revocation", "law", "seal")
    limits = [paragraph(words.say(f"report.limits.{key}"), indent="- ") for key in keys]
    return [heading(words.say("report.limits")), *limits]


def _digests(words: Words, case: Mapping[str, Json], log_key: str) -> list[str]:
    checkpoint = case["checkpoint"]
    return [
        heading(words.say("report.digests")),
        words.say("report.digests.log", origin=case["log"]),
        words.say("report.digests.key", key=log_key),
        words.say("report.digests.checkpoint", size=checkpoint["size"], sha256=checkpoint["sha256"]),
        words.say("report.digests.token", sha256=checkpoint["token_sha256"]),
    ]
