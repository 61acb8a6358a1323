"""``evidence search`` prints where words stand as it finds them, and logs that it looked."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from api.cli.main import main
from api.home import Home
from tests.commands import DONE, REFUSED, USAGE, Life, Terminal, run
from tests.homes import records_of, size_of
from tests.nonempty import nonempty


def word_of(life: Life) -> str:
    return max((word for text in life.export.texts.values() for word in text.split()), key=len)


def search(life: Life, *words: str) -> tuple[str, ...]:
    return ("evidence", "search", *words, "--case", life.case[:9], "--reason", "she asked")


def test_what_is_found_is_told_with_its_place_and_the_words_around_it(life: Life, home: Path) -> None:
    word = word_of(life)
    done = run(*search(life, word), "--json", home=home).printed
    assert (done["case_id"], done["records"], done["warnings"]) == (life.case, len(life.items), [])
    lines = run(*search(life, word), home=home).out.splitlines()
    assert lines[-1] == f"{len(done['hits'])} found in {len(life.items)} records."
    for hit in nonempty(done["hits"]):
        assert {name: hit[name] for name in ("item_id", "channel_id", "message_id")}.items() <= next(
            item for item in life.items if item["item_id"] == hit["item_id"]
        ).items()
        head = f"{hit['item_id'][:8]}  {hit['kind']} in channel {hit['channel_id']}, message {hit['message_id']}, "
        assert any(line.startswith(head) and line.endswith(" UTC") for line in lines)
        for passage in hit["passages"]:
            assert any(f"[{passage['found']}]" in line for line in lines)


def test_a_search_that_finds_nothing_says_in_how_much(life: Life, home: Path) -> None:
    ran = run(*search(life, "nowhere-at-all"), home=home)
    assert (ran.code, ran.out) == (DONE, f"0 found in {len(life.items)} records.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("evidence search --case CASE --reason x", REFUSED, "nothing is looked for"),
        ("evidence search a --case CASE --reason x", REFUSED, "at least 2 letters"),
        ("evidence search word --case CASE", USAGE, "--reason"),
        ("evidence search word --reason x", USAGE, "--case"),
        ("evidence search word --case CASE --reason x --channel @name", USAGE, "--channel"),
        ("evidence list --sender user1", USAGE, "--sender and --case go together"),
        ("evidence list --sender user1 --case CASE", REFUSED, "needs a reason"),
    ],
)
def test_a_search_without_its_case_reason_or_words_looks_at_nothing(
    life: Life, home: Path, arguments: str, code: int, words: str
) -> None:
    before = size_of(Home(home))
    ran = run(*(life.case if word == "CASE" else word for word in arguments.split()), home=home)
    assert (ran.code, ran.out) == (code, "")
    assert words in " ".join(ran.err.split())
    assert size_of(Home(home)) == before


def test_what_one_account_posted_is_listed_for_a_case(life: Life, home: Path) -> None:
    shown = life.ran["case show"].printed["items"]
    sender = next(item["sender_id"] for item in shown if item["sender_id"])
    wanted = [item["item_id"] for item in shown if item["sender_id"] == sender]
    asked = ("evidence", "list", "--sender", sender, "--case", life.case, "--reason", "x")
    before = size_of(Home(home))
    assert [hit["item_id"] for hit in run(*asked, "--json", home=home).printed["hits"]] == wanted
    (record,) = (each for each in records_of(Home(home), before) if each.type == "searched")
    assert (record.values["sender_id"], record.values["text"]) == (sender, None)


def test_a_person_sees_progress_and_what_is_found_on_lines_of_its_own(life: Life, home: Path) -> None:
    out, err = io.StringIO(), Terminal()
    with redirect_stdout(out), redirect_stderr(err):
        assert main(["--home", str(home), *search(life, word_of(life)), "--json"]) == DONE
    json.loads(out.getvalue())
    assert f"Searching: {len(life.items)} of {len(life.items)} records" in err.getvalue()


def test_words_looked_for_stand_in_no_operational_log(life: Life, home: Path) -> None:
    run(*search(life, "Unikatnareč"), home=home)
    logs = [file.read_text() for file in home.glob("nisisama.log*")]
    assert logs
    assert not [text for text in logs if "unikatna" in text.lower()]
