"""A clerk checks a bundle on the page, from a file, in both browsers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.verifier.html.page import FILE_NAME, verifier_page
from casefiles.verifier.report import not_made_by
from config.words import languages, verifier_words
from evidence.stamp.certificate import fingerprint
from tests.browser.drive import CHROMIUM, FIREFOX, play
from tests.casefiles import forge
from tests.damaged.corpus import CORPUS, Damaged
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

EN = verifier_words("en")
PHONE, DESK = 390, 1280
NOT_MADE = {listed.id for listed in not_made_by("html")}
A_SAMPLE = [case for case in CORPUS if not NOT_MADE & (case.fails | case.undecided)][::8]
MARKS = "Z" + "\u0335\u0336\u0337\u0338" * 200
HOSTILE = "\u202egnp.exe <img src=x onerror=document.title=1> =1+1 " + MARKS + " " + "a" * 1_000_000
FOUND = """({
    images: document.images.length, title: document.title,
    html: document.querySelectorAll("#result script, #result img").length,
    wide: document.documentElement.scrollWidth <= innerWidth,
    text: document.querySelector(".exhibit p.foreign").textContent,
})"""


@dataclass(frozen=True)
class ClerksDesk:
    """What a clerk has: the page, the file, the letter."""

    folder: Path

    def page(self) -> str:
        file = self.folder / FILE_NAME
        file.write_text(verifier_page(), encoding="utf-8")
        return file.as_uri()

    def file(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def roots(self) -> str:
        return self.file("roots.pem", b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))


PIN = fingerprint(forge.sealer().certificate)
ROOTS = " ".join(fingerprint(root) for root in forge.roots())


@pytest.fixture
def desk(tmp_path: Path) -> ClerksDesk:
    return ClerksDesk(tmp_path)


def line(name: str, word: str) -> str:
    return f"{EN[f'verifier.{name}']}: {EN[f'verifier.{word}']}"


def answers(told: dict[str, Any]) -> list[str]:
    """The two lines, without their signs."""
    return [each.partition("\n")[2] for each in told["answers"]]


@pytest.mark.parametrize("browser", [CHROMIUM, FIREFOX])
def test_two_lines_answer_and_nothing_is_asked_of_anybody(browser: str, stage: Path, desk: ClerksDesk) -> None:
    good = desk.file("good.asice", forge.good_bundle())
    visits = [
        {"file": good, "pin": f"{PIN[:32]} {PIN[32:].upper()}", "roots": ROOTS, "key": str(forge.VKEY)},
        {"file": good, "pem": [desk.roots()]},
        {"file": good, "pin": PIN},
        {"file": good, "pin": "ab" * 32, "pem": [desk.roots()], "drop": browser == CHROMIUM},
        {"file": good, "roots": "cd" * 32},
        {"file": desk.file("notes.asice", b"no bundle"), "pin": PIN},
    ]
    heard = play(stage, "verifying", browser=browser, page=desk.page(), visits=visits)
    typed, picked, pinned, other, unknown, none = heard["told"]
    assert (typed["verdict"], answers(typed)) == ("PASSED", [line("whole", "yes"), line("signer", "yes")])
    assert (picked["verdict"], answers(picked)[1]) == ("PASSED", line("signer", "signer.compare"))
    assert " ".join(PIN[at : at + 4] for at in range(0, 64, 4)) in picked["text"]
    assert (pinned["verdict"], answers(pinned)) == ("INDETERMINATE", [line("whole", "yes"), line("signer", "yes")])
    assert (other["verdict"], answers(other)) == ("FAILED", [line("whole", "yes"), line("signer", "no")])
    assert other["failed"] == ["seal.chain"]
    assert EN["verifier.roots.unknown"] in unknown["text"]
    assert unknown["verdict"] == "INDETERMINATE"
    assert (none["failed"], none["exhibits"]) == (["container.form"], 0)
    assert typed["exhibits"] == 3
    assert EN["verifier.texts"] not in typed["text"], "it is folded away"
    # the page is a file; Firefox's own windows have a font in a data: address
    assert {call for call in heard["requested"] if not call.startswith("GET data:")} <= {f"GET {desk.page()}"}
    assert heard["troubles"] == []


# in Node, tests/browser/test_engine.py has the page's modules check the whole corpus
@pytest.mark.parametrize(
    ("browser", "sample"),
    [(CHROMIUM, A_SAMPLE), pytest.param(FIREFOX, A_SAMPLE, marks=pytest.mark.slow)],
    ids=["chromium", "firefox"],
)
def test_a_damaged_bundle_names_its_check_with_what_it_means(
    browser: str, sample: list[Damaged], stage: Path, desk: ClerksDesk
) -> None:
    visits = [{"file": desk.file(f"{case.name}.asice", case.bundle()), "pem": [desk.roots()]} for case in sample]
    heard = play(stage, "verifying", browser=browser, page=desk.page(), visits=visits)
    for case, told in nonempty(zip(sample, heard["told"], strict=True)):
        # the log's key, which this page was not told here, is wrong in one of them
        assert (case.name, set(told["failed"])) == (case.name, set(case.fails))
        assert told["verdict"] == case.verdict
    assert heard["troubles"] == []


def test_of_a_seal_that_was_revoked_the_bytes_are_whole_and_the_signer_is_nobody(stage: Path, desk: ClerksDesk) -> None:
    seal, unit = forge.sealer(), forge.stamp_office()
    of_seal = forge.Listing(seal.chain[0], revoked={seal.certificate.serial_number: forge.START})
    of_unit = forge.Listing(unit.root, revoked={unit.certificate.serial_number: forge.START})
    bundles = [forge.reseal(forge.good_members(), listed=[one.der()]) for one in (of_seal, of_unit)]
    bundles.append(forge.reseal(forge.good_members(), listed=[]))
    visits = [
        {"file": desk.file(f"{at}.asice", one), "pin": PIN, "pem": [desk.roots()]} for at, one in enumerate(bundles)
    ]
    sealed, stamped, bare = play(stage, "verifying", browser=CHROMIUM, page=desk.page(), visits=visits)["told"]
    assert answers(sealed) == [line("whole", "yes"), line("signer", "no")]
    assert answers(stamped) == answers(bare) == [line("whole", "yes"), line("signer", "yes")]
    for told in (sealed, stamped):
        assert (told["verdict"], told["failed"]) == ("FAILED", ["seal.revocation"])
        assert EN["verifier.means.revoked"] in told["text"]
        assert EN["verifier.ask.issuer"] in told["text"]
    assert bare["verdict"] == "PASSED"
    assert EN["verifier.unlisted"].partition("{")[0] in bare["text"]
    assert "Test organisation, seal" in bare["text"].partition(EN["verifier.unlisted"].partition("{")[0])[2]
    assert EN["verifier.unlisted"].partition("{")[0] not in sealed["text"]


@pytest.mark.parametrize("browser", [CHROMIUM, pytest.param(FIREFOX, marks=pytest.mark.slow)])
def test_what_others_wrote_stays_text_and_in_its_place(browser: str, stage: Path, desk: ClerksDesk) -> None:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START)
    log.add("observed", {**forge.item(1), "text": HOSTILE})
    bundle, _ = forge.build(forge.contents_of(forge.add_to_case(log)))
    visit = {"file": desk.file("hostile.asice", bundle), "pem": [desk.roots()], "evaluate": FOUND}
    heard = play(stage, "verifying", browser=browser, page=desk.page(), visits=[visit])
    (told,) = heard["told"]
    assert told["verdict"] == "PASSED"
    seen = told["seen"]
    assert (seen["images"], seen["html"], seen["wide"], seen["title"]) == (0, 0, True, EN["verifier.title"])
    assert seen["text"].startswith("[U+202E]gnp.exe <img src=x onerror")
    assert "Z\u0335\u0336\u0337[\u2026]" in seen["text"]
    assert len(seen["text"]) < 2_100


def test_a_fingerprint_that_is_none_is_told_before_anything_is_checked(stage: Path, desk: ClerksDesk) -> None:
    good = desk.file("good.asice", forge.good_bundle())
    visits = [{"file": good, "pin": "12 34", "stop": True}, {"file": good, "roots": "xyz", "stop": True}]
    for told in nonempty(play(stage, "verifying", browser=CHROMIUM, page=desk.page(), visits=visits)["told"]):
        assert told["verdict"] is None
        assert EN["verifier.seal.wrong"] in told["text"] or EN["verifier.roots.wrong"] in told["text"]


LOOKED_AT = ("en", "mk", "sl")
"""Languages of each run: the page is the same in all, and only the letters and the length of its words differ."""


@pytest.mark.parametrize(
    "language",
    [each if each in LOOKED_AT else pytest.param(each, marks=pytest.mark.slow) for each in languages()],
)
def test_axe_finds_nothing_in_any_language(language: str, stage: Path, desk: ClerksDesk) -> None:
    bad = next(case for case in CORPUS if case.fails == {"records.items"})
    visits = [
        {"file": desk.file("good.asice", forge.good_bundle()), "pin": PIN, "language": language, "axe": [DESK, PHONE]},
        {"file": desk.file("bad.asice", bad.bundle()), "pem": [desk.roots()], "language": language, "axe": [PHONE]},
    ]
    for told in nonempty(play(stage, "verifying", browser=CHROMIUM, page=desk.page(), visits=visits)["told"]):
        assert verifier_words(language)["verifier.result"] in told["text"]
        for found in nonempty(told["axe"]):
            assert found["broken"] == []
            assert found["passes"] > 10
