"""The texts of a bundle: report, README and VERIFY.txt, in plain words.

Prose keeps to ``WIDTH`` columns; digests stand in groups of four, on lines of their own, and are
plain in ``case.json`` and the tables. A rehearsal never speaks as if a time-stamp office had answered.
Values that come from a channel are shown with every control and direction character spelled
out, so that nobody's chosen name can rearrange a page.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from casefiles.format.records import WITHHELD, Anchorage, Record, events_of, items_of, not_before
from casefiles.verifier.report import not_made_by, printable
from config.words import Words
from evidence.canonical import Json, jcs
from evidence.times import format_time

WIDTH = 78
_LABEL = 24
_GROUP, _GROUPS_A_LINE = 4, 8
_BAR, _ON = "    | ", "    > "
"""Before each line of a text as posted, and before what goes on from the line above."""
_PIECE = re.compile(rf".{{1,{WIDTH - len(_BAR)}}}\Z|.{{0,{WIDTH - len(_BAR) - 1}}} |.{{1,{WIDTH - len(_BAR)}}}")
"""The rest of a line if it fits, else up to the last space that does, else what fits; no character is left out."""
_KIND_FILE = "file"
_HOLE, _REQUEST, _APPROVAL = "hole", "requested", "approved"
_SECOND_PERSON = ("alone", "agreed", "untold", "hidden")
"""What can be told of a second person where no request is named, in the order of the report."""


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


def grouped(digest: str, *, indent: str = "    ") -> str:
    """A hex digest in groups of 4, 8 groups a line, for reading aloud and comparing."""
    groups = [digest[at : at + _GROUP] for at in range(0, len(digest), _GROUP)]
    lines = [groups[at : at + _GROUPS_A_LINE] for at in range(0, len(groups), _GROUPS_A_LINE)]
    return "\n".join(indent + " ".join(line) for line in lines)


def steps(words: Words, key: str, commands: Sequence[Sequence[str]]) -> list[str]:
    """Numbered steps, ``key.1`` and so on, each with its commands on lines of their own."""
    lines: list[str] = []
    for number, typed in enumerate(commands, start=1):
        lines.append(paragraph(words.say(f"{key}.{number}"), indent=f"{number}. "))
        lines += [f"     {command}" for command in typed]
    return lines


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
        *_times(words, case),
        *_table(words, case, items_of(records), anchorage),
        *_entries(words, case, records),
        *_holes(words, records),
        *_steps(words),
        *_limits(words, case),
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


def how_to_verify(words: Words, case: Mapping[str, Json]) -> str:
    """Each check as a command of programs that are not ours."""
    title = words.say("how.title")
    parts = [*_banner(words, case), title, "=" * len(title), "", paragraph(words.say("how.intro")), ""]
    parts += [paragraph(words.say("how.all")), "", '    bash verify.sh --trust ../ROOTS.pem --seal "FINGERPRINT"', ""]
    parts += [paragraph(words.say("how.same")), "", paragraph(words.say("how.step")), ""]
    for number, (key, commands) in enumerate(_COMMANDS, start=1):
        parts += [paragraph(words.say(key), indent=f"{number}. "), "", *(f"    {line}" for line in commands), ""]
    parts += [paragraph(words.say("how.attime")), "", paragraph(words.say("how.notmade")), "", *_OFFLINE, ""]
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


def _told(words: Words, case: Mapping[str, Json], key: str, **values: str) -> str:
    """A text that a rehearsal has in words of its own."""
    return words.say(f"{key}.rehearsal" if case["rehearsal"] == "yes" else key, **values)


def _row(label: str, value: str, *, indent: str = "") -> str:
    return paragraph(printable(value), indent=f"{indent}{label}:".ljust(_LABEL) + " ")


def _summary(words: Words, case: Mapping[str, Json]) -> list[str]:
    withheld = int(case["withheld"])
    return [
        heading(words.say("report.summary")),
        paragraph(words.count("report.items", int(case["items"]))),
        paragraph(words.count("report.events", int(case["events"]))),
        paragraph(words.count("report.withheld", withheld) if withheld else words.say("report.withheld_none")),
        paragraph(_told(words, case, "report.proven", stamped_at=case["checkpoint"]["stamped_at"])),
    ]


def _how(words: Words, records: Sequence[Record]) -> list[str]:
    lines = [heading(words.say("report.how"))]
    for key, name in (
        ("actor", "actor"),
        ("declared", "declared_by"),
        ("method", "method"),
        ("tool", "tool"),
    ):
        names = _distinct(words, records, name)
        if names:
            lines.append(paragraph(words.say(f"report.how.{key}", names="; ".join(names))))
    return [*lines, *_persons(words, records), paragraph(words.say("report.how.note"))]


def _persons(words: Words, records: Sequence[Record]) -> list[str]:
    """Who approved where two persons acted, and what the entries of the items tell where they name no request."""
    approvals = {record.values.get("request"): record for record in records if record.leaf.type == _APPROVAL}
    lines: list[str] = []
    for request in (record for record in records if record.leaf.type == _REQUEST):
        told = {"what": _named(words, "act", request, "what"), "index": str(request.index)}
        approval = approvals.get(request.leaf.event_id)
        if approval is None:
            lines.append(words.say("report.how.one", **told))
        else:
            who = _shown(words, approval, "actor")
            lines.append(words.say("report.how.two", **told, approved=str(approval.index), who=who))
    items = items_of(records)
    for key in _SECOND_PERSON:
        if of_these := [item for item in items if _second_person(item) == key]:
            names = "; ".join(_distinct(words, of_these, "approver"))
            lines.append(words.count(f"report.how.{key}", len(of_these), names=names))
    return [paragraph(line) for line in lines]


def _second_person(item: Record) -> str | None:
    """What an item's entry tells of a second person; nothing where it names a request, which has entries of its own.

    A request is not the only sign of one: an act that needs none may name who agreed all the same.
    """
    if item.values.get("authority") is not None:
        return None
    if item.values.get("approver") is not None:
        return "agreed"
    if "authority" in item.withheld:
        return "hidden"
    return "untold" if "approver" in item.withheld else "alone"


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


def _named(words: Words, family: str, record: Record, name: str) -> str:
    """A value in the words that the catalogue has for it, or as it is."""
    value = _shown(words, record, name)
    return words.say(key) if (key := f"{family}.{value}") in words.texts else value


def _times(words: Words, case: Mapping[str, Json]) -> list[str]:
    texts = [words.say("report.times.posted"), words.say("report.times.acquired")]
    texts.append(_told(words, case, "report.times.proven"))
    return [heading(words.say("report.times")), *(paragraph(text, indent="- ") for text in texts)]


def _table(words: Words, case: Mapping[str, Json], items: Sequence[Record], anchorage: Anchorage) -> list[str]:
    lines = [heading(words.say("report.table")), paragraph(words.say("report.table.note")), ""]
    for number, item in enumerate(items, start=1):
        title = words.say("report.item", number=str(number), index=str(item.index), event=item.leaf.event_id)
        lines += [title, *_item(words, case, item, anchorage), ""]
    return lines[:-1]


_SAID = (
    "sender_name",
    "sender_id",
    "action",
    "edited_at",
    "reply_to",
    "forwarded_from",
    "file_name",
    "media_type",
)
"""What an item itself says; a line only where it says it."""


def _item(words: Words, case: Mapping[str, Json], item: Record, anchorage: Anchorage) -> list[str]:
    channel = f"{_shown(words, item, 'channel_id')} {_shown(words, item, 'channel_title')}"
    before = [
        ("kind", _shown(words, item, "kind")),
        ("channel", channel),
        ("message", _shown(words, item, "message_id")),
        *((name, _shown(words, item, name)) for name in _SAID if item.values.get(name) is not None),
    ]
    behind = [("posted", _shown(words, item, "posted_at")), ("acquired", _shown(words, item, "at"))]
    after = not_before(item, anchorage) or words.say("report.before_first")
    proven = [("after", after), ("by", format_time(anchorage.stamped_at))]
    if item.values.get("bytes") is not None:
        behind.append(("bytes", _shown(words, item, "bytes")))
    return [
        *(_row(words.say(f"report.item.{key}"), value, indent="  ") for key, value in before),
        *_text(words, item),
        *(_row(words.say(f"report.item.{key}"), value, indent="  ") for key, value in behind),
        *(_row(_told(words, case, f"report.item.{key}"), value, indent="  ") for key, value in proven),
        *_digest(words, item),
        *([_row(words.say("report.item.withheld"), ", ".join(item.withheld), indent="  ")] if item.withheld else []),
    ]


def _text(words: Words, item: Record) -> list[str]:
    """What was posted, line by line behind a bar, so that no line of it can pass for one of the report.

    Nothing is left out, spaces neither; a line that is broken for the page goes on behind another mark.
    """
    text = item.values.get("text")
    if not text:
        return []
    lines = text.split("\n") if isinstance(text, str) else [_shown(words, item, "text")]
    return [f"  {words.say('report.item.text')}:", *(piece for line in lines for piece in _barred(printable(line)))]


def _barred(line: str) -> list[str]:
    first, *more = _PIECE.findall(line) or [""]
    return [_BAR + first, *(_ON + piece for piece in more)]


def _digest(words: Words, item: Record) -> list[str]:
    """The digest of an item's file, or that it was not read; a message without a file has no such row."""
    if item.values.get("sha256") is None:
        unread = item.values.get("kind") == _KIND_FILE and "sha256" not in item.withheld
        return [_row(words.say("report.item.sha256"), words.say("report.item.unread"), indent="  ")] if unread else []
    return [f"  {words.say('report.item.sha256')}:", grouped(_shown(words, item, "sha256"))]


