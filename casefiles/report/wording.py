"""The facts of a report in words: one function for each kind of fact, for every text that shows one.

All English comes from the words. What a stranger wrote is spelled so that it can move nothing, and goes last, so that
nothing of ours follows it. Standard library only.
"""

from collections.abc import Iterable, Iterator, Sequence

from casefiles.report.data import IdSpan, spans_of
from casefiles.report.lines import barred, grouped, row, spelled
from casefiles.report.said import Code, CutPicture, Digest, ItemFact, ItemPart, Moment, Quote, Run, Unshown, text_fact
from config.times import told_time
from config.words import Words
from evidence.canonical import jcs
from evidence.content import Number, Person

INDENT = "  "


def fact(words: Words, value: ItemFact) -> str:
    """A fact of the report in words, on one line."""
    # most values are texts, which come last there
    return spelled(value if isinstance(value, str) else in_words(words, value))


def in_words(words: Words, value: ItemFact) -> str:
    """A fact of the report in words, each character as it is: for whoever makes a text safe in another way."""
    match value:
        case None | Unshown():
            return words.say("report.nothing" if value is None else "report.value_withheld")
        case Code():
            key = f"{value.family}.{value.value}"
            return words.say(key) if key in words.texts else value.value
        case Moment() | CutPicture():
            return told_time(value.at, up=value.up) if isinstance(value, Moment) else _cut(words, value)
        case Run():
            return "".join(in_words(words, piece) for piece in value.pieces)
        case Person() | Number():
            return _entry_in_words(words, value)
        case _:
            return value if isinstance(value, str) else jcs(value).decode("utf-8")


def _cut(words: Words, picture: CutPicture) -> str:
    return words.say("report.stripped", bytes=picture.bytes)


def _entry_in_words(words: Words, value: Person | Number) -> str:
    """What the account holder chose goes last, so that nothing of ours follows it."""
    if isinstance(value, Number):
        kind = words.say(f"number.{value.kind}")
        return words.say("report.number", kind=kind, number=in_words(words, text_fact(value.number)))
    known = [in_words(words, text_fact(one)) for one in (value.id, value.username) if one is not None]
    shown = [] if value.name is None else [shown_as(words, text_fact(value.name))]
    return ", ".join([*known, *shown])


def shown_as(words: Words, name: ItemFact) -> str:
    """The name of an account in the report, marked as what the account showed.

    Its holder chose it, and it identifies nobody.
    """
    return words.say("report.shown_as", name=in_words(words, name))


def label_of(words: Words, code: str) -> str:
    """The report's words for the code of a part: its own, or those of its last name, or that name itself."""
    if (own := f"report.{code}") in words.texts:
        return words.say(own)
    family, _, rest = code.partition(".")
    last = rest.rpartition(".")[2]
    return words.say(named) if (named := f"report.{family}.{last}") in words.texts else spelled(last)


def part_lines(words: Words, part: ItemPart, *, indent: str = INDENT) -> Iterator[str]:
    """What the report says of a part of an item, in lines, with what belongs to it below."""
    label = label_of(words, part.code)
    if isinstance(part, Digest):
        if part.sha256 is None:
            yield from row(label, words.say("report.item.unread"), indent=indent)
            return
        yield f"{indent}{label}:"
        yield from grouped(fact(words, part.sha256), indent=indent + INDENT)
        return
    label = label if part.number is None else f"{label} {part.number}"
    if isinstance(part, Quote):
        yield f"{indent}{label}:"
        yield from quote_lines(words, part.text, indent=indent + INDENT)
    elif part.value is None and part.parts:
        yield f"{indent}{label}:"
    else:
        yield from row(label, fact(words, part.value), indent=indent)
    for below in part.parts:
        yield from part_lines(words, below, indent=indent + INDENT)


def quote_lines(words: Words, posted: ItemFact, *, indent: str) -> Iterator[str]:
    """A text as posted, behind its bar, in the report."""
    return barred(in_words(words, posted), indent=indent)


def worded(words: Words, key: str, *, rehearsal: bool, **values: str) -> str:
    """A text of the report in words; a rehearsal has its own words for it."""
    return words.say(f"{key}.rehearsal" if rehearsal else key, **values)


def facts_in_words(words: Words, values: Iterable[ItemFact]) -> str:
    """Different facts of the report in words, in the order of the text."""
    return "; ".join(sorted({fact(words, value) for value in values}))


def spans_in_words(words: Words, spans: Sequence[IdSpan]) -> str:
    """The report's spans in words: ``3, 7 to 9``."""
    both = [str(lo) if lo == hi else words.say("report.span", lo=str(lo), hi=str(hi)) for lo, hi in spans]
    return ", ".join(both)


def items_in_words(words: Words, numbers: Iterable[int]) -> str:
    """Items of the report by their numbers, in words: ``item 3``, or ``items 3, 7 to 9``."""
    spans = spans_of(numbers)
    several = len(spans) > 1 or spans[0][0] != spans[0][1]
    return words.say("report.items.of" if several else "report.item.of", numbers=spans_in_words(words, spans))
