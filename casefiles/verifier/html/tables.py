"""What the page knows of the format: the tables of the Python verifier, as one module of the page's script.

Nothing is written twice: members, types, schemas, kinds of pictures and words are read from where they stand, and
``parts/`` has the rules.
"""

import functools
import importlib.resources
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from asn1crypto import x509

from casefiles.format import layout
from casefiles.format.pdf import (
    FONT_TABLES,
    MAX_SEARCHED_BYTES,
    MAX_STREAM_BYTES,
    MAX_UNPACKED_BYTES,
    PAGE_NAMES,
    STREAM_ROLES,
)
from casefiles.format.records import COLUMNS
from casefiles.format.schema import schema_bytes
from casefiles.report.said import OF_ITSELF
from casefiles.verifier.cades import DOCUMENT_KINDS
from casefiles.verifier.checks import CHECKS
from casefiles.verifier.report import check_list
from config.errors import catalogue
from config.page.script import part_of
from config.words import languages, verifier_words, words_beginning
from evidence.canonical import MAX_VALUES
from evidence.content import COUNTED, COUNTERS, ENTITY_FIELDS, IDENTITY, PARTS, SPELLINGS, Field, Form, NumberKind
from evidence.log.schema import FORMAT, SCHEMAS, SEALED_NAMES
from evidence.observation import OF_A_PART, Mode
from evidence.pictures import FORMATS, MOST_SPELLED
from evidence.stamp.chain import KNOWN_EXTENSIONS

PACKAGE: Final = "casefiles.verifier.html"
TABLES: Final = "tables.js"
ENGINE: Final = (
    "refuse.js",
    "bytes.js",
    TABLES,
    "times.js",
    "canonical.js",
    "layout.js",
    "container.js",
    "lists.js",
    "der.js",
    "names.js",
    "algorithms.js",
    "certificate.js",
    "cms.js",
    "token.js",
    "seal.js",
    "revocation.js",
    "merkle.js",
    "note.js",
    "leaf.js",
    "quick.js",
    "lines.js",
    "records.js",
    "schema.js",
    "received.js",
    "closed.js",
    "persons.js",
    "references.js",
    "pdf.js",
    "pictures.js",
    "entries.js",
    "checks.js",
)
"""What verifies, each after what it imports; a test runs it without a page."""
PAGE: Final = (*ENGINE, "told.js", "said.js", "exhibits.js", "page.js")
"""All that the page is made of."""
_CODE: Final = re.compile(r'"([a-z_]+\.[a-z_0-9]+)"')
_OF_ITEMS: Final = (
    *("report.item.", "report.part.", "report.field.", "report.entity."),
    *("report.nothing", "report.value_withheld", "report.stripped", "report.number", "report.shown_as"),
    *("kind.", "number.", "action.", "chat.", "flag."),
    *(f"{kind}.{name}." for kind, fields in PARTS.items() for name in fields if fields[name].form is Form.CODE),
)
"""How the keys of the report's words begin that tell what an item says."""
_SAID: Final = ("message", "expected", "found")


