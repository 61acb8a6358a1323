"""The report as a text in plain words, rendered from its data.

All English comes from the words; all facts from ``data``. Digests stand in groups of four, on lines of their own,
and are plain in ``case.json`` and the tables. A rehearsal never speaks as if a time-stamp office had answered.
The same data gives the same bytes: a verifier renders the report again and compares. Standard library only.
"""

from collections.abc import Iterable, Iterator, Sequence

from casefiles.report.data import (
    Asked,
    CaseReport,
    Cover,
    LogFacts,
    ReportEntry,
    ReportHole,
    TakenIn,
    Unseen,
    spans_of,
)
from casefiles.report.items import item_lines
from casefiles.report.lines import WIDTH, grouped, heading, joined, paragraph, row, spelled, title
from casefiles.report.said import ItemFact, Moment, Unshown
from casefiles.report.wording import INDENT, fact, facts_in_words, items_in_words, spans_in_words, worded
from config.words import Words

_FILLED = frozenset({"later", "before"})
"""The fates of holes whose part is shown."""


def render(words: Words, report: CaseReport) -> str:
    """The report as text: what, when, how, who, what was not seen, how to verify, and the limits."""
    return joined(
        [
            *banner(words, rehearsal=report.rehearsal),
            *title(words.say("report.title")),
            *_cover(words, report.cover),
            "",
            paragraph(words.say("report.no_pictures")),
            *_summary(words, report),
            *_taken_in(words, report.taken_in),
            *_times(words, report),
            *item_lines(words, report.items, rehearsal=report.rehearsal),
            *_entries(words, report),
            *_unseen(words, report),
            *_verify(words),
            *_limits(words, report),
            *_log(words, report.log),
        ]
    )


def banner(words: Words, *, rehearsal: bool) -> list[str]:
    """What stands on top of every text of a bundle: that it is of a rehearsal, and that its words are a draft."""
    draft = [paragraph(words.say("draft")), ""] if words.draft else []
    if not rehearsal:
        return draft
    line = "*" * WIDTH
    warning = words.say("rehearsal").center(WIDTH).rstrip()
    return [line, warning, paragraph(words.say("rehearsal.why")), line, "", *draft]


def steps(words: Words, key: str, commands: Sequence[Sequence[str]]) -> list[str]:
    """The report's numbered steps, ``key.1`` and so on, each with its commands on lines of their own."""
    lines: list[str] = []
    for number, typed in enumerate(commands, start=1):
        lines.append(paragraph(words.say(f"{key}.{number}"), indent=f"{number}. "))
        lines += [f"     {command}" for command in typed]
    return lines


def _bullets(texts: Iterable[str]) -> list[str]:
    return [paragraph(text, indent="- ") for text in texts]


# Cover, summary, how it came


def cover_facts(cover: Cover) -> Iterator[tuple[str, ItemFact]]:
    """What stands on the report's first page, by the key of its label."""
    for name in ("bundle", "case", "organisation", "audience", "purpose", "reason", "created_at", "tool"):
        yield f"report.cover.{name}", getattr(cover, name)


def _cover(words: Words, cover: Cover) -> Iterator[str]:
    for key, value in cover_facts(cover):
        yield from row(words.say(key), fact(words, value))


def summary_texts(words: Words, report: CaseReport) -> list[str]:
    """The report's summary: how much there is, what is withheld, and by when it was in the log."""
    none, many, summary = "report.withheld_none", "report.withheld", report.summary
    return [
        words.count("report.items", summary.items),
        words.count("report.events", summary.events),
        words.count(many, summary.withheld) if summary.withheld else words.say(none),
        worded(words, "report.proven", rehearsal=report.rehearsal, stamped_at=fact(words, summary.stamped_at)),
    ]


def _summary(words: Words, report: CaseReport) -> list[str]:
    return [*heading(words.say("report.summary")), *map(paragraph, summary_texts(words, report))]


def taken_in_texts(words: Words, taken_in: TakenIn) -> list[str]:
    """What the report says of how the items came into the log, and through whom."""
    named = {name: facts_in_words(words, facts) for name, facts in taken_in.named.items() if facts}
    texts = [words.say(f"report.how.{name}", names=names) for name, names in named.items()]
    texts += [_asked(words, asked) for asked in taken_in.asked]
    texts += [
        words.count(f"report.how.{second.code}", second.items, names=facts_in_words(words, second.names))
        for second in taken_in.second
    ]
    return [*texts, words.say("report.how.note")]


