"""Whatever version wrote a chat, and in whatever form it comes: what is read is what the model says, hole by hole."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from evidence.observation import Container, Hole, HoleReason, Kind, Observation
from monitor.desktop.archive import opened_archives, unpack_export
from monitor.desktop.found import exports_in
from monitor.desktop.json import read_export
from tests.monitor.desktop.both import Said
from tests.monitor.desktop.layouts import (
    ERAS,
    FORMS,
    NOW,
    TITLE,
    Era,
    Facts,
    Given,
    ModelChat,
    facts_of,
    gaps_of,
    histories,
    told_by,
    write_html,
)
from tests.nonempty import nonempty

PHASES = (Phase.explicit, Phase.generate)
"""To shrink an example would unpack hundreds of archives; the models are small as they are."""
AT = datetime(2026, 1, 1, tzinfo=UTC)
_OF_FILES = (HoleReason.MISSING_FILE, HoleReason.NOT_INCLUDED, HoleReason.TOO_LARGE, HoleReason.UNAVAILABLE)


@contextmanager
def opened(brought: Given, scratch: Path) -> Iterator[Container]:
    """What somebody brings, as the program reads it."""
    with ExitStack() as stack:
        path = brought.paths[0]
        if path.is_file() and path.suffix != ".json":
            archives = stack.enter_context(opened_archives(brought.paths))
            scratch.mkdir()
            unpack_export(archives, scratch, most_bytes=1 << 20)
            (path,) = exports_in(scratch)
        yield read_export(path, chat_id=brought.chat, now=lambda: AT)


def read_facts(contents: Sequence[Observation | Hole]) -> list[Facts]:
    """What was read of each message."""
    files: dict[int | None, str | HoleReason] = {}
    for each in contents:
        if isinstance(each, Hole) and each.reason in _OF_FILES:
            files[each.lo] = each.reason
        elif isinstance(each, Observation) and each.medium is not None:
            with each.medium.open() as file:
                files[each.message_id] = _sha256(file.read())
    said = (each for each in contents if isinstance(each, Observation) and each.kind is not Kind.FILE)
    return [facts_of({**each.fields, "kind": each.kind.value}, files.get(each.message_id)) for each in said]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def holes_of(contents: Sequence[Observation | Hole]) -> list[tuple[HoleReason, int | None, int | None]]:
    """The holes that are not in the place of a file."""
    holes = (each for each in contents if isinstance(each, Hole) and each.reason not in _OF_FILES)
    return sorted((each.reason, each.lo, each.hi) for each in holes)


def expected_holes(history: ModelChat, brought: Given) -> list[tuple[HoleReason, int | None, int | None]]:
    """What must be said to be missing of the chat as a whole, which is a supergroup."""
    own = [(HoleReason.OWN_ONLY, None, None)] if brought.is_own else []
    return sorted([*own, *((HoleReason.GAP, lo, hi) for lo, hi in gaps_of(history))], key=str)


def require_as_the_model(history: ModelChat, era: Era, form: str, scratch: Path) -> Container:
    """Read what somebody brings, and compare every message, file and hole with the model."""
    scratch.mkdir()
    brought = FORMS[form](history, era, scratch)
    with opened(brought, scratch / "unpacked") as container:
        contents = list(container.contents())
        assert read_facts(contents) == told_by(history, era, with_files=brought.with_files), (era.name, form)
        assert sorted(holes_of(contents), key=str) == expected_holes(history, brought), (era.name, form)
        assert "PRIVATE" not in repr([container.rest(), *contents])
    assert container.total == len(history.said)
    assert (container.channel_title, container.channel_type) == (TITLE, history.type)
    if era.numbered:
        assert container.channel_id == str(history.number)
    return container


def all_forms(history: ModelChat, folder: Path) -> None:
    for number, era in enumerate(nonempty(ERAS)):
        require_as_the_model(history, era, "folder", folder / f"era {number}")
    for number, form in enumerate(nonempty(FORMS)):
        require_as_the_model(history, ERAS[number % len(ERAS)], form, folder / f"form {number}")
        require_as_the_model(history, NOW, form, folder / f"new form {number}")


@settings(max_examples=6, deadline=None, derandomize=True, phases=PHASES)
@given(histories())
def test_every_version_in_every_form_says_what_the_model_says(
    tmp_path_factory: pytest.TempPathFactory, history: ModelChat
) -> None:
    folder = tmp_path_factory.mktemp("forms")
    all_forms(history, folder)
    shutil.rmtree(folder)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, phases=PHASES)
@given(histories(), st.sampled_from(ERAS), st.sampled_from(list(FORMS)))
def test_any_version_in_any_form_says_what_the_model_says(
    tmp_path_factory: pytest.TempPathFactory, history: ModelChat, era: Era, form: str
) -> None:
    folder = tmp_path_factory.mktemp("forms")
    require_as_the_model(history, era, form, folder / "brought")
    shutil.rmtree(folder)


@settings(max_examples=15, deadline=None, derandomize=True, phases=PHASES)
@given(histories(), st.integers(1, 4))
def test_the_pages_say_what_the_model_says_as_far_as_they_say_it(
    tmp_path_factory: pytest.TempPathFactory, history: ModelChat, each_page: int
) -> None:
    folder = tmp_path_factory.mktemp("pages")
    brought = write_html(history, folder / "ChatExport", each_page=each_page)
    with opened(brought, folder / "unpacked") as container:
        read = read_facts(list(container.contents()))
    assert read == [_as_pages_say(each) for each in told_by(history, ERAS[0])]
    assert (container.channel_id, container.total) == (str(history.number), len(history.said))
    shutil.rmtree(folder)


def _as_pages_say(told: Facts) -> Facts:
    """A page has no number of anybody, no time of an edit, and of a service message nothing but its words."""
    told = replace(told, sender_id=None, edited=None)
    return told if told.kind == "message" else replace(told, sender_name=None, local=None)


def test_the_comparison_sees_a_message_that_is_lost_and_one_that_moved(tmp_path: Path) -> None:
    # the control
    history = ModelChat((Said(3, datetime(2024, 1, 1), runs=("a",)), Said(7, datetime(2024, 1, 2), runs=("b",))), {})  # noqa: DTZ001 - local
    with opened(FORMS["folder"](history, NOW, tmp_path), tmp_path / "unpacked") as container:
        contents = list(container.contents())
    assert read_facts(contents) == told_by(history, NOW)
    assert holes_of(contents) == [(HoleReason.GAP, 4, 6)]
    assert read_facts(contents) != told_by(history.without(3), NOW)
    later = replace(history, said=tuple(replace(each, at=each.at.replace(hour=1)) for each in history.said))
    assert read_facts(contents) != told_by(later, NOW)