@functools.cache
def tables_module() -> str:
    """The module ``tables.js`` of the page that verifies a bundle.

    No ``<`` is left in it, so nothing in it ends the element that it stands in.
    """
    text = json.dumps(_tables(), ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    return f"export const tables = {text};\n"


def _tables() -> dict[str, Any]:
    return {
        "bundleSchema": layout.BUNDLE_SCHEMA,
        "checks": _checks(),
        "columns": COLUMNS,
        "content": _content(),
        "confusables": _confusables(),
        "documentKinds": sorted(DOCUMENT_KINDS),
        "eventFormat": FORMAT,
        "identity": IDENTITY,
        "itemSubject": SCHEMAS["observed"].subject,
        "knownExtensions": sorted(KNOWN_EXTENSIONS),
        "limits": {
            "lineBytes": layout.MAX_LINE_BYTES,
            "memberBytes": layout.MAX_MEMBER_BYTES,
            "members": layout.MAX_MEMBERS,
            "mostSpelled": MOST_SPELLED,
            "nameBytes": layout.MAX_NAME_BYTES,
            "values": MAX_VALUES,
        },
        "members": [
            {
                "name": one.name,
                "type": one.media_type,
                "search": one.search,
                "writer": one.writer,
                "howMany": one.how_many,
                "maxBytes": one.max_bytes,
                "isOfLines": one.media_type == layout.TYPE_LINES,
            }
            for one in layout.MEMBERS
        ],
        "mimetype": layout.MIMETYPE_TEXT.decode("ascii"),
        "modes": list(Mode),
        "nameTypes": _name_types(),
        "ofAPart": dict(OF_A_PART),
        "pages": {
            "fontTables": sorted(_text(name) for name in FONT_TABLES),
            "names": sorted(_text(name) for name in PAGE_NAMES),
            "roles": {_text(role): _text(kind) for role, kind in STREAM_ROLES.items()},
            "streamBytes": MAX_STREAM_BYTES,
            "unpackedBytes": MAX_UNPACKED_BYTES,
            "searchedBytes": MAX_SEARCHED_BYTES,
        },
        "pictures": [
            {
                "name": one.name,
                "opening": one.opening.hex(),
                "fits": one.fits.__name__,
                "window": one.window,
                "anywhere": one.anywhere,
            }
            for one in FORMATS
        ],
        "said": said_codes(),
        "schemaTexts": {name: schema_bytes(name).decode("utf-8") for name in layout.SCHEMA_NAMES},
        "sealedNames": SEALED_NAMES,
        "types": {
            name: {"names": sorted(schema.names), "public": sorted(schema.public)} for name, schema in SCHEMAS.items()
        },
        "words": {language: _words(language) for language in languages()},
    }


def _words(language: str) -> Mapping[str, str]:
    """The page's own words, and those of the report that it needs for the exhibits."""
    return {**words_beginning(_OF_ITEMS, language), **verifier_words(language)}


def _content() -> dict[str, Any]:
    """The forms of a content, as ``evidence.content`` has them."""
    return {
        "counted": sorted(COUNTED),
        "counters": COUNTERS,
        "entity": _forms(ENTITY_FIELDS),
        "itself": sorted(OF_ITSELF),
        "numbers": list(NumberKind),
        "parts": {kind: _forms(fields) for kind, fields in PARTS.items()},
        "spellings": {form: pattern.pattern for form, pattern in SPELLINGS.items()},
    }


def _forms(fields: Mapping[str, Field]) -> list[tuple[str, str, bool]]:
    """Name, form, and whether there are many; in the order in which they are told."""
    return [(name, field.form, field.many) for name, field in fields.items()]


def _text(name: bytes) -> str:
    return name.decode("ascii")


def _checks() -> list[dict[str, Any]]:
    checks = {check.id: check for check in CHECKS}
    return [
        {
            "id": each.id,
            "isMade": "html" in each.done_by,
            "needs": checks[each.id].needs,
            "failure": each.sub_indication,
            "isAdded": checks[each.id].added,
        }
        for each in check_list()
    ]


def _confusables() -> str:
    text = (importlib.resources.files("config") / "data" / "confusables.txt").read_text("ascii")
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def _name_types() -> Mapping[str, str]:
    """The types of a Name that are texts, by dotted name, as asn1crypto reads them."""
    kinds: Any = x509.NameTypeAndValue._oid_specs  # noqa: SLF001 - it has no other name for them
    types: Any = x509.NameType
    return {types.unmap(name): "bits" if kind.__name__ == "OctetBitString" else "text" for name, kind in kinds.items()}


def said_codes() -> Mapping[str, Mapping[str, str]]:
    """The words of the codes that the page which verifies a bundle may name, in English, for whoever helps with it."""
    told = catalogue("en")
    named = {code for name in ENGINE if name != TABLES for code in _CODE.findall(part_of(PACKAGE, name))}
    return {
        code: {part: told[code][part] for part in _SAID if part in told[code]} for code in sorted(named & told.keys())
    }
