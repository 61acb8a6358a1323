"""Wrong bundles with the right seal: each rule of docs/format.md broken, one at a time, and sealed again.

A family breaks one rule in many ways: value by value, line by line, member by member. What lies above the break is
made again by who holds the seal, the log's key and a time-stamp office, so that nothing but the rule can be wrong.
Each rule is named as in the table of docs/format.md: the check that must fail, and which of its rules.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from asn1crypto import cms, core
from cryptography import x509

from casefiles.bundle.members import BundleContents, make_payload
from casefiles.bundle.sign import Sealer, make_seal
from casefiles.format import layout
from casefiles.format.entries import EarlierStamp, ShownEntry, encode_entries, encode_stamps, read_entries
from casefiles.format.records import derived_case, events_of, items_csv, items_of, jsonl
from casefiles.format.zip import container_bytes
from casefiles.verifier.checks import OpenedBundle, _records_schemas
from casefiles.verifier.texts import make_texts
from config.errors import Explained
from config.words import languages
from evidence.canonical import Value, b64u, jcs
from evidence.content import message_sha256
from evidence.finding import Verdict
from evidence.log.commit import commit_digest, commitment, withheld_line
from evidence.log.note import VerifierKey
from evidence.log.schema import SCHEMAS, TIERS
from evidence.stamp.certificate import fingerprint
from evidence.times import format_time
from tests.casefiles import forge
from tests.casefiles.verifier.test_texts import strangers
from tests.disclosing import salt

Members = dict[str, bytes]
Made = Callable[[], bytes]
PAGE = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Wrong:
    """A bundle that breaks ``rule``, which is ``CHECK/WHICH``."""

    rule: str
    name: str
    make: Made

    @property
    def check(self) -> str:
        return self.rule.partition("/")[0]


def brief(value: object) -> str:
    """A value in the name of a break."""
    text = ascii(value)
    return text if len(text) < 60 else f"{text[:20]} to {text[-9:]}, {len(text)} long"


Ways = Iterator[tuple[str, Made]]
FAMILIES: list[tuple[str, Callable[[], Ways]]] = []


def breaks(rule: str) -> Callable[[Callable[[], Ways]], Callable[[], Ways]]:
    def register(ways: Callable[[], Ways]) -> Callable[[], Ways]:
        FAMILIES.append((rule, ways))
        return ways

    return register


@cache
def corpus() -> tuple[Wrong, ...]:
    """Every wrong bundle, none made yet."""
    return tuple(Wrong(rule, name, make) for rule, ways in FAMILIES for name, make in ways())


@dataclass(frozen=True)
class Rule:
    """A line of the table of rules in docs/format.md, and what a reader says of whoever breaks it."""

    holds: str
    verdict: Verdict


def rules() -> dict[str, Rule]:
    """Every rule, by its name."""
    table = PAGE.partition("### Rules")[2]
    rows = re.findall(r"^\| `([a-z_.]+/[a-z-]+)` \| (.+) \| (FAILED|INDETERMINATE) \|$", table, re.MULTILINE)
    return {name: Rule(holds, Verdict(verdict)) for name, holds, verdict in rows}


# --- a log that shows an entry of each type


OTHER_SEAL = "ab" * 32
AT = forge.START + timedelta(minutes=1)
MESSAGE, FILE, OWN, HOLE, REMOVED, CHECKED, STATED, TAKEN_BACK = 9, 10, 11, 12, 17, 19, 20, 21


def event(index: int) -> str:
    """The event id that ``forge.Log`` gives this entry."""
    return hashlib.sha256(f"event {index}".encode()).hexdigest()[:32]


def act(at: int = 1, actor: str = "ann", authority: int | None = None) -> dict[str, Value]:
    said = forge.act(forge.START + timedelta(minutes=at))
    return {**said, "actor": actor, "authority": None if authority is None else event(authority), "approver": "cy"}


def message() -> dict[str, Value]:
    return {
        **forge.item(1),
        **act(20, authority=7),
        "channel_title": "Channel",
        "channel_type": "public_channel",
        "edited_at": format_time(forge.START),
        "sender_id": "user55501",
        "sender_name": "someone",
        "text": "See https://example.org and call",
        "entities": [{"type": "link", "offset": "4", "length": "19", "link": "0"}],
        "links": [{"address": "https://example.org"}],
        "people": [{"id": "user55501", "name": "someone"}],
        "numbers": [{"kind": "phone", "number": "+381 11 000000"}],
        "content": [{"kind": "reply", "message_id": "5"}],
        "counters": [{"kind": "views", "count": "17"}],
        "reply_to": "-5",
        "forwarded_from": "another",
        "action": "pin_message",
        "media": ["photos/1.jpg"],
        "file_name": None,
        "media_type": None,
        "sha256": None,
        "bytes": None,
        "position": None,
        "unknown_sha256": "1" * 64,
        "raw_sha256": "2" * 64,
        "container_sha256": "3" * 64,
        "offset": "17",
        "acquisition": {"account": "one"},
    }


def file(number: int, **more: Value) -> dict[str, Value]:
    said = {**forge.item(number), **act(20, authority=7), "kind": "file", "text": None, "sender_id": None}
    said |= {"sender_name": None, "channel_title": None, "file_name": "1.jpg", "media_type": "image/jpeg"}
    return {**said, "position": "0", "media": None, "raw_sha256": None, **more}


def steps() -> list[tuple[str, dict[str, Value]]]:
    """What stands in the log, an ``anchor`` with its hour."""
    own, case = fingerprint(forge.sealer().certificate), {"case": forge.CASE}
    asked: dict[str, Value] = {"what": "key", "target": "seal", "proof": "declared"}
    said = message()
    seen: dict[str, Value] = {"channel_id": "1234567890", "container_sha256": "3" * 64}
    gap = {**seen, "lo": "7", "hi": "9", "hole": "gap", "what": "three messages", "since": format_time(AT)}
    consent: dict[str, Value] = {**case, "person": "client 1", "text": "I agree.", "given": "yes", "scope": ["court"]}
    consent |= {"language": "sr-Cyrl", "date": "2026-11-19", "until": "2027-11-19T23:59:59.999Z"}
    stated: dict[str, Value] = {**case, "person": "client 1", "text": "It is mine.", "language": "sr-Cyrl"}
    stated |= {"given": "yes", "recognition": "same_file", "means": "file", "date": "2026-11-20"}
    return [
        ("log_opened", {**forge.opening(), **act(), "seal_certificate_sha256": OTHER_SEAL, **pinned()}),
        ("requested", {**act(), **asked}),
        ("approved", {**act(actor="bo", authority=1), "request": event(1), "proof": "declared"}),
        ("key_changed", {**act(authority=1), "key": "seal", "old": OTHER_SEAL, "new": own}),
        ("anchor", {"hour": "0.5"}),
        ("case_opened", {**act(40), **case}),
        ("consent", {**act(40), **consent, "paper_sha256": "5" * 64}),
        ("requested", {**act(40), **asked, "what": "import"}),
        ("approved", {**act(40, actor="bo", authority=7), "request": event(7), "proof": "declared"}),
        ("observed", said),
        ("observed", file(1, message_sha256=message_sha256(said))),
        ("observed", file(3, channel_id="local0011223344556677", message_id=None, posted_at=None)),
        ("hole", {**act(40), **gap, "until": format_time(AT), "position": "0", "message_sha256": "4" * 64}
         | {"declared_by": "coordinator", "method": "desktop-json"}),
        ("anchor", {"hour": "2"}),
        *(("case_item_added", {**act(180), **case, "item": event(item)}) for item in (MESSAGE, FILE, OWN)),
        ("case_item_removed", {**act(180), **case, "item": event(FILE)}),
        ("case_item_added", {**act(180), **case, "item": event(FILE)}),
        ("checked", {**act(180), **case, "compared": "500", "not_compared": "2", "found": "1"}
         | {"identical": [event(FILE)], "match": [], "review": []}),
        ("recognised", {**act(180), **stated, "item": event(FILE)}),
        ("recognised", {**act(180), **stated, "item": event(FILE), "given": "no"}
         | {"recognition": None, "means": None, "text": None}),
        ("recognised", {**act(180), **stated, "item": event(OWN), "recognition": "very_similar", "means": "question"}),
        ("recognised", {**act(180), **stated, "item": event(MESSAGE), "recognition": "seen", "means": None}),
        ("left_out", {**act(180), **case, "items": "1", "left_items": ["a" * 32], "text": "A greeting."}),
    ]  # fmt: skip


def pinned() -> dict[str, Value]:
    names = ("seal_root_sha256", "casework_recovery_sha256", "matching_recovery_sha256", "seal_root_recovery_sha256")
    keys = ("office_recipient", "casework_recipient", "matching_recipient")
    return {**dict.fromkeys(names, "6" * 64), **dict.fromkeys(keys, "age1pq1x")}


Changed = Mapping[tuple[int, str], Value]


def whole_log(changed: Changed | None = None, *, last: int | None = None) -> forge.Log:
    """The log of all steps, or of those before ``last``, some of its values changed."""
    return go_on(forge.Log(), changed, last=last)


def go_on(log: forge.Log, changed: Changed | None = None, *, last: int | None = None) -> forge.Log:
    """Add the steps that a log does not have yet."""
    for index, (kind, values) in list(enumerate(steps()))[len(log.leaves) : last]:
        if kind == "anchor":
            log.anchor(forge.START + timedelta(hours=float(str(values["hour"]))))
        else:
            log.add(kind, {**values, **{name: value for (at, name), value in (changed or {}).items() if at == index}})
    return log


@cache
def whole() -> forge.Log:
    """The log that is changed nowhere; not to be changed."""
    return whole_log()


@cache
def _good() -> Members:
    return make_payload(contents_of(whole()), certificates=()).members


def good() -> Members:
    """The members of the good bundle, unsealed, to change."""
    return dict(_good())


@cache
def sealed() -> Members:
    """The members of the good bundle, sealed; not to be changed."""
    return forge.members_of(forge.reseal(good()))


def contents_of(log: forge.Log, *, withhold: frozenset[str] = frozenset({"sender_name"})) -> BundleContents:
    contents = forge.contents_of(log)
    shown = log.entries([entry.index for entry in contents.entries], withhold=withhold)
    return forge.changed(contents, entries=shown)


def resealed(changes: Mapping[str, bytes], *, rebag: bool = True) -> bytes:
    return forge.reseal({**good(), **changes}, rebag=rebag)


def remade(members: Members) -> Members:
    """The tables, the description and the texts made again from changed log files, as far as they can be made."""
    opened = OpenedBundle(members, roots=(), log_key=None)
    records, anchorage = opened.records, opened.anchorage
    case = json.loads(members[layout.CASE]) | derived_case(records, anchorage)
    made = {
        **members,
        layout.CASE: jcs(case),
        layout.ITEMS_JSONL: jsonl(items_of(records), anchorage),
        layout.ITEMS_CSV: items_csv(items_of(records), anchorage),
        layout.EVENTS_JSONL: jsonl(events_of(records), anchorage, opened.closed),
    }
    try:
        _records_schemas(OpenedBundle(made, roots=(), log_key=None))
        return made | make_texts(case=case, records=records, anchorage=anchorage, log_key=str(opened.log_key))
    except Explained:
        return made  # of values in another form no report can be made; the texts stay


def of_log(log: forge.Log, *, without: Sequence[int] = (), more: Mapping[str, bytes] | None = None) -> bytes:
    """The bundle of a log, past the writer's own checks."""
    contents = contents_of(log)
    kept = tuple(entry for entry in contents.entries if entry.index not in without)
    files = {
        layout.ENTRIES: encode_entries(kept),
        layout.STAMPS: encode_stamps(contents.stamps),
        layout.CHECKPOINT: contents.checkpoint,
        layout.CHECKPOINT_TOKEN: contents.checkpoint_token,
    }
    return forge.reseal(remade({**good(), **files, **(more or {})}))


