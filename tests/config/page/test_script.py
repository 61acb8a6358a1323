"""Modules of a page become one script, and a policy names it by its digest."""

import pytest

from config.page.script import BUNDLED, csp_digest, linked_parts, part_of

PACKAGE = "casefiles.verifier.html"


def test_modules_are_joined_without_their_imports_and_exports() -> None:
    script = linked_parts(
        PACKAGE, "refuse.js", "given.js", made={"given.js": 'import { a } from "./b.js";\nexport const c = a;\n'}
    )
    assert script.startswith(part_of(PACKAGE, BUNDLED))
    assert "\nclass Refused extends Error" in script
    assert script.endswith("\nconst c = a;\n})();\n")


def test_a_part_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        part_of(PACKAGE, "absent.js")


def test_a_policy_names_a_text_by_its_sha256() -> None:
    # the example of CSP 3, 6.7.3.3
    assert csp_digest("doSubmit()") == "sha256-jzgBGA4UWFFmpOBq0JpdsySukE1FrEN5bUpoK8Z29fY="
    assert csp_digest("a") != csp_digest("b") == csp_digest("b")