def _entries(words: Words, case: Mapping[str, Json], records: Sequence[Record]) -> list[str]:
    """The other entries of the bundle, one by one, and how many of the log that is."""
    indexes = {record.leaf.event_id: str(record.index) for record in records}
    unshown = words.say("report.unshown")
    note = words.say("report.entries.note", shown=str(len(records)), size=case["checkpoint"]["size"])
    lines = [heading(words.say("report.entries")), paragraph(note)]
    for event in events_of(records):
        named = {
            "organisation": _shown(words, event, "organisation"),
            "act": _named(words, "act", event, "what"),
            "about": indexes.get(event.values.get("request") or event.values.get("item") or "", unshown),
        }
        key = f"entry.{event.leaf.type}"
        what = words.say(key, **named) if key in words.texts else event.leaf.type
        at, who = _shown(words, event, "at"), _shown(words, event, "actor")
        text = words.say("report.entry", index=str(event.index), at=at, who=who, what=what)
        lines.append(paragraph(text, indent="- "))
    return lines


def _holes(words: Words, records: Sequence[Record]) -> list[str]:
    holes = [record for record in records if record.leaf.type == _HOLE]
    lines = [heading(words.say("report.holes"))]
    if not holes:
        return [*lines, paragraph(words.say("report.holes.none"))]
    unsaid = words.say("report.unsaid")
    lines.append(paragraph(words.count("report.holes.some", len(holes))))
    for hole in holes:
        told = {name: _shown(words, hole, name) if _said(hole, name) else unsaid for name in ("what", "since")}
        channel, why = _shown(words, hole, "channel_id"), _named(words, "hole", hole, "hole")
        text = words.say(
            "report.hole", index=str(hole.index), channel=channel, place=_place(words, hole), why=why, **told
        )
        lines.append(paragraph(text, indent="- "))
    return lines


