"""The rehearsal export is harmless, laid out like the real thing and the same for the same seed."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from monitor.rehearsal.export import rehearsal_picture, write_export


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_one_seed_gives_one_export_and_another_another(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_export(tmp_path / name, seed=seed, messages=30)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_the_file_is_spelled_as_telegram_desktop_spells_it(tmp_path: Path) -> None:
    write_export(tmp_path, seed=1, messages=30)
    text = (tmp_path / "result.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    assert not text.endswith("\n")


def test_one_of_everything_that_matters_is_in_it(tmp_path: Path) -> None:
    facts = write_export(tmp_path, seed=1, messages=30)
    messages = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["messages"]
    names = set().union(*messages)
    assert names >= {
        "edited_unixtime",
        "reply_to_message_id",
        "forwarded_from",
        "photo",
        "file",
        "thumbnail",
        "poll",
        "contact_vcard",
        "action",
        "actor_id",
    }
    assert len(messages) == facts.ordinary + facts.service + facts.unsupported == 30
    assert any(isinstance(one.get("text"), list) for one in messages)
    assert {"unsupported", "service", "message"} == {one["type"] for one in messages}
    assert facts.edits == facts.withheld == facts.unsupported == 1
    assert set(facts.media) < set(digests(tmp_path))
    assert set(digests(tmp_path)) - set(facts.media) == {"result.json", "files/model.png_thumb.jpg"}


def test_every_telephone_number_is_kept_free_for_drama(tmp_path: Path) -> None:
    write_export(tmp_path, seed=1, messages=300)
    said = (tmp_path / "result.json").read_text(encoding="utf-8")
    said += (tmp_path / "contacts/contact_1.vcard").read_text(encoding="ascii")
    numbers = re.findall(r"\+[\d ]{9,}", said)
    assert len(numbers) >= 3
    assert all(re.fullmatch(r"\+447700900\d{3}", number.replace(" ", "")) for number in numbers)
    assert set(re.findall(r"https?://[^/\"]+", said)) == {"https://example.org"}


@pytest.mark.parametrize("seed", range(20))
def test_its_pictures_hold_enough_for_a_perceptual_hash(seed: int) -> None:
    """The quality of the PDQ paper: gradients of the 64 by 64 luminance, per cent, summed and divided by 90."""
    picture = rehearsal_picture(np.random.default_rng(seed))
    grid = np.asarray(picture.convert("L").resize((64, 64), Image.Resampling.BOX), dtype=np.int32)
    steps = sum(int((np.abs(np.diff(grid, axis=axis)) * 100 // 255).sum()) for axis in (0, 1))
    assert min(steps // 90, 100) >= 80


def test_no_two_pictures_are_alike(tmp_path: Path) -> None:
    facts = write_export(tmp_path, seed=1, messages=40, photos=20)
    assert len(set(facts.media.values())) == len(facts.media) >= 24


def test_a_number_of_messages_that_cannot_be_is_refused(tmp_path: Path) -> None:
    for messages, photos in ((15, 0), (20, 5), (20, -1)):
        with pytest.raises(ValueError, match="at least 16"):
            write_export(tmp_path / "never", seed=1, messages=messages, photos=photos)
    assert not (tmp_path / "never").exists()
    assert write_export(tmp_path, seed=1, messages=16, photos=0).ordinary


@pytest.mark.parametrize(
    ("chat_type", "action"), [("private_group", "create_group"), ("public_channel", "create_channel")]
)
def test_the_chat_begins_as_its_type_begins(tmp_path: Path, chat_type: str, action: str) -> None:
    write_export(tmp_path, seed=1, messages=20, photos=1, chat_type=chat_type)
    export = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert (export["type"], export["messages"][0]["action"]) == (chat_type, action)