def _taken_in(words: Words, taken_in: TakenIn) -> list[str]:
    return [*heading(words.say("report.how")), *map(paragraph, taken_in_texts(words, taken_in))]


def _asked(words: Words, asked: Asked) -> str:
    named = {"what": fact(words, asked.what), "index": str(asked.index)}
    if asked.approval is None:
        return words.say("report.how.one", **named)
    return words.say("report.how.two", **named, approved=str(asked.approval), who=fact(words, asked.approver))


def times_texts(words: Words, report: CaseReport) -> list[str]:
    """What the report says that each of the three times is."""
    texts = [words.say("report.times.posted"), words.say("report.times.acquired")]
    return [*texts, worded(words, "report.times.proven", rehearsal=report.rehearsal), words.say("report.times.told")]


def _times(words: Words, report: CaseReport) -> list[str]:
    return [*heading(words.say("report.times")), *_bullets(times_texts(words, report))]


# The other entries, and what was not seen


def entries_note(words: Words, report: CaseReport) -> str:
    """The report's note on how many entries are shown, and which are not."""
    return words.say("report.entries.note", shown=str(report.shown), size=str(report.log.size))


def _entries(words: Words, report: CaseReport) -> list[str]:
    entries = (entry_text(words, entry) for entry in report.entries)
    return [*heading(words.say("report.entries")), paragraph(entries_note(words, report)), *_bullets(entries)]


def entry_text(words: Words, entry: ReportEntry) -> str:
    """The report's sentence on an entry that is not an item; or on several that follow each other."""
    key, number = f"entry.{entry.type}", len(entry.indexes)
    if entry.hidden and f"{key}.unshown" in words.texts:
        key = f"{key}.unshown"
    named = {name: fact(words, value) for name, value in entry.facts.items()} | {"about": _about(words, entry)}
    if key not in words.texts:
        what = spelled(entry.type)
    elif isinstance(words.texts[key], str):
        what = words.say(key, **named)
    else:
        what = words.count(key, number, **named)
    what = "; ".join([what, *_found(words, entry)])
    indexes, who = spans_in_words(words, spans_of(entry.indexes)), fact(words, entry.who)
    form = "report.entry" if number == 1 else "report.entry.run"
    return words.say(form, indexes=indexes, when=_when(words, entry), who=who, what=what)


def _when(words: Words, entry: ReportEntry) -> str:
    """The time, or the earliest and the latest where people can tell them apart."""
    first, last = fact(words, entry.first), fact(words, entry.last)
    return first if first == last else words.say("report.entry.when", first=first, last=last)


def _found(words: Words, entry: ReportEntry) -> Iterator[str]:
    """What a comparison found, by how alike it is, and how much more."""
    for tier, items in entry.found.items():
        yield words.say(f"found.{tier}", items=spans_in_words(words, spans_of(items)))
    if entry.unnamed is None:
        yield words.say("found.withheld")
    elif entry.unnamed:
        yield words.count("found.unnamed", entry.unnamed)


def _about(words: Words, entry: ReportEntry) -> str:
    there = spans_in_words(words, spans_of(index for index in entry.about if index is not None))
    unshown = words.say("report.unshown") if None in entry.about else ""
    return ", ".join(text for text in (there, unshown) if text)


def _unseen(words: Words, report: CaseReport) -> Iterator[str]:
    yield from heading(words.say("report.holes"))
    if not report.unseen:
        yield paragraph(words.say("report.holes.none"))
        return
    yield paragraph(" ".join(holes_texts(words, report.unseen)))
    for number, unseen in enumerate(report.unseen, start=1):
        yield from ("", paragraph(hole_title(words, number, unseen)))
        for label, value in hole_rows(words, unseen):
            yield from row(label, value, indent=INDENT)


def hole_title(words: Words, number: int, unseen: Unseen) -> str:
    """The report's title of a hole: what was not seen, why, and what became of it."""
    key = "report.hole" if unseen.fate == "open" else f"report.hole.{unseen.fate}"
    return words.say(key, number=str(number), why=fact(words, unseen.reason))


def holes_texts(words: Words, unseen: Sequence[Unseen]) -> Iterator[str]:
    """What the report says of how many holes there are.

    Also how many of them were filled, by what is shown or by the sender's word.
    """
    yield words.count("report.holes.some", sum(len(each.indexes) for each in unseen))
    if filled := sum(len(each.indexes) for each in unseen if each.fate in _FILLED):
        yield words.count("report.holes.filled", filled)
    if told := sum(len(each.indexes) for each in unseen if each.fate == "elsewhere"):
        yield words.count("report.holes.elsewhere", told)
    if closed := sum(len(each.indexes) for each in unseen if each.fate == "closed"):
        yield words.count("report.holes.closed", closed)
    yield words.say("report.holes.note")


