"""The page's tables are those of the Python verifier, and its script is whole and can end no element."""

import json
import re
from collections import Counter

from casefiles.verifier.checks import CHECKS
from casefiles.verifier.html.tables import ENGINE, PACKAGE, PAGE, TABLES, said_codes, tables_module
from casefiles.verifier.report import not_made_by
from config.page.script import BUNDLED, part_of
from config.words import languages, verifier_words
from evidence.pictures import FORMATS
from tests.nonempty import nonempty

DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE)
NOT_MADE = ("content.texts", "content.pages")
LICENSED = ("@noble/curves", "@noble/hashes")


def text_of(name: str) -> str:
    return tables_module() if name == TABLES else part_of(PACKAGE, name)


def read_tables() -> dict[str, object]:
    read: dict[str, object] = json.loads(tables_module().removeprefix("export const tables = ").removesuffix(";\n"))
    return read


def test_every_check_has_its_needs_and_its_words_and_all_but_one_are_made() -> None:
    checks = read_tables()["checks"]
    assert isinstance(checks, list)
    assert [(check["id"], tuple(check["needs"])) for check in checks] == [(check.id, check.needs) for check in CHECKS]
    assert [check["id"] for check in checks if not check["isMade"]] == list(NOT_MADE)
    assert [listed.id for listed in not_made_by("html")] == list(NOT_MADE)
    for language in nonempty(languages()):
        assert {f"verifier.check.{check['id']}" for check in checks} <= verifier_words(language).keys()


def test_every_check_that_is_made_is_in_the_script() -> None:
    script = part_of(PACKAGE, "checks.js")
    for check in nonempty(check for check in CHECKS if check.id not in NOT_MADE):
        assert f'"{check.id}":' in script


def test_every_kind_of_picture_has_its_rule_in_the_script() -> None:
    script = part_of(PACKAGE, "pictures.js")
    for form in nonempty(FORMATS):
        assert f"  {form.fits.__name__}: " in script


def test_a_module_comes_after_what_it_imports_and_no_name_is_there_twice() -> None:
    declared: Counter[str] = Counter()
    for at, name in nonempty(enumerate(PAGE)):
        text = text_of(name)
        assert set(re.findall(r'from "\./([a-z]+\.js)"', text)) <= set(PAGE[:at]), name
        declared.update(DECLARED.findall(text))
    assert len(declared) > 200
    assert [name for name, times in declared.items() if times > 1] == []


def test_every_name_that_is_imported_is_used() -> None:
    for name in nonempty(PAGE):
        text = text_of(name)
        for names in re.findall(r"^import \{ (.+) \} from", text, re.MULTILINE):
            body = re.sub(r"^import .*$", "", text, flags=re.MULTILINE)
            assert [one for one in names.split(", ") if not re.search(rf"\b{one}\b", body)] == [], name


def test_every_text_that_the_script_asks_for_is_there() -> None:
    script = "".join(text_of(name) for name in PAGE if name not in (TABLES, BUNDLED))
    asked = set(re.findall(r'"(verifier\.[a-z_.]+)"', script))
    assert len(asked) > 20
    assert asked <= verifier_words("en").keys()


def test_the_codes_that_the_page_names_have_their_words() -> None:
    codes = said_codes()
    assert codes["manifest.file_changed"]["message"]
    named = {
        code
        for name in ENGINE
        if name != TABLES
        for code in re.findall(r'refuse\("([a-z_.0-9]+)"', part_of(PACKAGE, name))
    }
    assert len(named) > 100
    assert named <= codes.keys()


def test_the_script_writes_no_html_and_keeps_and_asks_nothing() -> None:
    ours = "".join(part_of(PACKAGE, name) for name in PAGE if name != TABLES)
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "fetch(",
        "XMLHttp",
        "localStorage",
        "sessionStorage",
        "indexedDB",
        "cookie",
        "WebSocket",
        "sendBeacon",
        "Worker(",
    ):
        assert word not in ours
    assert "replaceChildren" in ours


def test_what_others_wrote_has_its_licences_in_it() -> None:
    bundled = part_of(PACKAGE, BUNDLED)
    for name in nonempty(LICENSED):
        assert re.search(rf"^{name} \d", bundled, re.MULTILINE)
    assert bundled.count("Permission is hereby granted") == len(LICENSED)
