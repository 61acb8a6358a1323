"""The page is one file that nothing but its own script can run in, and the same for everybody."""

import hashlib
import re

from casefiles.verifier.html.page import page_sha256, verifier_page
from config.page.script import csp_digest
from config.words import languages, verifier_words
from tests.nonempty import nonempty


def between(before: str, after: str) -> str:
    found = re.search(rf"{before}(.*?){after}", verifier_page(), re.DOTALL)
    assert found
    return found[1]


def test_the_policy_names_the_one_script_and_the_one_style_and_no_address() -> None:
    policy = between('Content-Security-Policy" content="', '"').replace("&#x27;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src '{csp_digest(between('<script>', '</script>'))}'" in policy
    assert f"style-src '{csp_digest(between('<style>', '</style>'))}'" in policy
    assert "connect-src" not in policy
    assert "unsafe" not in policy
    assert verifier_page().count("<script") == verifier_page().count("<style") == 1


def test_the_page_names_no_place_to_load_from() -> None:
    outside = re.sub(r"<script>.*</script>", "", verifier_page(), flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="([^"#]*)', outside) == ["data:,"] + [""] * len(languages())


def test_it_says_in_every_language_what_to_do_without_a_script() -> None:
    for language in nonempty(languages()):
        assert verifier_words(language)["verifier.script"] in verifier_page()


def test_its_digest_is_that_of_its_bytes_and_it_is_made_the_same_again() -> None:
    assert page_sha256() == hashlib.sha256(verifier_page().encode()).hexdigest()
    verifier_page.cache_clear()
    assert page_sha256() == hashlib.sha256(verifier_page().encode()).hexdigest()