def with_value(index: int, name: str, value: Value) -> bytes:
    return of_log(whole_log({(index, name): value}))


# --- value by value


A_TEXT: tuple[Value, ...] = (["x"], {"x": "y"})
WRONG_VALUES: Mapping[str, tuple[Value, ...]] = {
    "decimal": ("01", "", "-1", "+1", "1.0", "1e3", " 1", "1 ", "1\n", "0x1", "\u0661", str(2**63), "9" * 40, *A_TEXT),
    "integer": ("-0", "", "01", "-01", "+1", "1.0", "- 1", "--1", "1\n", str(2**63), str(-(2**63)), *A_TEXT),
    "id": ("-1001234567890", "", "01", "user", "user01", "user-1", "group 1", "export12", "export" + "G" * 16, "Local",
           "1x", "user" + str(2**63), str(2**63), "local\n", *A_TEXT),
    "hex32": ("A" * 32, "", "a" * 31, "a" * 33, "g" * 32, "0x" + "a" * 30, "a" * 32 + "\n", *A_TEXT),
    "hex64": ("A" * 64, "", "a" * 63, "a" * 65, "g" * 64, "a" * 64 + "\n", " " + "a" * 63, *A_TEXT),
    "time": ("2026-11-20T09:10:00Z", "", "2026-11-20", "2026-11-20T09:10:00.000+00:00", "2026-11-20T09:10:00.0000Z",
             "2026-11-20T24:00:00.000Z", "2026-11-20T09:60:00.000Z", "2026-11-20T23:59:60.000Z",
             "2026-02-29T09:10:00.000Z", "2026-13-01T09:10:00.000Z", "2026-00-01T09:10:00.000Z",
             "2026-11-00T09:10:00.000Z", "2026-11-31T09:10:00.000Z", "0000-01-01T00:00:00.000Z",
             "2026-11-20t09:10:00.000z", "2026-11-20 09:10:00.000Z", "2026-11-20T09:10:00,000Z",
             "20261120T091000.000Z", "1900-02-29T09:10:00.000Z", "2026-11-20T09:10:00.000Z\n", *A_TEXT),
    "date": ("2026-11-20T09:10:00.000Z", "", "2026-02-29", "2026-13-01", "2026-11-31", "0000-01-01", "26-11-20",
             "20.11.2026", "2026-11-20\n", *A_TEXT),
    "code": ("Message", "", "1a", "a" * 65, "a b", "a.b", "_a", "a\n", *A_TEXT),
    "codes": ("court", ["court", "court"], ["Court"], [""], [None], [["court"]], {"court": "yes"}),
    "ids": ("a" * 32, ["a" * 32, "a" * 32], ["A" * 32], [None], {"a": "b"}),
    "flag": ("true", "", "YES", "no ", "0", ["yes"]),
    "counts": ("1", {"a": "01"}, {"A": "1"}, {"a": None}, ["a"]),
    "legal_basis": ("x", {"text": "x"}, ["x"]),
    "text": (),
    "value": (),
}  # fmt: skip
"""Of each form of a NAME, values that do not have it; of a text and of a free value there are none."""


@cache
def forms() -> Mapping[str, str]:
    """The form of each NAME, as docs/format.md lists it."""
    table = PAGE.partition("**A NAME has one form**")[2].partition("What some of them say")[0]
    rows = re.findall(r"^\| (\w+) \| .* \| ((?:`\w+` ?)+) \|$", table, re.MULTILINE)
    return {name: form for form, names in rows for name in re.findall(r"`(\w+)`", names)}


def committed() -> Iterator[tuple[int, str, str]]:
    """Every NAME of every type that is shown: where it first stands, its type, its NAME."""
    seen: set[str] = set()
    for index, (kind, _) in enumerate(steps()):
        if kind not in seen:
            seen.add(kind)
            yield from ((index, kind, name) for name in sorted(SCHEMAS[kind].names) if kind != "anchor")


@breaks("records.schemas/forms")
def every_value_of_every_type_in_another_form() -> Ways:
    for index, kind, name in committed():
        for value in WRONG_VALUES[forms()[name]]:
            # an organisation is a text, and one line of the description
            yield f"{kind} {name} {brief(value)}", partial(with_value, index, name, value)


def said_otherwise(content: Mapping[str, Value]) -> bytes:
    return of_log(whole_log({(MESSAGE, name): value for name, value in content.items()}))


@breaks("records.schemas/content")
def what_a_message_says_in_another_form() -> Ways:
    wrong: Mapping[str, tuple[Value, ...]] = {
        "entities": ("x", [{"type": "link"}], [{"type": "Link", "offset": "0", "length": "1"}],
                     [{"type": "link", "offset": "-1", "length": "1"}], [{"type": "x", "offset": "0", "length": "01"}],
                     [{"type": "link", "offset": "0", "length": "1", "opinion": "x"}], [None], {"type": "link"}),
        "links": ("x", [{"address": None}], [{}], [{"address": "x", "more": "y"}], ["x"]),
        "people": ("x", [{"id": None}], [{"surname": "x"}], ["x"]),
        "numbers": ("x", [{"kind": "fax", "number": "1"}], [{"kind": "phone"}], [{"number": "1"}], ["1"]),
        "content": ("x", [{}], [{"kind": "picture"}], [{"kind": "reply", "opinion": "x"}], [None], {"kind": "reply"}),
        "counters": ("x", [{"kind": "views", "count": "01"}], [{"kind": "reply"}], [{"kind": "views", "x": "1"}]),
        "text": ({"x": "y"}, {"b64": "a="}, {"b64": "a", "c": "d"}, {"stripped": "many"}, {"stripped": "1", "b64": "a"},
                 [None]),
    }  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            yield f"{name} {brief(value)}", partial(said_otherwise, {name: value})


# --- the lines that show an entry


def first_of(index: int) -> ShownEntry:
    return next(entry for entry in read_entries(good()[layout.ENTRIES]) if entry.index == index)


def with_lines(index: int, change: Callable[[list[str]], list[str]]) -> bytes:
    entry = first_of(index)
    return forge.reseal(forge.with_entry(good(), replace(entry, lines=tuple(change(list(entry.lines))))))


LINES: Mapping[str, Callable[[int, list[str]], list[str]]] = {
    "left out": lambda at, lines: [*lines[:at], *lines[at + 1 :]],
    "twice": lambda at, lines: [*lines[: at + 1], *lines[at:]],
    "one later": lambda at, lines: [*lines[:at], *reversed(lines[at : at + 2]), *lines[at + 2 :]],
}


@breaks("log.disclosures/commit")
def every_line_left_out_doubled_or_moved() -> Ways:
    for kind, index in first_shown().items():
        names = sorted(SCHEMAS[kind].names)
        for at, name in enumerate(names):
            for said, change in LINES.items():
                if said != "one later" or at + 1 < len(names):
                    yield f"{kind} with {name} {said}", partial(with_lines, index, partial(change, at))


@breaks("log.disclosures/commit")
def every_line_of_another_entry() -> Ways:
    shown = first_shown()
    common = dict(zip(sorted(SCHEMAS["case_opened"].names), first_of(shown["case_opened"]).lines, strict=True))
    for kind, index in shown.items():
        for name in sorted(common.keys() & SCHEMAS[kind].names) if kind != "case_opened" else ():
            change = partial(_instead, kind, name, common[name])
            yield f"{kind} with {name} of another", partial(with_lines, index, change)


def first_shown() -> Mapping[str, int]:
    """Where an entry of each type first stands."""
    return {kind: index for index, kind, _ in committed()}


def of_lines(change: Callable[[dict[str, str]], None], *, index: int = MESSAGE) -> bytes:
    """A bundle of a log in which a leaf truly commits to odd lines."""
    log = whole_log(last=index)
    body, disclosures = log.made(*steps()[index])
    change(disclosures)
    body["commit"] = commit_digest({name: commitment(line) for name, line in sorted(disclosures.items())})
    log.append(jcs(body), disclosures)
    go_on(log)
    contents = contents_of(log, withhold=frozenset())
    files = {
        layout.ENTRIES: encode_entries(contents.entries),
        layout.STAMPS: encode_stamps(contents.stamps),
        layout.CHECKPOINT: contents.checkpoint,
        layout.CHECKPOINT_TOKEN: contents.checkpoint_token,
    }
    return forge.reseal({**good(), **files})