def hole_rows(words: Words, unseen: Unseen) -> Iterator[tuple[str, str]]:
    """The report's labels and values of holes of one reason in one channel."""
    rows = [("channel", fact(words, unseen.channel)), ("messages", _concerned(words, unseen))]
    rows += [("received", spans_in_words(words, unseen.received))] if unseen.received else []
    label = "missing" if unseen.fate == "open" else "missed"
    rows += [(label, _missing(words, missing, unseen.fate)) for missing in unseen.missing]
    rows += [("since", fact(words, since)) for since in unseen.since[:1]]
    rows += [("last", fact(words, since)) for since in unseen.since[1:][-1:]]
    rows += [("until", fact(words, until)) for until in unseen.until[-1:]]
    rows += _closed(words, unseen) if unseen.closed else []
    rows.append(("entries", spans_in_words(words, spans_of(unseen.indexes))))
    for name, value in rows:
        yield words.say(f"report.hole.{name}"), value


def _closed(words: Words, unseen: Unseen) -> Iterator[tuple[str, str]]:
    """When gaps were closed, and by what."""
    times, method = sorted(each.at for each in unseen.closed), unseen.closed[0].method
    first, last = fact(words, Moment(times[0])), fact(words, Moment(times[-1], up=True))
    yield "closed_at", first if times[0] == times[-1] else words.say("report.entry.when", first=first, last=last)
    key = f"report.hole.by.{method}"
    yield "closed_by", words.say(key) if key in words.texts else fact(words, method)
    if digest := unseen.closed[0].container_sha256:
        yield "closed_export", digest
    entries = spans_in_words(words, spans_of(each.entry for each in unseen.closed))
    if items := unseen.closing_items:
        entries = words.say("report.hole.and_item", entries=entries, items=items_in_words(words, items))
    yield "closed_with", entries


def _missing(words: Words, missing: ReportHole, fate: str) -> str:
    """What is missing, of which message, and as which item it came; what the account holder chose goes last."""
    which = [] if missing.of is None else [words.say("report.hole.of", messages=spans_in_words(words, [missing.of]))]
    if missing.items:
        items = spans_in_words(words, spans_of(missing.items))
        which.append(words.say(f"report.hole.as.{fate}", numbers=items))
    told, what = ", ".join(which), fact(words, missing.what)
    if not which or missing.what is None:
        return told or what
    return words.say("report.hole.told", which=told, what=what)


def _concerned(words: Words, unseen: Unseen) -> str:
    """Which messages holes are about."""
    if isinstance(unseen.spans, Unshown):
        return fact(words, unseen.spans)
    number = sum(hi - lo + 1 for lo, hi in unseen.spans)
    messages = spans_in_words(words, unseen.spans)
    if number > 1:
        return words.say("report.hole.in_all", messages=messages, number=str(number))
    return messages or words.say("report.hole.no_message")


# How to verify, limits, digests


VERIFY_STEPS = (
    (),
    (),
    (),
    (
        'bash verify.sh --trust ../ROOT.pem --seal "FINGERPRINT"',
        'python -m casefiles.verifier FILE --trust ROOT.pem --seal "FINGERPRINT"',
    ),
    (),
)
"""What is typed at each step of verifying."""


def _verify(words: Words) -> list[str]:
    return [*heading(words.say("report.verify")), *steps(words, "report.verify", VERIFY_STEPS)]


def limits_texts(words: Words, report: CaseReport) -> list[str]:
    """What the report says that a bundle proves and what it does not."""
    stated = ("stated",) if any(item.stated for item in report.items) else ()
    keys = ("who", *stated, "received", "complete", "revocation", "law", "seal")
    proves = worded(words, "report.limits.proves", rehearsal=report.rehearsal)
    return [proves, *(words.say(f"report.limits.{key}") for key in keys)]


def _limits(words: Words, report: CaseReport) -> list[str]:
    return [*heading(words.say("report.limits")), *_bullets(limits_texts(words, report))]


def _log(words: Words, log: LogFacts) -> list[str]:
    return [
        *heading(words.say("report.digests")),
        paragraph(words.say("report.digests.log", origin=spelled(log.origin))),
        words.say("report.digests.key"),
        f"    {log.key}",
        words.say("report.digests.checkpoint", size=str(log.size)),
        *grouped(log.checkpoint_sha256),
        words.say("report.digests.token"),
        *grouped(log.token_sha256),
    ]
