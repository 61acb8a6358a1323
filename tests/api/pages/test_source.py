"""The modules of the page become one script, and the sealing in it is what docs/check-page.md says."""

import hashlib
import re
from collections import Counter

from api.pages.source import BUNDLED, MODULES, linked, page_part
from tests.contracts.tree import ROOT
from tests.nonempty import nonempty

EVERY = (*MODULES, "page.js")
LICENSED = (
    "age-encryption",
    "@noble/ciphers",
    "@noble/curves",
    "@noble/hashes",
    "@noble/post-quantum",
    "@scure/base",
    "jpeg-js",
)


def test_nothing_is_imported_or_exported_any_more() -> None:
    script = linked(*EVERY)
    assert script.startswith("/*!")
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    assert re.search(r"^import\b", page_part("page.js"), re.MULTILINE), "there was something to take away"


def test_a_module_comes_after_what_it_imports() -> None:
    for at, name in nonempty(enumerate(EVERY)):
        wanted = re.findall(r'from "\./([a-z]+\.js)"', page_part(name))
        assert set(wanted) <= set(EVERY[:at])


def test_every_name_of_the_script_is_declared_once() -> None:
    declared = [
        name
        for module in EVERY
        for name in re.findall(
            r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", page_part(module), re.MULTILINE
        )
    ]
    assert len(declared) > 50
    assert [name for name, times in Counter(declared).items() if times > 1] == []


def test_nothing_in_a_script_can_end_its_element() -> None:
    assert not re.search(r"</script|<!--", linked(*EVERY), re.IGNORECASE)


def test_the_sealing_has_its_licences_in_it_and_its_digest_in_the_manual() -> None:
    sealing = page_part(BUNDLED)
    for name in LICENSED:
        assert re.search(rf"^{name} \d", sealing, re.MULTILINE)
    assert sealing.count("Permission is hereby granted") + sealing.count("Redistribution and use") == len(LICENSED)
    manual = (ROOT / "docs" / "check-page.md").read_text(encoding="utf-8")
    assert hashlib.sha256(sealing.encode()).hexdigest() in manual


def test_the_page_uses_no_store_and_writes_no_html() -> None:
    ours = "".join(page_part(name) for name in EVERY)
    for word in ("localStorage", "sessionStorage", "indexedDB", "cookie", "caches", "innerHTML", "eval(", "history."):
        assert word not in ours
    assert "replaceChildren" in ours