def spelled(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


@breaks("log.disclosures/line")
def a_disclosure_in_another_form() -> Ways:
    own = b64u(salt(bytes(32), "text"))
    deep = "[" * 17 + "]" * 17
    for said, text in {
        "a number": f'["{own}","text",1]',
        "a boolean": f'["{own}","text",true]',
        "a fraction": f'["{own}","text",{{"x":0.5}}]',
        "one name twice": f'["{own}","text",{{"x":"1","x":"2"}}]',
        "one name twice, once escaped": f'["{own}","text",{{"x":"1","\\u0078":"2"}}]',
        "half a surrogate pair": f'["{own}","text","\\ud800"]',
        "half a surrogate pair as bytes": f'["{own}","text","\ud800"]',
        "seventeen levels": f'["{own}","text",{deep}]',
        "a byte order mark": f'\ufeff["{own}","text","x"]',
        "two parts": f'["{own}","text"]',
        "four parts": f'["{own}","text","x","y"]',
        "an object": f'{{"salt":"{own}","name":"text","value":"x"}}',
        "a padded salt": f'["{own}=","text","x"]',
        "a salt of 31 bytes": f'["{b64u(bytes(31))}","text","x"]',
        "a salt with unused bits": f'["{own[:-1]}{chr(ord(own[-1]) + 1)}","text","x"]',
        "a salt that is null": '[null,"text","x"]',
        "a name in capitals": f'["{own}","Text","x"]',
        "a name that is null": f'["{own}",null,"x"]',
        "more behind it": f'["{own}","text","x"] x',
        "no JSON": "x",
        "nothing": "",
        "NaN": f'["{own}","text",NaN]',
    }.items():
        yield said, partial(of_lines, partial(_put, "text", spelled(text)))
    line = whole().disclosures[MESSAGE]["text"]
    for said, odd in {
        "padded": line + "=",
        "in the other alphabet": line[:-1] + "+",
        "with a line end": line + "\n",
        "with a space": " " + line,
        "with unused bits": spelled("[]") + "x",
    }.items():
        yield f"a disclosure {said}", partial(of_lines, partial(_put, "text", odd))
    good_one = withheld_line("text", commitment(line))
    for said, odd in {
        "of 42 characters": good_one[:-1],
        "of 44 characters": good_one + "A",
        "padded": good_one + "=",
        "after two spaces": good_one.replace(" ", "  "),
        "under a name in capitals": good_one.replace("text", "Text"),
        "with unused bits": good_one[:-1] + "B",
    }.items():
        yield f"a commitment {said}", partial(with_lines, MESSAGE, partial(_instead, "observed", "text", odd))


def _put(name: str, line: str, disclosures: dict[str, str]) -> None:
    disclosures[name] = line


def _instead(kind: str, name: str, line: str, lines: list[str]) -> list[str]:
    at = sorted(SCHEMAS[kind].names).index(name)
    return [*lines[:at], line, *lines[at + 1 :]]


@breaks("log.disclosures/names")
def a_leaf_that_commits_to_other_names_than_its_type() -> Ways:
    for index, kind, name in committed():
        if index in (0, MESSAGE, HOLE):
            yield f"{kind} without {name}", partial(of_lines, partial(_drop, name), index=index)
    extra = b64u(jcs([b64u(salt(bytes(32), "opinion")), "opinion", "guilty"]))
    for index in (0, MESSAGE, HOLE):
        yield f"entry {index} with an opinion", partial(of_lines, partial(_put, "opinion", extra), index=index)


def _drop(name: str, disclosures: dict[str, str]) -> None:
    del disclosures[name]


# --- the leaf


def with_leaf(change: Callable[[dict[str, Value]], bytes]) -> bytes:
    """A bundle of a log in which an odd leaf truly stands in the place of an item's."""
    log = whole_log(last=MESSAGE)
    body, disclosures = log.made(*steps()[MESSAGE])
    log.append(change(body), disclosures)
    return forge.reseal({**good(), **contents_of_odd(go_on(log))})


def contents_of_odd(log: forge.Log) -> Members:
    """The log's files of a bundle, in whatever form the leaves are."""
    at = forge.START + timedelta(hours=12)
    checkpoint = log.checkpoint()
    shown = [index for index, disclosures in enumerate(log.disclosures) if disclosures]
    stamps = [log.stamp(digest) for digest in log.stamps]
    return {
        layout.ENTRIES: encode_entries(log.entries(shown, withhold=frozenset())),
        layout.STAMPS: encode_stamps(stamps),
        layout.CHECKPOINT: checkpoint,
        layout.CHECKPOINT_TOKEN: forge.stamping(at)(hashlib.sha256(checkpoint).digest()),
    }


@breaks("log.leaves/form")
def a_leaf_in_another_form() -> Ways:
    keys = ("after", "commit", "event", "format", "log", "public", "sealed", "type")
    for key in keys:
        yield f"without {key}", partial(with_leaf, partial(_leaf_without, key))
        for value in (None, ["x"], "", 1):
            yield f"{key} {value!r}", partial(with_leaf, partial(_leaf_with, {key: value}))
    more: Mapping[str, tuple[Value, ...]] = {
        "after": ("A" * 64, "0" * 63, "0" * 65),
        "commit": ("A" * 64, "0" * 63),
        "event": ("A" * 32, "0" * 31, "0" * 33),
        "format": ("nisisama/event/0", "nisisama/event/01", "nisisama/event/10000", "nisisama/leaf/1", "x"),
        "log": ("ngo.example/00000000", "NGO.example/5f3a9c01", "ngo.example/5f3a9c01\n"),
        "public": ({"opinion": "guilty"}, {"x": None}, {"x": {}}),
        "sealed": ({}, {"record": "A" * 64}, {"record": "a" * 63}, {"record": None}, {"opinion": "a" * 64}),
        "type": ("Observed", "1observed", "o" * 65, "observed "),
    }
    for key, values in more.items():
        for value in values:
            yield f"{key} {brief(value)}", partial(with_leaf, partial(_leaf_with, {key: value}))
    yield "with a ninth key", partial(with_leaf, partial(_leaf_with, {"opinion": "guilty"}))
    for said, spell in {
        "with spaces": lambda body: json.dumps(body).encode(),
        "in another order": lambda body: jcs(dict(body)).replace(b'{"after"', b'{"zafter"'),
        "with bytes behind it": lambda body: jcs(body) + b" ",
        "with an escape": lambda body: jcs(body).replace(b"observed", b"\\u006fbserved"),
        "that is no object": lambda body: b"[]",
        "that is no JSON": lambda body: b"x",
    }.items():
        yield said, partial(with_leaf, spell)


def _leaf_without(key: str, body: dict[str, Value]) -> bytes:
    del body[key]
    return jcs(body)


def _leaf_with(changes: Mapping[str, Value], body: dict[str, Value]) -> bytes:
    return json.dumps({**body, **changes}, sort_keys=True, separators=(",", ":")).encode()


@breaks("log.leaves/unknown-type")
def a_leaf_of_a_type_or_format_of_tomorrow() -> Ways:
    for said, changes in {"type": {"type": "weighed"}, "format": {"format": "nisisama/event/2"}}.items():
        yield f"another {said}", partial(_of_tomorrow, changes)


def _of_tomorrow(changes: Mapping[str, Value]) -> bytes:
    log = whole_log()
    body = json.loads(log.leaves[-1]) | {"event": "e" * 32, **changes}
    log.append(jcs(body), dict(log.disclosures[-1]))
    return of_log(log)


# --- proofs


def with_entry(index: int, **changes: object) -> bytes:
    return forge.reseal(forge.with_entry(good(), replace(first_of(index), **changes)))  # type: ignore[arg-type]


@breaks("log.inclusion/path")
def every_hash_of_a_path_changed_left_out_doubled_or_moved() -> Ways:
    for index in (0, MESSAGE, REMOVED):
        path = first_of(index).path
        for at in range(len(path)):
            flipped = bytes([path[at][0] ^ 1]) + path[at][1:]
            yield f"{index} hash {at} changed", partial(with_entry, index, path=(*path[:at], flipped, *path[at + 1 :]))
            yield f"{index} hash {at} left out", partial(with_entry, index, path=path[:at] + path[at + 1 :])
            yield f"{index} hash {at} twice", partial(with_entry, index, path=path[: at + 1] + path[at:])
        for at in range(len(path) - 1):
            moved = (*path[:at], path[at + 1], path[at], *path[at + 2 :])
            yield f"{index} hash {at} one later", partial(with_entry, index, path=moved)
        yield f"{index} of another", partial(with_entry, index, path=first_of(FILE).path)
        yield f"{index} with none", partial(with_entry, index, path=())


@breaks("log.inclusion/index")
def an_entry_at_another_index() -> Ways:
    for index in (
        4,
        13,
        len(steps()),
        10**6,
    ):  # an anchor's, which no entry of the bundle has, and two that are not there
        yield f"at {index}", partial(_moved, index)


def _moved(index: int) -> bytes:
    entries = [entry for entry in read_entries(good()[layout.ENTRIES]) if entry.index != OWN]
    return resealed({layout.ENTRIES: encode_entries([*entries, replace(first_of(OWN), index=index)])})


def with_stamp(number: int, **changes: object) -> bytes:
    stamps = forge.stamps_of(good())
    stamps[number] = replace(stamps[number], **changes)  # type: ignore[arg-type]
    return resealed({layout.STAMPS: encode_stamps(stamps)})


@breaks("log.consistency/path")
def every_hash_of_a_consistency_path_changed_left_out_doubled_or_moved() -> Ways:
    for number, stamp in enumerate(forge.stamps_of(good())):
        path = stamp.consistency
        for at in range(len(path)):
            flipped = bytes([path[at][0] ^ 1]) + path[at][1:]
            changed = (*path[:at], flipped, *path[at + 1 :])
            yield f"{number} hash {at} changed", partial(with_stamp, number, consistency=changed)
            yield f"{number} hash {at} left out", partial(with_stamp, number, consistency=path[:at] + path[at + 1 :])
            yield f"{number} hash {at} twice", partial(with_stamp, number, consistency=path[: at + 1] + path[at:])
        yield f"{number} with none", partial(with_stamp, number, consistency=())


@breaks("log.consistency/one-history")
def a_checkpoint_of_another_history_or_of_no_smaller_size() -> Ways:
    for size in (4, 9, 13):
        yield f"of another history at {size}", partial(_forked, size)
    yield "of the final size", _of_the_final_size


def _forked(size: int) -> bytes:
    fork = whole_log({(0, "reason"): "another"}, last=size)
    return _with_more(fork.checkpoint(), (), timedelta(minutes=2))


def _of_the_final_size() -> bytes:
    return _with_more(whole().checkpoint(), (), timedelta(hours=3))


def _with_more(checkpoint: bytes, path: tuple[bytes, ...], at: timedelta) -> bytes:
    token = forge.stamping(forge.START + at)(hashlib.sha256(checkpoint).digest())
    stamps = [*forge.stamps_of(good()), EarlierStamp(token, checkpoint, path)]
    return forge.reseal(remade({**good(), layout.STAMPS: encode_stamps(stamps)}))


# --- checkpoints and the key


def notes(good_one: bytes) -> dict[str, bytes]:
    """A checkpoint in other forms, each signed by the log's key over its own text."""
    origin, size, root, _, signature = good_one.decode().split("\n")[:5]

    def signed(*lines: str, name: str = origin, key: str = "") -> bytes:
        text = "".join(f"{line}\n" for line in lines).encode()
        made = forge.LOG_KEY.sign(text)
        identifier = hashlib.sha256(f"{name}\n".encode() + b"\x01" + forge.VKEY.public_key).digest()[:4]
        return text + f"\n\u2014 {name} {base64.b64encode(identifier + made).decode()}\n".encode()

    right, signed_by = signed(origin, size, root), signature.split(" ")[2].encode()
    return {
        "an extension line": signed(origin, size, root, "more"),
        "two lines": signed(origin, size),
        "a size with a zero before it": signed(origin, "0" + size, root),
        "a size with a sign": signed(origin, "+" + size, root),
        "no size": signed(origin, "", root),
        "another origin": signed("ngo.example/00000000", size, root),
        "a root without padding": signed(origin, size, root.rstrip("=")),
        "a root of 31 bytes": signed(origin, size, base64.b64encode(bytes(31)).decode()),
        "a root in the other alphabet": signed(origin, size, "-" * 43 + "="),
        "another name at the signature": signed(origin, size, root, name="ngo.example/00000000"),
        "two signatures": right + right.split(b"\n\n")[1],
        "no signature": right.split(b"\n\n")[0] + b"\n\n",
        "lines that end in CR LF": right.replace(b"\n", b"\r\n"),
        "a byte order mark": b"\xef\xbb\xbf" + right,
        "no last line end": right[:-1],
        "an empty line more": right + b"\n",
        "a hyphen for the dash": right.replace("\u2014".encode(), b"-"),
        "a signature over other text": right.replace(size.encode(), str(int(size) + 1).encode(), 1),
        "another key id": right.replace(signed_by, b"AAAA" + signed_by[4:]),
    }


@breaks("log.checkpoint/note")
def the_final_checkpoint_in_another_form() -> Ways:
    for said, note in notes(good()[layout.CHECKPOINT]).items():
        yield said, partial(_with_checkpoint, note)


def _with_checkpoint(note: bytes) -> bytes:
    token = forge.stamping(forge.START + timedelta(hours=12))(hashlib.sha256(note).digest())
    return resealed({layout.CHECKPOINT: note, layout.CHECKPOINT_TOKEN: token})


@breaks("log.stamps/note")
def an_earlier_checkpoint_in_another_form() -> Ways:
    stamp = forge.stamps_of(good())[0]
    for said, note in notes(stamp.checkpoint).items():
        # of one without a size in its one spelling, the file has no order: another check finds that
        if not said.startswith(("no size", "two lines", "a size with", "lines that end")):
            yield said, partial(_with_earlier, note)


def _with_earlier(note: bytes) -> bytes:
    token = forge.stamping(forge.START + timedelta(hours=0.5))(hashlib.sha256(note).digest())
    return with_stamp(0, checkpoint=note, token=token)


@breaks("log.key/form")
def the_key_in_another_form() -> Ways:
    key = good()[layout.LOG_KEY]
    origin, identifier, public = key.decode().rstrip("\n").split("+", 2)
    for said, odd in {
        "without its line end": key[:-1],
        "with two line ends": key + b"\n",
        "with CR LF": key[:-1] + b"\r\n",
        "with a space before it": b" " + key,
        "with another id": f"{origin}+00000000+{public}\n".encode(),
        "with an id in capitals": f"{origin}+{identifier.upper()}+{public}\n".encode(),
        "without an id": f"{origin}+{public}\n".encode(),
        "of another algorithm": f"{origin}+{identifier}+{base64.b64encode(bytes(33)).decode()}\n".encode(),
        "of 31 bytes": f"{origin}+{identifier}+{base64.b64encode(bytes([1, *bytes(31)])).decode()}\n".encode(),
        "without padding": f"{origin}+{identifier}+{public.rstrip('=')}x\n".encode(),
        "twice": key + key,
        "that is nothing": b"",
    }.items():
        yield said, partial(resealed, {layout.LOG_KEY: odd})


@breaks("log.key/given")
def another_key_than_the_one_given() -> Ways:
    other = VerifierKey(forge.ORIGIN, bytes(32))
    yield "another", partial(resealed, {layout.LOG_KEY: f"{other}\n".encode()})


# --- lines of JSON, and lines of text


def of_line(member: str, change: Callable[[list[bytes]], list[bytes]], *, at: int, rebag: bool = True) -> bytes:
    lines = good()[member].splitlines(keepends=True)
    one = change(lines[at : at + 1])
    return resealed({member: b"".join([*lines[:at], *one, *lines[at + 1 :]])}, rebag=rebag)


def rows_otherwise(member: str, keys: Mapping[str, Sequence[object]]) -> Ways:
    """One line of JSON in other spellings, with other names, and with values of other forms."""

    def changed(make: Callable[[dict[str, object]], bytes], lines: list[bytes]) -> list[bytes]:
        return [make(json.loads(line)) + b"\n" for line in lines]

    count = good()[member].count(b"\n")
    for at in sorted({0, count // 2, count - 1}):
        for key, values in keys.items():
            without = partial(changed, partial(_row_without, key))
            yield f"{member} {at} without {key}", partial(of_line, member, without, at=at)
            for value in (None, 1, True, {"x": "y"}, *values):
                to = partial(changed, partial(_row_with, key, value))
                yield f"{member} {at} {key} {brief(value)}", partial(of_line, member, to, at=at)
        to = partial(changed, partial(_row_with, "opinion", "guilty"))
        yield f"{member} {at} with one more", partial(of_line, member, to, at=at)
        for said, spell in SPELLINGS.items():
            yield f"{member} {at} {said}", partial(of_line, member, partial(_each, spell), at=at)


def _each(spell: Callable[[bytes], bytes], lines: list[bytes]) -> list[bytes]:
    return [spell(line) for line in lines]


SPELLINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "with a space": lambda line: line.replace(b":", b": ", 1),
    "with a space behind it": lambda line: line[:-1] + b" \n",
    "with CR LF": lambda line: line[:-1] + b"\r\n",
    "with a byte order mark": lambda line: b"\xef\xbb\xbf" + line,
    "with an escape": lambda line: re.sub(rb'"([a-z])', lambda found: b'"\\u%04x' % ord(found[1]), line, count=1),
    "cut in two": lambda line: line[:20] + b"\n" + line[20:],
    "as an array": lambda line: b"[" + line[:-1] + b"]\n",
    "twice": lambda line: line + line,
    "after an empty line": lambda line: b"\n" + line,
}  # fmt: skip


def _row_without(key: str, row: dict[str, object]) -> bytes:
    del row[key]
    return _as_line(row)


def _row_with(key: str, value: object, row: dict[str, object]) -> bytes:
    return _as_line({**row, key: value})


def _as_line(row: object) -> bytes:
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


HASHES = ([None], ["x"], ["A" * 43], ["A" * 43 + "B"], [base64.b64encode(bytes(31)).decode()], [["A" * 43 + "="]], "x")


@breaks("log.form/entries")
def a_line_of_entries_in_another_form() -> Ways:
    keys: dict[str, Sequence[object]] = {
        "index": ("01", "-1", "", "x", "1.0", str(2**63)),
        "path": HASHES,
        "leaf": (["x"],),
        "disclosures": ([None], [1], [["x"]], "x"),
    }
    yield from rows_otherwise(layout.ENTRIES, keys)


@breaks("log.form/stamps")
def a_line_of_stamps_in_another_form() -> Ways:
    tokens = ("", "x", "====", "A", good_token().replace("M", " M", 1), good_token().rstrip("=") + "A===")
    keys: dict[str, Sequence[object]] = {
        "consistency": HASHES,
        "checkpoint": (["x"], "", "x", "x\ny\n"),
        "token": tokens,
    }
    yield from rows_otherwise(layout.STAMPS, keys)


def good_token() -> str:
    return str(json.loads(good()[layout.STAMPS].splitlines()[0])["token"])


@breaks("log.form/order")
def lines_of_the_log_files_in_another_order() -> Ways:
    for member in (layout.ENTRIES, layout.STAMPS):
        lines = good()[member].splitlines(keepends=True)
        for at, (one, other) in enumerate(pairwise(lines)):
            moved = b"".join([*lines[:at], other, one, *lines[at + 2 :]])
            yield f"{member} {at} one later", partial(resealed, {member: moved})
        yield f"{member} without its end", partial(resealed, {member: good()[member][:-1]})


MANY = 12
"""Of how many lines of a text at most each is changed."""


def lines_otherwise(member: str, *, rebag: bool = True) -> Ways:
    """A text with lines left out, doubled, moved, and with one byte more, less or other."""
    lines = good()[member].splitlines(keepends=True)
    for at in range(0, len(lines), 1 + len(lines) // MANY):
        changes: dict[str, list[bytes]] = {
            "left out": [*lines[:at], *lines[at + 1 :]],
            "twice": [*lines[: at + 1], *lines[at:]],
            "with a space behind it": [*lines[:at], lines[at].rstrip(b"\r\n") + b" \n", *lines[at + 1 :]],
            "with another byte": [*lines[:at], bytes([lines[at][0] ^ 1]) + lines[at][1:], *lines[at + 1 :]],
        }
        if at + 1 < len(lines):
            changes["one later"] = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        for said, changed in changes.items():
            if changed != lines:
                yield f"{member} line {at + 1} {said}", partial(resealed, {member: b"".join(changed)}, rebag=rebag)
    yield f"{member} without its end", partial(resealed, {member: good()[member][:-1]}, rebag=rebag)
    yield f"{member} empty", partial(resealed, {member: b""}, rebag=rebag)


@breaks("content.texts/texts")
def every_line_of_every_text_changed() -> Ways:
    for member in (layout.report_name("en"), layout.README, layout.HOW_TO_VERIFY, layout.VERIFY_SH):
        yield from lines_otherwise(member)


@breaks("content.texts/texts")
def every_text_in_another_language() -> Ways:
    opened = OpenedBundle(good(), roots=(), log_key=None)
    english = layout.report_name("en")
    for language in languages():
        case = {**opened.case, "language": language}
        texts = make_texts(case=case, records=opened.records, anchorage=opened.anchorage, log_key=str(opened.log_key))
        texts[english] = texts.pop(layout.report_name(language))
        for member in (english, layout.README, layout.HOW_TO_VERIFY):
            if language != "en":
                yield f"{member} in {language}", partial(resealed, {member: texts[member]})


@breaks("content.texts/one-report")
def another_report() -> Ways:
    for language in ("mk", "sr-Cyrl"):
        yield f"a second one in {language}", partial(resealed, {layout.report_name(language): b"I confess.\n"})
    renamed = good()
    renamed[layout.report_name("mk")] = renamed.pop(layout.report_name("en"))
    yield "under another language", partial(forge.reseal, renamed)


@breaks("content.pages/volumes")
def another_number_of_volumes() -> Ways:
    pages = forge.members_of(forge.paged_bundle())
    first, second = layout.pages_names("en", layout.ITEMS_A_VOLUME + 1)
    yield "pages that nothing names", partial(resealed, {first: pages[first]})
    yield "none", partial(forge.reseal, {name: content for name, content in pages.items() if name != first})
    yield "one more", partial(forge.reseal, {**pages, second: pages[first]})
    for language in ("mk", "sr-Cyrl"):
        yield f"one more in {language}", partial(forge.reseal, {**pages, layout.pages_name(language, 1): pages[first]})


@breaks("records.items/tables")
def every_table_changed() -> Ways:
    for member in (layout.ITEMS_JSONL, layout.EVENTS_JSONL, layout.ITEMS_CSV):
        yield from ((name, make) for name, make in lines_otherwise(member) if "other byte" not in name)
    for member in (layout.ITEMS_JSONL, layout.EVENTS_JSONL):
        for at, line in enumerate(good()[member].splitlines()):
            row = json.loads(line)
            for key in row:
                for number, other in enumerate(_others(row[key])):
                    to = partial(_rows_with, key, other)
                    yield f"{member} {at} another {key}, {number}", partial(of_line, member, to, at=at)


def _rows_with(key: str, value: object, lines: list[bytes]) -> list[bytes]:
    return [_row_with(key, value, json.loads(line)) + b"\n" for line in lines]


def _others(value: object) -> Iterator[object]:
    match value:
        case str():
            yield value[:-1] + ("0" if value[-1:] != "0" else "1")
        case dict():
            yield {**value, "actor": "another"}
            if value:
                yield dict(list(value.items())[1:])
        case list():
            yield [*value, "reason"]
        case None:
            yield "2026-11-20T09:00:00.000Z"


# --- the description


def the_case() -> dict[str, Any]:
    return dict(json.loads(good()[layout.CASE]))


@breaks("records.schemas/case")
def the_description_without_a_name_or_with_a_value_of_another_type() -> Ways:
    case = the_case()
    for name in case:
        yield f"without {name}", partial(_with_case, {key: value for key, value in case.items() if key != name})
        for value in (None, 1, ["x"], {"x": "y"}, ""):
            yield f"{name} {value!r}", partial(_with_case, {**case, name: value})
    yield "with an opinion", partial(_with_case, {**case, "opinion": "guilty"})
    for said, spelled_so in {"with spaces": json.dumps(case).encode(), "with a line end": jcs(case) + b"\n"}.items():
        yield said, partial(resealed, {layout.CASE: spelled_so})


@breaks("records.schemas/case")
def the_description_with_values_in_another_form() -> Ways:
    case, lines = the_case(), ("one\ntwo", "one\rtwo", "one\u2028two", "one\u0085two", "x" * 2001)
    wrong: dict[str, tuple[Value, ...]] = dict.fromkeys(
        ("bundle", "case", "organisation", "purpose", "reason", "tool"), lines
    )
    wrong |= {
        "audience": ("everybody", "Court"),
        "language": ("EN", "eng", "sr-cyrl", "sr_Cyrl", "en-GB"),
        "rehearsal": ("maybe", "YES"),
        "format": ("nisisama/bundle/2", "nisisama/bundle/1 "),
        "created_at": WRONG_VALUES["time"][2:18],
        "events": WRONG_VALUES["decimal"][2:12],
        "log": ("NGO", "ngo+x", "x" * 256),
        "received": (["01"], ["-1"], [""], [None], [str(2**63)], ["12", "12"], [["12"]]),
    }
    for name, values in wrong.items():
        for value in values:
            yield f"{name} {brief(value)}", partial(_with_case, {**case, name: value})
    for name, form in {"root": "hex64", "sha256": "hex64", "size": "decimal", "stamped_at": "time"}.items():
        for value in WRONG_VALUES[form][:8]:
            inner = {**case["checkpoint"], name: value}
            yield f"checkpoint {name} {brief(value)}", partial(_with_case, {**case, "checkpoint": inner})


def _with_case(case: object) -> bytes:
    members = {**good(), layout.CASE: _as_line(case)}
    body = {name: content for name, content in members.items() if not name.startswith(layout.META_INF)}
    with suppress(KeyError, TypeError):  # the bag names what the description lacks
        members |= forge.rebagged(body)
    return forge.reseal(members, rebag=False)


@breaks("records.case/derived")
def a_description_that_says_another_thing_than_the_log() -> Ways:
    case = the_case()
    point = case["checkpoint"]
    other = {"events": "1", "items": "2", "withheld": "7", "log": "ngo.example/00000000", "rehearsal": "no"}
    for name, value in {**other, "organisation": "Best organisation"}.items():
        yield name, partial(_with_case, {**case, name: value})
    later = {"root": "0" * 64, "sha256": "0" * 64, "size": "19", "token_sha256": "0" * 64}
    for name, value in {**later, "stamped_at": "2026-11-20T11:00:00.000Z"}.items():
        yield f"checkpoint {name}", partial(_with_case, {**case, "checkpoint": {**point, name: value}})


MISSED: Changed = {
    (FILE, "mode"): "sealed",
    (HOLE, "hole"): "missing_file",
    (HOLE, "lo"): "1001",
    (HOLE, "hi"): "1001",
    (HOLE, "what"): "1.jpg",
}
"""A hole in the place of the file that is shown, or of another file of its message."""


@breaks("records.case/received")
def a_part_that_the_sender_cannot_say_was_received() -> Ways:
    another: Changed = {**MISSED, (HOLE, "position"): "1"}
    for index, (kind, _) in enumerate(steps()):
        if index != HOLE:
            yield f"{index} {kind}", partial(_received, another, str(index))
    for reason in ("gap", "downtime", "other_size", "not_decoded", "unread", "of_tomorrow"):
        yield reason, partial(_received, {**another, (HOLE, "hole"): reason}, str(HOLE))
    yield "of no file", partial(_received, {**another, (HOLE, "position"): None}, str(HOLE))
    yield "of a span", partial(_received, {**another, (HOLE, "hi"): "1002"}, str(HOLE))
    yield "no entry", partial(_received, another, "99")
    yield "out of order", partial(_received, another, str(len(steps())), str(HOLE), two=True)
    yield "an item that is shown", partial(_received, {**MISSED, (HOLE, "message_sha256"): digest_of(FILE)}, str(HOLE))


@breaks("records.case/closed")
def a_gap_that_the_sender_cannot_say_was_closed() -> Ways:
    gap: Changed = {(HOLE, "hole"): "gap"}
    right = _told_closing(forge.START)
    for index, (kind, _) in enumerate(steps()):
        if index != HOLE:
            yield f"{index} {kind}", partial(_closed, gap, {**right, "hole": str(index)})
    yield "no gap", partial(_closed, {(HOLE, "hole"): "downtime"}, right)
    yield "no entry", partial(_closed, gap, {**right, "entry": "99"})
    yield "an earlier entry", partial(_closed, gap, {**right, "entry": "1"})
    yield "an entry that is shown and is no message", partial(_closed, gap, {**right, "entry": str(HOLE + 2)})
    yield "twice", partial(_closed, gap, right, right)


def _told_closing(at: datetime) -> Mapping[str, str | None]:
    return {"at": format_time(at), "container_sha256": None, "entry": str(HOLE + 1), "hole": str(HOLE)}


def _closed(changed: Changed, *told: Mapping[str, str | None]) -> bytes:
    """The bundle of a changed log whose description says that gaps were closed."""
    closed = [{**one, "method": "desktop-json"} for one in told]
    return of_log(whole_log(changed), more={layout.CASE: jcs({**the_case(), "closed": closed})})


def digest_of(index: int) -> Value:
    return steps()[index][1]["message_sha256"]


def _received(changed: Changed, *told: str, two: bool = False) -> bytes:
    """The bundle of a changed log, or of one with a second hole, whose description says that parts were received."""
    log = whole_log(changed)
    if two:
        hole = {name: value for (at, name), value in changed.items() if at == HOLE}
        log.add("hole", {**steps()[HOLE][1], **act(200), **hole, "position": "2"})
    return of_log(log, more={layout.CASE: jcs({**the_case(), "received": list(told)})})


@breaks("records.case/opening")
def an_opening_that_is_not_shown_or_withholds() -> Ways:
    yield "left out", _without_opening
    for name in ("organisation", "rehearsal"):
        yield f"without {name}", partial(_opening_without, name)


def _without_opening() -> bytes:
    kept = [entry for entry in read_entries(good()[layout.ENTRIES]) if entry.index]
    return resealed({layout.ENTRIES: encode_entries(kept)})


def _opening_without(name: str) -> bytes:
    shown = whole().entry(0, withhold=frozenset({name}))
    return forge.reseal(forge.with_entry(good(), shown))


@breaks("records.schemas/own")
def another_schema() -> Ways:
    for name in layout.SCHEMA_NAMES:
        member = layout.schema_name(name)
        looser = good()[member].replace(b'"additionalProperties": false', b'"additionalProperties": true', 1)
        for said, content in {"looser": looser, "with a space": good()[member] + b" ", "empty": b"{}\n"}.items():
            yield f"{name} {said}", partial(resealed, {member: content})


# --- what entries say of one another


@breaks("records.references/types")
def an_entry_of_a_type_that_no_bundle_shows() -> Ways:
    hidden = [kind for kind in SCHEMAS if kind not in {kind for kind, _ in steps() if kind != "anchor"}]
    for kind in hidden:
        yield kind, partial(_with_another, kind)


def _with_another(kind: str) -> bytes:
    log = whole_log()
    if kind == "anchor":
        log.anchor(forge.START + timedelta(hours=3))
    else:
        log.add(
            kind,
            {**act(200), "case": forge.CASE},
            public={"entries": "1"} if kind in {"erased", "hashes_removed"} else None,
        )
    contents = contents_of(log)
    entries = [*contents.entries] + ([log.entry(len(log.leaves) - 1)] if kind == "anchor" else [])
    files = {
        layout.ENTRIES: encode_entries(entries),
        layout.STAMPS: encode_stamps(contents.stamps),
        layout.CHECKPOINT: contents.checkpoint,
        layout.CHECKPOINT_TOKEN: contents.checkpoint_token,
    }
    return forge.reseal(remade({**good(), **files}))


@breaks("records.references/once")
def an_event_twice_or_a_log_opened_again() -> Ways:
    for index, (kind, _) in enumerate(steps()):
        if kind != "anchor":
            yield f"entry {index}, {kind}, again", partial(_again, index)


def _again(index: int) -> bytes:
    log = whole_log()
    # as after the last anchor, so that its place is right
    body = json.loads(log.leaves[index]) | {"after": log.after}
    log.append(jcs(body), log.disclosures[index])
    return of_log(log)


@breaks("records.references/key")
def a_log_opened_with_another_key() -> Ways:
    for value in (None, "x", str(VerifierKey(forge.ORIGIN, bytes(32)))):
        yield brief(value), partial(with_value, 0, "log_key", value)


@breaks("records.references/named")
def a_name_of_what_is_not_there() -> Ways:
    named = {"authority": (event(5), event(MESSAGE)), "request": (event(5), event(2)), "item": (event(HOLE), event(1))}
    for index, kind, name in committed():
        for value in ("0" * 32, *named[name]) if name in named else ():
            yield f"{kind} {name} {value[:6]}", partial(with_value, index, name, value)
    for name in TIERS:
        for value in ("0" * 32, event(HOLE), event(1)):
            yield f"checked {name} {value[:6]}", partial(with_value, CHECKED, name, [value])
            yield f"checked {name} {value[:6]} too", partial(with_value, CHECKED, name, [event(FILE), value])
    for index in (1, 7, MESSAGE, FILE, OWN):
        yield f"without {index}", partial(of_log, whole(), without=(index,))


@breaks("records.references/used")
def a_request_on_which_nothing_was_done() -> Ways:
    yield "alone", partial(_asked_more, approved=False)
    yield "approved", partial(_asked_more, approved=True)


def _asked_more(*, approved: bool) -> bytes:
    log = whole_log()
    asked = log.add("requested", {**act(200), "what": "export", "target": "x"})
    if approved:
        log.add("approved", {**act(200, actor="bo"), "request": event(asked)})
    return of_log(log)


@breaks("records.references/case")
def what_is_of_another_case_or_of_none() -> Ways:
    for index, (kind, values) in enumerate(steps()):
        if "case" in values:
            for value in ("case-8", None, "", "CASE-7"):
                yield f"{index} {kind} {value}", partial(with_value, index, "case", value)
            yield f"{index} {kind} hidden", partial(_hidden, index, "case")


def _hidden(index: int, name: str) -> bytes:
    shown = whole().entry(index, withhold=frozenset({name}))
    return forge.reseal(remade(forge.with_entry(good(), shown)))


@breaks("records.references/opened")
def a_case_opened_never_or_twice() -> Ways:
    yield "never", partial(of_log, whole(), without=(5,))
    yield "twice", _opened_twice


def _opened_twice() -> bytes:
    log = whole_log()
    log.add("case_opened", {**act(200), "case": forge.CASE})
    return of_log(log)


@breaks("records.references/items")
def an_item_that_is_not_of_the_case() -> Ways:
    for index in (14, 16, 18):
        yield f"without its addition {index}", partial(of_log, whole(), without=(index,))
        yield f"of an addition {index} that names none", partial(with_value, index, "item", None)
        yield f"of an addition {index} that hides it", partial(_hidden, index, "item")
    yield "one more", _one_item_more
    yield "removed", _removed_last


def _one_item_more() -> bytes:
    log = whole_log()
    log.add("observed", {**forge.item(9), **act(200)})
    return of_log(log)


def _removed_last() -> bytes:
    log = whole_log()
    log.add("case_item_removed", {**act(200), "case": forge.CASE, "item": event(MESSAGE)})
    return of_log(log)


@breaks("records.references/removed")
def an_item_left_out_as_if_it_were_removed() -> Ways:
    added, removed = "case_item_added", "case_item_removed"
    for types in ((added,), (removed,), (removed, added), (added, added, removed)):
        yield " ".join(types), partial(_unnamed, types)


def _unnamed(types: Sequence[str]) -> bytes:
    """Entries that add and remove items of the case, and withhold which."""
    log = whole_log()
    hidden = [log.add(kind, {**act(200), "case": forge.CASE, "item": "0" * 32}) for kind in types]
    entries = [entry for entry in contents_of(log).entries if entry.index not in hidden]
    shown = [log.entry(index, withhold=frozenset({"item"})) for index in hidden]
    return of_log(log, more={layout.ENTRIES: encode_entries([*entries, *shown])})


@breaks("records.references/frozen")
def a_freeze_that_does_not_fit_what_is_shown() -> Ways:
    yield "of nothing", partial(_frozen, ())
    yield "of a removed item", partial(_frozen, ("case_item_added", "case_item_removed"))
    yield "of an item that is shown", partial(_frozen, ("case_item_added",), items=[event(FILE)])
    yield "of more removals than additions", partial(_frozen, ("case_item_added", *["case_item_removed"] * 2))


def _frozen(types: Sequence[str], items: Sequence[str] | None = None) -> bytes:
    """Entries that add and remove items of the case, and withhold which, and a freeze."""
    log = whole_log()
    hidden = [log.add(kind, {**act(200), "case": forge.CASE, "item": "0" * 32}) for kind in types]
    freeze = log.add("frozen", {**act(200), "hint": "person", "what": "x", "frozen_items": [*(items or ["0" * 32])]})
    entries = [entry for entry in contents_of(log).entries if entry.index not in (*hidden, freeze)]
    shown = [log.entry(index, withhold=frozenset({"item"})) for index in hidden]
    of_freeze = log.entry(freeze, withhold=frozenset() if items else frozenset({"frozen_items"}))
    return of_log(log, more={layout.ENTRIES: encode_entries([*entries, *shown, of_freeze])})


@breaks("records.references/erased")
def an_erasure_that_does_not_fit_what_is_shown() -> Ways:
    added, removed = "case_item_added", "case_item_removed"
    yield "of nothing", partial(_erased, ())
    yield "of a removed item", partial(_erased, (added, removed))
    yield "of fewer items than are left out", partial(_erased, (added, added))
    yield "of more items than are left out", partial(_erased, (added,), items="2")
    yield "of no items", partial(_erased, (added,), items="0")
    yield "that does not say of how many", partial(_erased, (added,), items=None)
    yield "of an item that is shown", partial(_erased, (added,), entries=str(FILE))
    yield "that names no entries", partial(_erased, (added,), entries="1 x")


def _erased(types: Sequence[str], items: str | None = "1", entries: str = "900") -> bytes:
    """Entries that add and remove items of the case, and withhold which, and an erasure."""
    log = whole_log()
    hidden = [log.add(kind, {**act(200), "case": forge.CASE, "item": "0" * 32}) for kind in types]
    values = {**act(200), "cause": "withdrawn", "items": items, "destroyed": ["record"], "marks": []}
    erasure = log.add("erased", values, public={"entries": entries})
    kept = [entry for entry in contents_of(log).entries if entry.index not in (*hidden, erasure)]
    shown = [log.entry(index, withhold=frozenset({"item"})) for index in hidden]
    shown.append(log.entry(erasure, withhold=frozenset({"marks"})))
    return of_log(log, more={layout.ENTRIES: encode_entries([*kept, *shown])})


@breaks("records.references/holes")
def a_hole_of_a_channel_without_an_item() -> Ways:
    for value in ("17", "user1", None):
        yield str(value), partial(with_value, HOLE, "channel_id", value)


@breaks("records.references/persons")
def one_person_as_two() -> Ways:
    ways = ("ann", "Ann", "ann.", "\u0430nn", "ann ", "\uff41nn")
    for kind, index in {kind: index for index, kind, _ in committed()}.items():
        for name in ways if index == MESSAGE else ways[:1]:
            if kind != "approved":
                yield f"{kind} by {name!a}", partial(with_value, index, "approver", name)
    for name in ways:
        yield f"approved by {name!a}", partial(with_value, 8, "actor", name)


@breaks("records.references/kinds")
def a_kind_or_mode_that_there_is_not() -> Ways:
    for name, values in {"kind": ("confession", "messages"), "mode": ("everything", "seal")}.items():
        for value in values:
            yield f"{name} {value}", partial(with_value, MESSAGE, name, value)


def _checked(changed: Changed | None = None, hidden: Sequence[str] = (), **values: Value) -> bytes:
    """The comparison with other values, some of them withheld."""
    named = {(CHECKED, name): value for name, value in values.items()}
    log = whole_log({**(changed or {}), **named})
    entries = [entry for entry in contents_of(log).entries if entry.index != CHECKED]
    shown = log.entry(CHECKED, withhold=frozenset(hidden))
    return of_log(log, more={layout.ENTRIES: encode_entries([*entries, shown])})


@breaks("records.references/found")
def a_comparison_that_names_other_files_than_it_found() -> Ways:
    for number in (None, "0", "2", "9"):
        yield f"{number} found", partial(_checked, found=number)
    for nothing in (None, []):
        yield f"none named, {nothing}", partial(_checked, identical=nothing)
    for name in TIERS[1:]:
        yield f"one more, {name}", partial(_checked, **{name: [event(OWN)]})
        yield f"the same twice, {name}", partial(_checked, found="2", **{name: [event(FILE)]})
        yield f"a message, {name}", partial(_checked, found="2", **{name: [event(MESSAGE)]})
        yield f"more than found, {name} hidden", partial(_checked, found="0", hidden=(name,))
    yield "the same twice, and one hidden", partial(_checked, found="3", match=[event(FILE)], hidden=("review",))
    yield "a message alone", partial(_checked, identical=[event(MESSAGE)])


@breaks("records.references/one-file")
def a_comparison_that_takes_two_files_for_one_or_one_for_two() -> Ways:
    digest = steps()[FILE][1]["sha256"]
    yield "two as one", partial(_checked, found="2", identical=[event(FILE), event(OWN)])
    for name in TIERS[1:]:
        as_two: Changed = {(OWN, "sha256"): digest}
        yield f"one as two, {name}", partial(_checked, as_two, found="2", **{name: [event(OWN)]})
        unread: Changed = {(FILE, "sha256"): None}
        yield f"one that was not read, {name}", partial(_checked, unread, found="2", **{name: [event(OWN)]})


@breaks("records.references/stated")
def a_statement_about_no_item_of_the_case_or_in_no_way() -> Ways:
    for name in ("item", "given", "recognition", "means"):
        yield f"{name} null", partial(with_value, STATED, name, None)
        yield f"{name} hidden", partial(_hidden, STATED, name)
    for name, values in {
        "recognition": ("identical", "match", "hers"),
        "means": ("eyes",),
    }.items():
        for value in values:
            yield f"{name} {value}", partial(with_value, STATED, name, value)
    seen = STATED + 3
    yield "a message as the same file", partial(of_log, whole_log({(STATED, "item"): event(MESSAGE)}))
    yield "seen, by a comparison", partial(with_value, seen, "means", "file")
    yield "the same file, by no comparison", partial(with_value, seen, "recognition", "same_file")
    yield "taken back, and yet alike", partial(with_value, TAKEN_BACK, "recognition", "same_file")
    yield "taken back, and yet compared", partial(with_value, TAKEN_BACK, "means", "file")
    yield "of an item of another case", partial(_of_a_later_item, whole_log(), shown=False)
    yield "of a later item", partial(_of_a_later_item, whole_log(), shown=True)


def _of_a_later_item(log: forge.Log, *, shown: bool) -> bytes:
    """A statement about an item that is not in the log yet, or of which the sender leaves out that it is of no case."""
    item = len(log.leaves) + 1
    said = {**steps()[STATED][1], "item": event(item)}
    log.add("recognised", said)
    log.add("observed", {**file(7), **act(200, authority=7)})
    log.add("case_item_added", {**act(200), "case": forge.CASE, "item": event(item)})
    return of_log(log, without=() if shown else (item, item + 1))


@breaks("records.references/taken-back")
def a_statement_left_out_that_was_taken_back() -> Ways:
    yield "without it", partial(of_log, whole(), without=(STATED,))
    yield "another item's", partial(with_value, STATED, "item", event(OWN))
    yield "without it, and twice", _taken_back_twice_and_never_stated


def _taken_back_twice_and_never_stated() -> bytes:
    log = whole_log()
    log.add("recognised", steps()[TAKEN_BACK][1])
    return of_log(log, without=(STATED,))


@breaks("records.references/consented")
def a_consent_beside_a_statement_that_hides_whether_it_was_given() -> Ways:
    consent = next(index for index, (kind, _values) in enumerate(steps()) if kind == "consent")
    yield "given hidden", partial(_hidden, consent, "given")
    yield "given null", partial(with_value, consent, "given", None)
    yield "the withdrawal hidden, and a new consent", partial(_withdrawal_hidden, consent)


def _withdrawal_hidden(consent: int) -> bytes:
    """She withdrew her consent and gave another; the sender hides the first ``no``, so that her statements stand."""
    log = whole_log()
    said = {**steps()[consent][1], **act(200)}
    withdrawn = log.add("consent", {**said, "given": "no"})
    log.add("consent", said)
    entries = [entry for entry in contents_of(log).entries if entry.index != withdrawn]
    hidden = log.entry(withdrawn, withhold=frozenset({"given"}))
    return of_log(log, more={layout.ENTRIES: encode_entries([*entries, hidden])})


@breaks("records.seal/logged")
def a_seal_that_the_log_does_not_name() -> Ways:
    own = fingerprint(forge.sealer().certificate)
    for value in (None, "0" * 64, OTHER_SEAL):
        yield f"changed to {value}", partial(with_value, 3, "new", value)
    for value in (None, "0" * 64, own):
        yield f"changed from {value}", partial(with_value, 3, "old", value)
        yield f"opened with {value}", partial(with_value, 0, "seal_certificate_sha256", value)
    for value in (None, "log", "office"):
        yield f"a change of {value}", partial(with_value, 3, "key", value)
    for name in ("key", "old", "new"):
        yield f"a change that hides {name}", partial(_hidden, 3, name)
    yield "an opening that hides it", partial(_hidden, 0, "seal_certificate_sha256")
    yield "without the change", partial(of_log, whole(), without=(1, 2, 3))


# --- times


@breaks("records.times/at")
def a_time_stated_outside_what_is_proven() -> Ways:
    late, early = forge.START + timedelta(hours=13), forge.START - timedelta(days=2)
    for index, (kind, _) in enumerate(steps()):
        if kind != "anchor":
            yield f"{index} {kind} too late", partial(with_value, index, "at", format_time(late))
            if index > 4:
                yield f"{index} {kind} too early", partial(with_value, index, "at", format_time(early))


@breaks("records.times/closed")
def a_gap_that_was_closed_outside_what_is_proven() -> Ways:
    for days in (-9000, -2, 1, 9000):
        told = _told_closing(forge.START + timedelta(days=days))
        yield f"{days} days off", partial(_closed, {(HOLE, "hole"): "gap"}, told)


@breaks("records.times/created-at")
def a_bundle_that_says_it_was_made_when_it_was_not() -> Ways:
    case = the_case()
    for days in (-400, -2, 2, 400):
        at = format_time(forge.START + timedelta(days=1 + days))
        yield f"{days} days off", partial(_made_at, {**case, "created_at": at})


def _made_at(case: Mapping[str, Value]) -> bytes:
    return forge.reseal(remade({**good(), layout.CASE: jcs(dict(case))}))


@breaks("log.times/idle")
def a_stamp_that_bounds_nothing() -> Ways:
    for hours in (1.0, 3.0):
        yield f"{hours} hours later", partial(_idle, timedelta(hours=hours))


def _idle(at: timedelta) -> bytes:
    log = whole()
    checkpoint = log.checkpoint(4)
    token = forge.stamping(forge.START + at)(hashlib.sha256(checkpoint).digest())
    earlier = forge.stamps_of(good())[0]
    return resealed({layout.STAMPS: encode_stamps([*forge.stamps_of(good()), replace(earlier, token=token)])})


@breaks("log.stamps/named")
def a_token_that_an_entry_names_left_out() -> Ways:
    stamps = forge.stamps_of(good())
    for number in range(len(stamps)):
        kept = stamps[:number] + stamps[number + 1 :]
        yield f"{number}", partial(resealed, {layout.STAMPS: encode_stamps(kept)})
    yield "both", partial(resealed, {layout.STAMPS: b""})


@breaks("log.order/after")
def entries_that_name_tokens_out_of_order() -> Ways:
    yield "zeros behind a token", partial(_named_after, forge.NO_TOKEN)
    yield "an older token behind a newer", partial(_named_after, min(whole().times).token_sha256)
    for later in (0, 1):
        yield f"a token in the place of its anchor {later}", partial(_in_place_of_its_anchor, later)


def _named_after(token: str) -> bytes:
    log = whole_log()
    if token != forge.NO_TOKEN:
        token = min(log.times).token_sha256
    log.after = token
    log.add("consent", {**act(200), "case": forge.CASE})
    return of_log(log)


def _in_place_of_its_anchor(later: int) -> bytes:
    log = whole_log()
    log.after = log.stamped(forge.START + timedelta(hours=4))
    for _ in range(later + 1):
        log.add("consent", {**act(245), "case": forge.CASE})
    return of_log(log)


@breaks("log.order/times")
def tokens_that_go_back() -> Ways:
    yield "by more than a minute", partial(_stamped_at, (2.0, 1.9))
    yield "after the final one", partial(_stamped_at, (2.0, 20.0))


def _stamped_at(hours: Sequence[float]) -> bytes:
    log = whole_log()
    for hour in hours:
        log.anchor(forge.START + timedelta(hours=hour))
        log.add("consent", {**act(110), "case": forge.CASE})
    return of_log(log)


# --- tokens


def tokens_over(imprint: bytes, at: timedelta) -> dict[str, bytes]:
    """Tokens that do not hold, in the place of one over ``imprint``."""
    right = forge.stamping(forge.START + at)(imprint)
    other = forge.stamping(forge.START + at)(hashlib.sha256(b"other").digest())
    stranger = forge.unit_under(*make_seal("Another office", forge.BEFORE)[:2])
    return {
        "over other bytes": other,
        "of an office whose root was not given": forge.stamping(forge.START + at, by=stranger)(imprint),
        "cut short": right[:-1],
        "with a byte behind it": right + b"\0",
        "that is nothing": b"",
        "that is no token": b"0\x03\x02\x01\x00",
        "with another byte": right[:-9] + bytes([right[-9] ^ 1]) + right[-8:],
    }


@breaks("log.checkpoint_stamp/token")
def the_stamp_of_the_final_checkpoint_does_not_hold() -> Ways:
    imprint = hashlib.sha256(good()[layout.CHECKPOINT]).digest()
    for said, token in tokens_over(imprint, timedelta(hours=12)).items():
        yield said, partial(resealed, {layout.CHECKPOINT_TOKEN: token})


@breaks("log.stamps/token")
def an_earlier_stamp_does_not_hold() -> Ways:
    stamp = forge.stamps_of(good())[0]
    for said, token in tokens_over(hashlib.sha256(stamp.checkpoint).digest(), timedelta(hours=0.5)).items():
        if token:
            yield said, partial(with_stamp, 0, token=token)


@breaks("seal.time_stamp/token")
def the_stamp_of_the_seal_does_not_hold() -> Ways:
    for said in ("over other bytes", "of an office whose root was not given"):
        yield said, partial(_sealed_with, said)


def _sealed_with(said: str) -> bytes:
    def stamp(imprint: bytes) -> bytes:
        return tokens_over(imprint, timedelta(days=1))[said]

    return forge.reseal(good(), stamp=stamp)


@breaks("archive.time_stamp/token")
def the_stamp_of_the_archive_does_not_hold() -> Ways:
    members = sealed()
    imprint = hashlib.sha256(members[layout.ARCHIVE_MANIFEST]).digest()
    for said, token in tokens_over(imprint, timedelta(days=1, minutes=1)).items():
        yield said, partial(container_bytes, {**members, layout.ARCHIVE_TOKEN: token})


@breaks("archive.renewals/token")
def the_stamp_of_a_renewal_does_not_hold() -> Ways:
    members = forge.renewed()
    imprint = hashlib.sha256(members[layout.ARCHIVE_MANIFEST]).digest()
    for said, token in tokens_over(imprint, timedelta(days=365)).items():
        yield said, partial(container_bytes, {**members, layout.renewal_token(1): token})


@breaks("archive.renewals/root")
def a_renewal_under_a_root_that_nobody_gave() -> Ways:
    yield "of another office", lambda: container_bytes(forge.renewed(by=forge.another_office()))


@breaks("archive.order/order")
def stamps_that_are_not_in_their_order() -> Ways:
    yield "the archive before the seal", partial(_archived_at, forge.START + timedelta(hours=23))
    yield (
        "the seal before the checkpoint",
        partial(forge.reseal, good(), stamp=forge.stamping(forge.START + timedelta(hours=11))),
    )


def _archived_at(at: datetime) -> bytes:
    return forge.rearchive(sealed(), stamp=forge.stamping(at))


# --- the bag, the lists, the container


@breaks("bag.manifest/lines")
def every_line_of_the_bags_manifest_changed() -> Ways:
    members = sealed()
    yield from _lines_of(members, layout.BAG_MANIFEST, partial(forge.reseal, rebag=False))
    upper = re.sub(rb"^[0-9a-f]{64}", lambda found: found[0].upper(), members[layout.BAG_MANIFEST], count=1)
    yield "a digest in capitals", partial(forge.reseal, {**members, layout.BAG_MANIFEST: upper}, rebag=False)
    more = members[layout.BAG_MANIFEST] + b"0" * 64 + b"  data/log/more\n"
    yield "a file that is not there", partial(forge.reseal, {**members, layout.BAG_MANIFEST: more}, rebag=False)


@breaks("bag.info/lines")
def every_line_about_the_bag_changed() -> Ways:
    members = sealed()
    for member in (layout.BAG_INFO, layout.BAGIT):
        yield from _lines_of(members, member, partial(forge.reseal, rebag=False))
    more = members[layout.BAG_INFO] + b"Zeal: great\n"
    yield "one line more", partial(forge.reseal, {**members, layout.BAG_INFO: more}, rebag=False)


def _lines_of(members: Members, member: str, seal: Callable[[Members], bytes]) -> Ways:
    lines = members[member].splitlines(keepends=True)
    for at in range(len(lines)):
        changes = {
            "left out": [*lines[:at], *lines[at + 1 :]],
            "twice": [*lines[: at + 1], *lines[at:]],
            "with a space behind it": [*lines[:at], lines[at][:-1] + b" \n", *lines[at + 1 :]],
            "with CR LF": [*lines[:at], lines[at][:-1] + b"\r\n", *lines[at + 1 :]],
            "with a zero byte in it": [*lines[:at], lines[at][:3] + b"\0" + lines[at][3:], *lines[at + 1 :]],
            "with a zero byte at its end": [*lines[:at], lines[at][:-1] + b"\0\n", *lines[at + 1 :]],
            "with another byte": [*lines[:at], lines[at][:-2] + bytes([lines[at][-2] ^ 1]) + b"\n", *lines[at + 1 :]],
        }
        if at + 1 < len(lines):
            changes["one later"] = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        for said, changed in changes.items():
            yield f"{member} line {at + 1} {said}", partial(seal, {**members, member: b"".join(changed)})
    for said, content in {
        "without its end": members[member][:-1],
        "with an empty line": members[member] + b"\n",
    }.items():
        yield f"{member} {said}", partial(seal, {**members, member: content})


def sealed_over(manifest: bytes) -> bytes:
    """A bundle whose seal is over this list."""
    members = sealed()
    at = forge.START + timedelta(days=1)
    signature = forge.sealer().sign(manifest, stamp=forge.stamping(at), at=at)
    return forge.rearchive({**members, layout.SEAL_MANIFEST: manifest, layout.SEAL_SIGNATURE: signature})


@breaks("seal.complete/list")
def every_line_of_the_sealed_list_left_out_doubled_or_moved() -> Ways:
    members = sealed()
    for said, made in _lists(members[layout.SEAL_MANIFEST]):
        yield said, partial(sealed_over, made)


@breaks("seal.digests/digests")
def every_digest_of_the_sealed_list_changed() -> Ways:
    members = sealed()
    for said, made in _digests(members[layout.SEAL_MANIFEST]):
        yield said, partial(sealed_over, made)


@breaks("archive.manifest/list")
def every_line_of_the_archives_list_changed() -> Ways:
    members = sealed()
    for said, made in (*_lists(members[layout.ARCHIVE_MANIFEST]), *_digests(members[layout.ARCHIVE_MANIFEST])):
        yield said, partial(_archived_over, members, made)


def _archived_over(members: Members, manifest: bytes) -> bytes:
    token = forge.stamping(forge.START + timedelta(days=1, minutes=1))(hashlib.sha256(manifest).digest())
    return container_bytes({**members, layout.ARCHIVE_MANIFEST: manifest, layout.ARCHIVE_TOKEN: token})


COUNTER_LIST, COUNTER_SEAL = layout.counter_manifest(1), layout.counter_signature(1)


@cache
def counter_sealed() -> Members:
    return forge.members_of(forge.countersigned())


def counter_sealed_over(manifest: bytes, *, by: Sealer | None = None, at: datetime = forge.LATER) -> bytes:
    """A bundle with a counter-seal over this list, and a right archive stamp over both."""
    signature = (by or forge.another_sealer()).sign(manifest, stamp=forge.stamping(at), at=at)
    return forge.recovered({**counter_sealed(), COUNTER_LIST: manifest, COUNTER_SEAL: signature})


@breaks("seal.counter/list")
def every_line_of_a_counter_seals_list_changed() -> Ways:
    manifest = counter_sealed()[COUNTER_LIST]
    for said, made in (*_lists(manifest), *_digests(manifest)):
        yield said, partial(counter_sealed_over, made)


@breaks("seal.counter/cms")
def a_counter_seal_that_is_none() -> Ways:
    members = counter_sealed()
    for said, odd in {
        "that is the seal": members[layout.SEAL_SIGNATURE],
        "that is a time stamp": members[layout.ARCHIVE_TOKEN],
        "cut short": members[COUNTER_SEAL][:-1],
        "with a byte more": members[COUNTER_SEAL] + b"\0",
    }.items():
        yield said, partial(forge.recovered, {**members, COUNTER_SEAL: odd})
    usage = x509.KeyUsage(*[True, *[False] * 8])
    odd_sealer = forge.sealer_under(forge.another_sealer().chain[0], usage=usage)
    yield "that does not commit", partial(counter_sealed_over, members[COUNTER_LIST], by=odd_sealer)


@breaks("seal.counter/another")
def a_counter_seal_by_the_sender() -> Ways:
    yield "the sender's", partial(counter_sealed_over, counter_sealed()[COUNTER_LIST], by=forge.sealer())


@breaks("seal.counter/order")
def a_counter_seal_of_another_time() -> Ways:
    for said, at in {
        "a day before the seal": forge.START,
        "after its archive": forge.LATER + timedelta(days=9),
    }.items():
        yield said, partial(counter_sealed_over, counter_sealed()[COUNTER_LIST], at=at)


@breaks("seal.counter/root")
def a_counter_seal_under_a_root_that_nobody_gave() -> Ways:
    yield "under a root of its own", forge.countersigned


def _lists(manifest: bytes) -> Iterator[tuple[str, bytes]]:
    lines = manifest.splitlines(keepends=True)
    for at in range(len(lines)):
        yield f"line {at + 1} left out", b"".join([*lines[:at], *lines[at + 1 :]])
        yield f"line {at + 1} twice", b"".join([*lines[: at + 1], *lines[at:]])
        yield f"line {at + 1} with a space", b"".join([*lines[:at], b" " + lines[at], *lines[at + 1 :]])
        zero = lines[at][:3] + b"\0" + lines[at][3:]
        yield f"line {at + 1} with a zero byte", b"".join([*lines[:at], zero, *lines[at + 1 :]])
        if at + 1 < len(lines):
            yield f"line {at + 1} one later", b"".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])
    for at in range(3, len(lines) - 1):
        other = re.sub(rb'MimeType="[^"]+"', b'MimeType="image/jpeg"', lines[at])
        yield f"line {at + 1} of another type", b"".join([*lines[:at], other, *lines[at + 1 :]])
    one = lines[3]
    for said, other in {
        "another digest": one.replace(b"2001/04/xmlenc#sha256", b"2001/04/xmlenc#sha512"),
        "another spelling of a digest": re.sub(rb"([A-Za-z0-9+/])=<", lambda m: bytes([m[1][0] + 1]) + b"=<", one),
        "a file that is not there": re.sub(rb'URI="[^"]+"', b'URI="data/log/more"', one),
        "a file twice": one + one.replace(b"DigestValue>", b"DigestValue>", 1),
        "a comment": b"<!-- -->" + one,
    }.items():
        yield said, b"".join([*lines[:3], other, *lines[4:]])
    yield "no last line end", manifest[:-1]
    yield "CR LF", manifest.replace(b"\n", b"\r\n")


def _digests(manifest: bytes) -> Iterator[tuple[str, bytes]]:
    found = list(re.finditer(rb"<ds:DigestValue>([^<]+)<", manifest))
    for number, one in enumerate(found):
        other = b"B" if manifest[one.start(1) : one.start(1) + 1] == b"A" else b"A"
        yield f"digest {number}", manifest[: one.start(1)] + other + manifest[one.start(1) + 1 :]


@breaks("content.certificates/used")
def a_certificate_that_nothing_leads_to() -> Ways:
    for said, members in strangers().items():
        yield said, partial(resealed, members)


@breaks("container.members/complete")
def every_member_left_out() -> Ways:
    members = sealed()
    for name in (name for name in members if name != layout.MIMETYPE):
        kept = {other: content for other, content in members.items() if other != name}
        # of what the seal makes, and the bag needs, nothing can be made again; of the bag, nothing is made again
        archived = name.startswith(layout.META_INF) or name == layout.CASE
        of_bag = name in (layout.BAG_INFO, layout.BAG_MANIFEST)
        yield name, partial(container_bytes, kept) if archived else partial(forge.reseal, kept, rebag=not of_bag)


@breaks("container.members/size")
def a_member_that_is_too_long() -> Ways:
    for name, content in (
        (layout.README, b"a" * (layout.MAX_SMALL_BYTES + 1)),
        (layout.SEAL_SIGNATURE, bytes(layout.MAX_SIGNED_BYTES + 1)),
        (layout.EVENTS_JSONL, b"{}\n" + b'"' * (layout.MAX_LINE_BYTES + 1) + b"\n"),
        (layout.ENTRIES, b"{}\n" * 9 + b" " * (layout.MAX_LINE_BYTES + 1)),
    ):
        yield name, partial(container_bytes, {**sealed(), name: content})


@breaks("container.members/closed")
def a_member_too_many() -> Ways:
    for name in (
        "notes.txt", "data/notes.txt", "data/picture.jpg", "data/log/99.leaf", "data/certs/1.pem",
        "META-INF/manifest.xml", "data/log/checkpoint.cosigned",
        "META-INF/signature002.p7s", "META-INF/ASiCManifest002.xml", "data/schema/more.schema.json", "data/report.txt",
        "data/report.english.txt", "data/case.json.bak", "verify.bat",
    ):  # fmt: skip
        members = sealed()
        yield name, partial(container_bytes, {**members, name: b"x\n"})


@breaks("container.form/zip")
def every_byte_of_the_headers_changed() -> Ways:
    bundle = forge.reseal(good())
    directory, end = bundle.index(b"PK\x01\x02"), bundle.rindex(b"PK\x05\x06")
    for said, start, size in (("local header", 0, 30), ("directory", directory, 46), ("end", end, 22)):
        for at in range(start, start + size):
            yield f"{said} byte {at - start}", partial(_flipped, bundle, at)
    for said, odd in {
        "bytes before it": b"x" + bundle,
        "bytes behind it": bundle + b"\0",
        "bytes between": bundle[:directory] + b"\0" + bundle[directory:],
        "cut short": bundle[:-1],
        "a comment": bundle[:-2] + b"\x01\x00x",
        "nothing": b"",
    }.items():
        yield said, partial(bytes, odd)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@breaks("container.form/names")
def a_name_in_another_form() -> Ways:
    bundle = forge.reseal(good())
    odd = (
        "../ADM.txt",
        "/EADME.txt",
        "README/txt",
        "-EADME.txt",
        ".EADME.txt",
        "READ E.txt",
        "READ\\E.txt",
        "README.tx\n",
    )
    for name in (*odd, "README.tx\0", "REA//E.txt", "bagit.txt ", "Verify.txt"):
        yield ascii(name), partial(_renamed, bundle, name.encode())
    yield "not ASCII", partial(_renamed, bundle, "R\u00c9DME.txt".encode())


def _renamed(bundle: bytes, name: bytes) -> bytes:
    assert len(name) == len(layout.README)
    local, central = bundle.index(b"README.txt"), bundle.rindex(b"README.txt")
    return bundle[:local] + name + bundle[local + 10 : central] + name + bundle[central + 10 :]


@breaks("seal.signature/cms")
def a_seal_that_is_no_signature_over_the_list() -> Ways:
    members = sealed()
    signature = members[layout.SEAL_SIGNATURE]
    for said, odd in {
        "cut short": signature[:-1],
        "with a byte behind it": signature + b"\0",
        "of another list": forge.members_of(forge.good_bundle())[layout.SEAL_SIGNATURE],
        "without its time stamp": _stamped_times(signature, 0),
        "with two time stamps": _stamped_times(signature, 2),
        "that is a time stamp": members[layout.ARCHIVE_TOKEN],
        "that is nothing": b"",
    }.items():
        yield said, partial(forge.rearchive, {**members, layout.SEAL_SIGNATURE: odd})


def _stamped_times(signature: bytes, times: int) -> bytes:
    signed = cms.ContentInfo.load(signature)
    info = signed["content"]["signer_infos"][0]
    stamp = info["unsigned_attrs"][0].dump()
    if times:
        info["unsigned_attrs"] = cms.CMSAttributes([cms.CMSAttribute.load(stamp) for _ in range(times)])
    else:
        del info["unsigned_attrs"]
    return bytes(signed.dump())


@breaks("seal.signature/certificate")
def a_certificate_that_may_not_seal() -> Ways:
    root = forge.sealer().chain[0]
    nothing = x509.KeyUsage(*[True, *[False] * 8])
    for name in ("SERVER_AUTH", "CLIENT_AUTH", "CODE_SIGNING", "TIME_STAMPING", "OCSP_SIGNING"):
        kinds = x509.ExtendedKeyUsage(
            [x509.ExtendedKeyUsageOID.EMAIL_PROTECTION, getattr(x509.ExtendedKeyUsageOID, name)]
        )
        yield name, partial(_sealed_under, root, kinds)
    yield "no commitment to content", partial(_sealed_under, root, usage=nothing)
    yield "the root itself", _sealed_by_the_root


def _sealed_under(root: x509.Certificate, *extensions: x509.ExtensionType, usage: x509.KeyUsage | None = None) -> bytes:
    return forge.sealed_by(forge.sealer_under(root, *extensions, usage=usage))


def _sealed_by_the_root() -> bytes:
    root = forge.sealer().chain[0]
    return forge.sealed_by(Sealer(root, forge.ROOT_KEYS[root]))


@breaks("seal.chain/root")
def a_seal_that_leads_to_no_given_root_or_too_late() -> Ways:
    yield "a stranger of the same name", _sealed_by_a_stranger
    yield "after its certificate ended", _sealed_too_late


def _sealed_by_a_stranger() -> bytes:
    root, _, certificate, key = make_seal("Test organisation", forge.BEFORE)
    return forge.sealed_by(Sealer(certificate, key, (root,)))


def _sealed_too_late() -> bytes:
    late = forge.sealer_under(forge.sealer().chain[0])
    return forge.reseal(good(), by=late, at=forge.START + timedelta(days=301))


# --- revocation lists


Listing = forge.Listing


def seal_root() -> x509.Certificate:
    return forge.sealer().chain[0]


def stamp_root() -> x509.Certificate:
    return forge.stamp_office().root


def unit_serial() -> int:
    return forge.stamp_office().certificate.serial_number


def listed(*lists: Listing | bytes) -> bytes:
    """A bundle whose seal has these lists."""
    return forge.reseal(good(), listed=[each if isinstance(each, bytes) else each.der() for each in lists])


@breaks("seal.revocation/form")
def lists_that_are_no_whole_lists_or_there_twice() -> Ways:
    doubled = Listing(seal_root()).der()
    yield "twice", partial(listed, doubled, doubled)
    yield "changes to another list", partial(listed, Listing(seal_root(), more=x509.DeltaCRLIndicator(1)))
    limits: dict[str, Any] = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    limits |= dict.fromkeys(("only_contains_user_certs", "only_contains_ca_certs"), False)
    for name in ("indirect_crl", "only_contains_attribute_certs"):
        kinds = {"indirect_crl": False, "only_contains_attribute_certs": False, name: True}
        point = x509.IssuingDistributionPoint(**limits, **kinds)
        yield name, partial(listed, Listing(stamp_root(), more=point))
    yield "an answer of another kind", _with_another_kind


def _with_another_kind() -> bytes:
    members = sealed()
    signed = cms.ContentInfo.load(members[layout.SEAL_SIGNATURE])
    other = {"other_rev_info_format": "1.2.3.4.5", "other_rev_info": core.OctetString(b"x")}
    signed["content"]["crls"] = cms.RevocationInfoChoices([cms.RevocationInfoChoice("other", other)])
    signed["content"]["version"] = "v5"
    return forge.rearchive({**members, layout.SEAL_SIGNATURE: bytes(signed.dump())})


@breaks("seal.revocation/issuer")
def lists_that_no_issuer_above_the_seal_or_a_stamp_made() -> Ways:
    root, key, *_ = make_seal("Test organisation", forge.BEFORE)
    yield "of a stranger of the same name", partial(listed, Listing(root, key=key))
    yield "of another organisation", partial(listed, Listing(_other_root(), key=key))
    yield "signed by another key", partial(listed, Listing(seal_root(), key=key))
    yield "signed by the other root", partial(listed, Listing(seal_root(), key=forge.ROOT_KEYS[stamp_root()]))
    yield "of an authority alone", partial(listed, Listing(stamp_root(), more=_of_authorities()))
    yield "made when the certificates had ended", partial(listed, _made_late())


def _made_late() -> Listing:
    return Listing(seal_root(), at=forge.START + timedelta(days=7_000), until=forge.START + timedelta(days=8_000))


def _other_root() -> x509.Certificate:
    return make_seal("Another organisation", forge.BEFORE)[0]


def _of_authorities() -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=True,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


@breaks("seal.revocation/later")
def lists_that_were_made_after_the_archive() -> Ways:
    for minutes in (3, 60 * 24):
        made_at = forge.START + timedelta(days=1, minutes=minutes)
        for said, root in (("seal", seal_root()), ("stamps", stamp_root())):
            yield f"of the {said}, {minutes} minutes", partial(listed, Listing(root, at=made_at))


@breaks("seal.revocation/revoked")
def certificates_that_were_revoked_before_they_were_used() -> Ways:
    seal = forge.sealer().certificate.serial_number
    for said, since in (("long before", AT - timedelta(days=20)), ("that day", forge.START)):
        for reason in (None, x509.ReasonFlags.superseded, x509.ReasonFlags.key_compromise):
            of_seal = Listing(seal_root(), revoked={seal: since}, reason=reason)
            yield f"the seal, {said}, {reason}", partial(listed, of_seal)
            of_unit = Listing(stamp_root(), revoked={unit_serial(): since}, reason=reason)
            yield f"the office, {said}, {reason}", partial(listed, of_unit)
    later = Listing(seal_root(), revoked={seal: forge.START}, at=forge.START + timedelta(hours=1))
    yield "as the newer of two lists says", partial(listed, Listing(seal_root()), later)


@breaks("seal.revocation/compromised")
def units_that_were_revoked_later_for_a_reason_that_leaves_older_stamps_in_doubt() -> Ways:
    since = forge.START + timedelta(days=2)
    for reason in (None, x509.ReasonFlags.key_compromise, x509.ReasonFlags.privilege_withdrawn):
        yield str(reason), partial(listed, Listing(stamp_root(), revoked={unit_serial(): since}, reason=reason))


@breaks("seal.revocation/ended")
def lists_that_had_ended_when_the_certificate_was_used() -> Ways:
    for said, root in (("seal", seal_root()), ("stamps", stamp_root())):
        ended = Listing(root, until=forge.START + timedelta(hours=1))
        yield f"of the {said}", partial(listed, ended)