def _said(record: Record, name: str) -> bool:
    """Whether a value says something, or is withheld."""
    return bool(record.values.get(name, WITHHELD))


def _place(words: Words, hole: Record) -> str:
    """Which messages a hole is about."""
    lo, hi = _shown(words, hole, "lo"), _shown(words, hole, "hi")
    if hole.values.get("lo", WITHHELD) is None:
        return words.say("report.hole.channel")
    return words.say("report.hole.message" if lo == hi else "report.hole.messages", lo=lo, hi=hi)


def _steps(words: Words) -> list[str]:
    typed = (
        'bash verify.sh --trust ../ROOT.pem --seal "FINGERPRINT"',
        'python -m casefiles.verifier FILE --trust ROOT.pem --seal "FINGERPRINT"',
    )
    commands = ((), (), (), typed, ())
    return [heading(words.say("report.verify")), *steps(words, "report.verify", commands)]


def _limits(words: Words, case: Mapping[str, Json]) -> list[str]:
    keys = ("who", "received", "complete", "revocation", "law", "seal")
    limits = [_told(words, case, "report.limits.proves"), *(words.say(f"report.limits.{key}") for key in keys)]
    return [heading(words.say("report.limits")), *(paragraph(limit, indent="- ") for limit in limits)]


def _digests(words: Words, case: Mapping[str, Json], log_key: str) -> list[str]:
    checkpoint = case["checkpoint"]
    return [
        heading(words.say("report.digests")),
        paragraph(words.say("report.digests.log", origin=case["log"])),
        words.say("report.digests.key"),
        f"    {log_key}",
        words.say("report.digests.checkpoint", size=checkpoint["size"]),
        grouped(checkpoint["sha256"]),
        words.say("report.digests.token"),
        grouped(checkpoint["token_sha256"]),
    ]
