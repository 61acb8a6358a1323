"""``approve`` speaks to a person, shows what is asked for before it is done, and refuses the first one."""

import io
import re
from pathlib import Path

import pytest

from tests.commands import DONE, REFUSED, REPORT, UNDECIDED, USAGE, Life, Ran, Terminal, run, waiting
from tests.homes import legal_basis


def test_doctor_names_what_waits_and_approve_ends_it(home: Path) -> None:
    add = run("watch", "add", "kanal", *REPORT.split(), "--mode", "metadata_only", home=home)
    assert add.code == DONE
    (finding,) = waiting(run("doctor", "--json", home=home))
    assert finding["verdict"] == "PASSED"
    request = finding["facts"]["subject"]
    assert run("approve", request, "--json", home=home).error["code"] == "authority.names_too_like"
    ran = run("approve", request, "--by", "bo", home=home)
    assert ran.out.startswith("Approved the watch of ann: kanal. 0 other requests still waiting.")
    assert waiting(run("doctor", "--json", home=home)) == []
    assert run("approve", request, "--by", "bo", "--json", home=home).error["code"] == "authority.answered"


def asked(home: Path, *more: str) -> Ran:
    basis = legal_basis(home.parent)
    words = ("watch", "add", "kanal", *REPORT.split(), "--mode", "sealed", "--legal-basis", basis, "--reason", "now")
    return run(*words, *more, home=home)


def test_a_script_and_a_person_see_that_nothing_was_done_yet(home: Path) -> None:
    said = asked(home)
    assert said.code == UNDECIDED
    found = re.fullmatch(
        r"Nothing was done yet: this watch needs a second person\. The request is in the log\.\n"
        r"By (20[0-9: -]+ UTC), that person looks at it and answers it with:\n  nisisama approve ([0-9a-f]{32})\n",
        said.out,
    )
    assert found, said.out
    told = asked(home, "--json")
    assert told.code == UNDECIDED
    assert told.printed.keys() == {"request", "waits", "what", "due_at", "warnings"}
    assert (told.printed["waits"], told.printed["what"]) == (True, "watch")
    assert run("watch", "list", home=home).out == "No channel is registered.\n"
    listed = run("approve", home=home)
    assert [line[:32] for line in listed.out.splitlines() if line[0] != " "] == [found[2], told.printed["request"]]
    assert "asked for, to be approved, by" in listed.out
    assert "    ann: kanal" in listed.out  # the passphrase is in the environment
    refused = run("approve", found[2], "--refuse", "--reason", "twice", "--json", home=home).printed
    assert (refused["refused"], refused["waiting"]) == (True, 1)
    assert "Took back your" not in str(refused)
    (each,) = run("approve", "--list", "--json", home=home).printed["requests"]
    assert each == {
        "request": told.printed["request"],
        "what": "watch",
        "stage": "request",
        "due_at": told.printed["due_at"],
        "target": "kanal",
        "requested_by": "ann",
        "items": [],
    }


def test_a_list_without_the_passphrase_asks_for_none_and_names_nobody(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(home, "--json").printed["request"]
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    listed = run("approve", home=home)
    assert (listed.code, listed.out.startswith(f"{request}  watch")) == (DONE, True)
    assert "ann" not in listed.out
    assert run("approve", "--list", "--json", home=home).printed["requests"][0]["target"] is None


def test_the_second_person_sees_what_is_asked_for_and_says_yes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = asked(home, "--json").printed["request"]
    error = run("approve", request, "--by", "bo", "--json", home=home)
    assert (error.code, error.error["code"]) == (USAGE, "usage.needs_yes")
    for answer, code in (("no\n", REFUSED), ("\n", REFUSED), ("yes\n", DONE)):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        ran = run("approve", request, "--by", "bo", home=home)
        assert ran.code == code, ran.err
        assert "Not approved. Nothing was changed" in ran.err or code == DONE
    for shown in ("ann asked on 20", "for: watch, kanal", "reason: now", "mode: sealed", "counsel: A. Counsel"):
        assert shown in ran.err
    assert ran.out.startswith("Registered kanal as sealed.")
    assert "Approved the watch of ann: kanal." in ran.out
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert "kanal" in run("watch", "list", home=home).out


def test_what_an_approved_act_did_is_told_as_the_act_tells_it(home: Path) -> None:
    asked_for = run("receiver", "add", "A. Lawyer", "--for", "lawyer", "--json", home=home)
    assert asked_for.code == UNDECIDED
    request = asked_for.printed["request"]
    done = run("approve", request, "--yes", "--by", "bo", "--json", home=home)
    assert (done.code, done.printed["receiver"], done.printed["audience"]) == (DONE, "A. Lawyer", "lawyer")
    assert (done.printed["request"], done.printed["what"]) == (request, "receiver")
    assert "receiver: A. Lawyer" in done.err


def test_the_seal_is_renewed_by_who_brings_the_cards(life: Life, home: Path) -> None:
    asked_for = run("key", "renew-seal", "--json", home=home)
    assert asked_for.code == UNDECIDED
    words = [each for card in sorted((life.folder / "cards").iterdir()) for each in ("--card", card)]
    done = run("approve", asked_for.printed["request"], "--yes", "--by", "bo", "--json", *words, home=home)
    assert (done.code, "seal_fingerprint" in done.printed) == (DONE, True)


def test_an_export_that_one_person_may_not_make_waits_and_says_why(life: Life, home: Path) -> None:
    out = home.parent / "later.asice"
    words = ("case", "export", life.case, "--out", out, "--for", "lawyer", "--reason", "x", "--json")
    said = run(*words, home=home)
    assert (said.code, said.printed["what"], out.exists()) == (UNDECIDED, "export", False)
    assert "note: one person alone exports only to an approved receiver" in said.err
    done = run("approve", said.printed["request"], "--yes", "--by", "bo", "--json", home=home)
    assert (done.code, done.printed["bundle"], out.exists()) == (DONE, str(out), True)
