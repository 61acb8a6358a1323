"""Scenario 5: a clerk in Skopje checks a bundle without a network; one changed letter is named, and refused."""

import io
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.format.zip import container_bytes
from casefiles.verifier.html.page import FILE_NAME, verifier_page
from config.words import verifier_words
from evidence.stamp.certificate import fingerprint
from tests.browser.drive import CHROMIUM, FIREFOX, play
from tests.casefiles import forge

pytestmark = pytest.mark.outside

MK = verifier_words("mk")


def with_one_letter_changed(bundle: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        members = {each: opened.read(each) for each in opened.namelist()}
    changed = members[name].replace(b"a", b"b", 1)
    assert changed != members[name]
    return container_bytes({**members, name: changed})


@pytest.mark.parametrize("browser", [CHROMIUM, pytest.param(FIREFOX, marks=pytest.mark.slow)])
def test_scenario_5_the_checker_in_macedonian_says_complete_and_unchanged_and_names_the_file_that_changed(
    browser: str, stage: Path, tmp_path: Path
) -> None:
    page, roots = tmp_path / FILE_NAME, tmp_path / "roots.pem"
    page.write_text(verifier_page(), encoding="utf-8")
    roots.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))
    good, bad = tmp_path / "good.asice", tmp_path / "bad.asice"
    good.write_bytes(forge.good_bundle())
    bad.write_bytes(with_one_letter_changed(forge.good_bundle(), "data/items.csv"))
    pin = fingerprint(forge.sealer().certificate)
    visits = [{"file": str(each), "pin": pin, "pem": [str(roots)], "language": "mk"} for each in (good, bad)]
    heard = play(stage, "verifying", browser=browser, page=page.as_uri(), visits=visits)
    whole, changed = heard["told"]
    assert (whole["verdict"], changed["verdict"]) == ("PASSED", "FAILED")
    assert f"{MK['verifier.whole']}: {MK['verifier.yes']}" in whole["answers"][0]
    assert f"{MK['verifier.whole']}: {MK['verifier.no']}" in changed["answers"][0]
    assert f"{MK['verifier.where']} data/items.csv" in changed["text"]
    assert {call for call in heard["requested"] if not call.startswith("GET data:")} <= {f"GET {page.as_uri()}"}
