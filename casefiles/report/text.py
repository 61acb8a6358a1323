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
    IdSpan,
    LogFacts,
    ReportEntry,
    ReportHole,
    ReportItem,
    Summary,
    TakenIn,
    Unseen,
    spans_of,
)
from casefiles.report.lines import WIDTH, barred, grouped, heading, joined, labelled, paragraph, row, spelled, title
from casefiles.report.said import Code, CutPicture, Digest, ItemFact, ItemPart, Quote, Run, Unshown, text_fact
from config.words import Words
from evidence.canonical import jcs
from evidence.content import Number, Person

_IN = "  "


def render(words: Words, report: CaseReport) -> str:
    """The report: what, when, how, who, what was not seen, how to verify, and the limits."""
    return joined(
        [
            *banner(words, rehearsal=report.rehearsal),
            *title(words.say("report.title")),
            *_cover(words, report.cover),
            "",
            paragraph(words.say("report.no_pictures")),
            *_summary(words, report.summary, report),
            *_taken_in(words, report.taken_in),
            *_times(words, report),
            *_items(words, report),
            *_entries(words, report),
            *_unseen(words, report),
            *_verify(words),
            *_limits(words, report),
            *_log(words, report.log),
        ]
    )


def banner(words: Words, *, rehearsal: bool) -> list[str]:
    """The banner on top of every text of a rehearsal."""
    if not rehearsal:
        return []
    line = "*" * WIDTH
    return [line, words.say("rehearsal").center(WIDTH).rstrip(), paragraph(words.say("rehearsal.why")), line, ""]


def steps(words: Words, key: str, commands: Sequence[Sequence[str]]) -> list[str]:
    """Numbered steps, ``key.1`` and so on, each with its commands on lines of their own."""
    lines: list[str] = []
    for number, typed in enumerate(commands, start=1):
        lines.append(paragraph(words.say(f"{key}.{number}"), indent=f"{number}. "))
        lines += [f"     {command}" for command in typed]
    return lines


def fact(words: Words, value: ItemFact) -> str:
    """A fact in words, on one line."""
    return spelled(_in_words(words, value))


def _in_words(words: Words, value: ItemFact) -> str:
    match value:
        case None | Unshown():
            return words.say("report.nothing" if value is None else "report.value_withheld")
        case Code():
            key = f"{value.family}.{value.value}"
            return words.say(key) if key in words.texts else value.value
        case CutPicture():
            return words.say("report.stripped", bytes=value.bytes)
        case Run():
            return "".join(_in_words(words, piece) for piece in value.pieces)
        case Person() | Number():
            return _entry_in_words(words, value)
        case _:
            return value if isinstance(value, str) else jcs(value).decode("utf-8")


def _entry_in_words(words: Words, value: Person | Number) -> str:
    """What the account holder chose goes last, so that nothing of ours follows it."""
    if isinstance(value, Number):
        kind = words.say(f"number.{value.kind}")
        return words.say("report.number", kind=kind, number=_in_words(words, text_fact(value.number)))
    known = [one for one in (value.id, value.username, value.name) if one is not None]
    return ", ".join(_in_words(words, text_fact(one)) for one in known)


def label_of(words: Words, code: str) -> str:
    """The words for the code of a part: its own, or those of its last name, or that name itself."""
    if (own := f"report.{code}") in words.texts:
        return words.say(own)
    family, _, rest = code.partition(".")
    last = rest.rpartition(".")[2]
    return words.say(named) if (named := f"report.{family}.{last}") in words.texts else spelled(last)


def part_lines(words: Words, part: ItemPart, *, indent: str = _IN) -> Iterator[str]:
    """What a part of an item says, in lines, with what belongs to it below."""
    label = label_of(words, part.code)
    if isinstance(part, Digest):
        if part.sha256 is None:
            yield from row(label, words.say("report.item.unread"), indent=indent)
            return
        yield f"{indent}{label}:"
        yield from grouped(fact(words, part.sha256), indent=indent + _IN)
        return
    label = label if part.number is None else f"{label} {part.number}"
    if isinstance(part, Quote):
        yield f"{indent}{label}:"
        yield from barred(_in_words(words, part.text), indent=indent + _IN)
    elif part.value is None and part.parts:
        yield f"{indent}{label}:"
    else:
        yield from row(label, fact(words, part.value), indent=indent)
    for below in part.parts:
        yield from part_lines(words, below, indent=indent + _IN)


def _worded(words: Words, key: str, *, rehearsal: bool, **values: str) -> str:
    """A text; a rehearsal has its own words for it."""
    return words.say(f"{key}.rehearsal" if rehearsal else key, **values)


def _bullets(texts: Iterable[str]) -> list[str]:
    return [paragraph(text, indent="- ") for text in texts]


def _facts(words: Words, values: Iterable[ItemFact]) -> str:
    """Different facts, in the order of the text."""
    return "; ".join(sorted({fact(words, value) for value in values}))


def _spans(words: Words, spans: Sequence[IdSpan]) -> str:
    """``3, 7 to 9``."""
    both = [str(lo) if lo == hi else words.say("report.span", lo=str(lo), hi=str(hi)) for lo, hi in spans]
    return ", ".join(both)


# Cover, summary, how it came


def _cover(words: Words, cover: Cover) -> Iterator[str]:
    for name in ("bundle", "case", "organisation", "audience", "purpose", "reason", "created_at", "tool"):
        yield from row(words.say(f"report.cover.{name}"), fact(words, getattr(cover, name)))


def _summary(words: Words, summary: Summary, report: CaseReport) -> list[str]:
    none, many = "report.withheld_none", "report.withheld"
    texts = [
        words.count("report.items", summary.items),
        words.count("report.events", summary.events),
        words.count(many, summary.withheld) if summary.withheld else words.say(none),
        _worded(words, "report.proven", rehearsal=report.rehearsal, stamped_at=summary.stamped_at),
    ]
    return [*heading(words.say("report.summary")), *map(paragraph, texts)]


def _taken_in(words: Words, taken_in: TakenIn) -> list[str]:
    texts = [
        words.say(f"report.how.{name}", names=_facts(words, facts)) for name, facts in taken_in.named.items() if facts
    ]
    texts += [_asked(words, asked) for asked in taken_in.asked]
    texts += [
        words.count(f"report.how.{second.code}", second.items, names=_facts(words, second.names))
        for second in taken_in.second
    ]
    texts.append(words.say("report.how.note"))
    return [*heading(words.say("report.how")), *map(paragraph, texts)]


def _asked(words: Words, asked: Asked) -> str:
    named = {"what": fact(words, asked.what), "index": str(asked.index)}
    if asked.approval is None:
        return words.say("report.how.one", **named)
    return words.say("report.how.two", **named, approved=str(asked.approval), who=fact(words, asked.approver))


def _times(words: Words, report: CaseReport) -> list[str]:
    texts = [words.say("report.times.posted"), words.say("report.times.acquired")]
    texts.append(_worded(words, "report.times.proven", rehearsal=report.rehearsal))
    return [*heading(words.say("report.times")), *_bullets(texts)]


# The items


def _items(words: Words, report: CaseReport) -> Iterator[str]:
    yield from heading(words.say("report.table"))
    yield paragraph(words.say("report.table.note"))
    for item in report.items:
        yield ""
        yield words.say("report.item", number=str(item.number), index=str(item.index), event=item.event)
        yield from _item(words, item, report)


def _item(words: Words, item: ReportItem, report: CaseReport) -> Iterator[str]:
    for part in item.parts:
        yield from part_lines(words, part)
    for name, numbers in (("files", item.files), ("carriers", item.carriers), ("same", item.same)):
        if numbers:
            which = words.say("report.item.of", numbers=_spans(words, spans_of(numbers)))
            yield from labelled(words.say(f"report.item.{name}"), which, indent=_IN)
    times = (
        (words.say("report.item.acquired"), fact(words, item.acquired_at)),
        (
            _worded(words, "report.item.after", rehearsal=report.rehearsal),
            item.after or words.say("report.before_first"),
        ),
        (_worded(words, "report.item.by", rehearsal=report.rehearsal), item.by),
    )
    for label, value in times:
        yield from row(label, value, indent=_IN)
    if item.withheld:
        names = ", ".join(label_of(words, f"item.{name}") for name in item.withheld)
        yield from labelled(words.say("report.item.withheld"), names, indent=_IN)


# The other entries, and what was not seen


def _entries(words: Words, report: CaseReport) -> list[str]:
    note = words.say("report.entries.note", shown=str(report.shown), size=str(report.log.size))
    entries = (_entry(words, entry) for entry in report.entries)
    return [*heading(words.say("report.entries")), paragraph(note), *_bullets(entries)]


def _entry(words: Words, entry: ReportEntry) -> str:
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
    common = {"who": fact(words, entry.who), "what": what, "first": fact(words, entry.first)}
    indexes = _spans(words, spans_of(entry.indexes))
    if number == 1:
        return words.say("report.entry", index=indexes, **common)
    return words.say("report.entry.run", indexes=indexes, last=fact(words, entry.last), **common)


def _about(words: Words, entry: ReportEntry) -> str:
    there = _spans(words, spans_of(index for index in entry.about if index is not None))
    unshown = words.say("report.unshown") if None in entry.about else ""
    return ", ".join(text for text in (there, unshown) if text)


def _unseen(words: Words, report: CaseReport) -> Iterator[str]:
    yield from heading(words.say("report.holes"))
    if not report.unseen:
        yield paragraph(words.say("report.holes.none"))
        return
    yield paragraph(words.count("report.holes.some", report.holes))
    for number, unseen in enumerate(report.unseen, start=1):
        yield ""
        yield paragraph(words.say("report.hole", number=str(number), why=fact(words, unseen.reason)))
        yield from _hole(words, unseen)


def _hole(words: Words, unseen: Unseen) -> Iterator[str]:
    rows = [("channel", fact(words, unseen.channel)), ("messages", _concerned(words, unseen))]
    rows += [("received", _spans(words, unseen.received))] if unseen.received else []
    rows += [("missing", _missing(words, missing)) for missing in unseen.missing]
    rows += [("since", fact(words, since)) for since in unseen.since[:1]]
    rows += [("last", fact(words, since)) for since in unseen.since[1:][-1:]]
    rows += [("until", fact(words, until)) for until in unseen.until[-1:]]
    rows.append(("entries", _spans(words, spans_of(unseen.indexes))))
    for name, value in rows:
        yield from row(words.say(f"report.hole.{name}"), value, indent=_IN)


def _missing(words: Words, missing: ReportHole) -> str:
    what = fact(words, missing.what)
    if missing.of is None:
        return what
    return words.say("report.hole.of", messages=_spans(words, [missing.of]), what=what)


def _concerned(words: Words, unseen: Unseen) -> str:
    """Which messages holes are about."""
    if isinstance(unseen.spans, Unshown):
        return fact(words, unseen.spans)
    number = sum(hi - lo + 1 for lo, hi in unseen.spans)
    messages = _spans(words, unseen.spans)
    if number > 1:
        return words.say("report.hole.in_all", messages=messages, number=str(number))
    return messages or words.say("report.hole.no_message")


# How to verify, limits, digests


def _verify(words: Words) -> list[str]:
    typed = (
        'bash verify.sh --trust ../ROOT.pem --seal "FINGERPRINT"',
        'python -m casefiles.verifier FILE --trust ROOT.pem --seal "FINGERPRINT"',
    )
    return [*heading(words.say("report.verify")), *steps(words, "report.verify", ((), (), (), typed, ()))]


def _limits(words: Words, report: CaseReport) -> list[str]:
    keys = ("who", "received", "complete", "revocation", "law", "seal")
    proves = _worded(words, "report.limits.proves", rehearsal=report.rehearsal)
    return [
        *heading(words.say("report.limits")),
        *_bullets([proves, *(words.say(f"report.limits.{key}") for key in keys)]),
    ]


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
