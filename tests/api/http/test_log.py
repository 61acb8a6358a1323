"""The log as others check it: checkpoint, key, tiles, entries and proofs lead to one root, and no further than it."""

import hashlib
from collections.abc import Iterator, Mapping

import httpx
import pytest

from api.office.log import entry_time
from evidence.custody.event import Draft
from evidence.errors import InclusionProofError
from evidence.log.leaf import read_leaf
from evidence.log.note import Checkpoint, VerifierKey, open_checkpoint
from evidence.log.proof import verify_proof
from evidence.log.tiles import TILE
from evidence.store.api_key import Scope
from tests.conformance.golog.folder import tile_path, tiles_of
from tests.evidence.log.reference import mth
from tests.homes import doer, items_of, new_case
from tests.nonempty import nonempty
from tests.serving import ServedHome

LOG = "/api/v1/log"


@pytest.fixture(scope="module")
def grown(served: ServedHome) -> ServedHome:
    """The served home, with more entries than two tiles hold."""
    values = doer(served.home).values() | {"case": new_case(served.home, [])}
    with served.home.writing() as writer:
        writer.sequencer.append([Draft("case_viewed", values) for _look in range(2 * TILE)])
    return served


def newest(client: httpx.Client) -> tuple[VerifierKey, Checkpoint]:
    key = VerifierKey.parse(client.get(f"{LOG}/key").text.strip())
    return key, open_checkpoint(client.get(f"{LOG}/checkpoint").content, key=key)


def fetched(client: httpx.Client, size: int) -> Mapping[str, bytes]:
    """Every tile and bundle of a tree of this size, by its path."""
    answers = {path: client.get(f"{LOG}/{path}") for path in tiles_of(size)}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {path: answer.content for path, answer in answers.items()}


def entries_of(bundle: bytes) -> Iterator[bytes]:
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        yield bundle[2:end]
        bundle = bundle[end:]


def test_the_newest_checkpoint_opens_with_the_logs_key(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    _key, before = newest(client)
    new_case(served.home, [])
    _key, after = newest(client)
    assert after.size > before.size


def test_tiles_and_entries_lead_to_the_root_by_the_definition(grown: ServedHome) -> None:
    client = grown.with_key(Scope.CHANNELS)
    _key, checkpoint = newest(client)
    tiles = fetched(client, checkpoint.size)
    assert checkpoint.size > 2 * TILE
    level = b"".join(tiles[path] for path in tiles_of(checkpoint.size) if path.startswith("tile/0/"))
    leaves = [level[at : at + 32] for at in range(0, len(level), 32)]
    assert mth(leaves) == checkpoint.root
    bundles = [tiles[path] for path in tiles_of(checkpoint.size) if path.startswith("tile/entries/")]
    entries = [each for bundle in bundles for each in entries_of(bundle)]
    assert [hashlib.sha256(b"\x00" + entry).digest() for entry in entries] == leaves
    above = tiles[tile_path("1", 0, checkpoint.size // TILE)]
    assert above == b"".join(mth(leaves[at : at + TILE]) for at in range(0, len(leaves) // TILE * TILE, TILE))


def test_the_beginning_of_a_tile_is_served_too(grown: ServedHome) -> None:
    client = grown.with_key(Scope.CHANNELS)
    whole = client.get(f"{LOG}/tile/0/000").content
    for width in (1, 7, 255):
        assert client.get(f"{LOG}/tile/0/000.p/{width}").content == whole[: 32 * width]
        bundle = client.get(f"{LOG}/tile/entries/000.p/{width}").content
        assert len(list(entries_of(bundle))) == width


@pytest.mark.parametrize("kind", ["0", "entries"])
@pytest.mark.parametrize(
    "place",
    [
        "x01",
        "x001",
        "001/002",
        "0",
        "00",
        "0000",
        "-01",
        "001.p",
        "000.p/0",
        "000.p/00",
        "000.p/01",
        "000.p/256",
        "000.p/-1",
        "000.p/1/",
        "x000/000",
        "999",
        "x999/x999/x999/x999/x999/999",
        "x999/x999/x999/x999/x999/x999/999",
        "9" * 400,
        "..%2f000",
        "",
    ],
)
def test_what_is_no_tile_of_the_newest_checkpoint_is_not_there(grown: ServedHome, kind: str, place: str) -> None:
    client = grown.with_key(Scope.CHANNELS)
    assert client.get(f"{LOG}/tile/{kind}/000").status_code == 200
    answer = client.get(f"{LOG}/tile/{kind}/{place}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_item.no_such_tile")


def test_a_tile_wider_than_the_newest_checkpoint_is_not_there(grown: ServedHome) -> None:
    client = grown.with_key(Scope.CHANNELS)
    _key, checkpoint = newest(client)
    n, width = divmod(checkpoint.size, TILE)
    assert width
    for kind in ("0", "entries"):
        assert client.get(f"{LOG}/{tile_path(kind, n, width)}").status_code == 200
        for beyond in (width + 1, TILE):
            assert client.get(f"{LOG}/{tile_path(kind, n, beyond)}").status_code == 404
    for level in ("2", "5", "6", "63", "64", "-1", "01", "x", "9" * 40):
        assert client.get(f"{LOG}/tile/{level}/000").status_code == 404
    assert client.get(f"{LOG}/tile/1/000.p/1").status_code == 200


def test_no_signature_no_tile(grown: ServedHome) -> None:
    """Entries that are logged and not yet signed are not served; once they are signed, they are."""
    client = grown.with_key(Scope.CHANNELS)
    _key, before = newest(client)
    place = tile_path("0", before.size // TILE, before.size % TILE + 1)
    look = Draft("case_viewed", doer(grown.home).values() | {"case": new_case(grown.home, [])})
    with grown.home.writing() as writer:
        writer.sequencer.sign()
        _key, before = newest(client)
        writer.sequencer.append([look])
        unsigned = entry_time(grown.home, str(before.size))
        place = tile_path("0", before.size // TILE, before.size % TILE + 1)
        assert not unsigned.is_signed
        assert client.get(f"{LOG}/{place}").status_code == 404
        assert client.get(f"{LOG}/proof/{before.size}").status_code == 404
        assert client.get(f"{LOG}/timeline/{before.size}").json()["is_signed"] is False
    assert client.get(f"{LOG}/{place}").status_code == 200
    assert client.get(f"{LOG}/proof/{before.size}").status_code == 200


def test_a_tile_is_kept_for_ever_and_a_checkpoint_is_not(grown: ServedHome) -> None:
    client = grown.with_key(Scope.CHANNELS)
    for path in ("tile/0/000", "tile/entries/000", "tile/0/000.p/3"):
        first = client.get(f"{LOG}/{path}")
        assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert first.headers["content-type"] == "application/octet-stream"
        again = client.get(f"{LOG}/{path}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    for path in ("checkpoint", "proof/0", "timeline/0"):
        assert client.get(f"{LOG}/{path}").headers["cache-control"] == "no-store"


def test_a_proof_verifies_for_its_entry_and_no_other(grown: ServedHome) -> None:
    client = grown.with_key(Scope.CHANNELS)
    key, checkpoint = newest(client)
    entries = list(entries_of(client.get(f"{LOG}/tile/entries/000").content))
    for index in (0, 1, 255):
        proof = client.get(f"{LOG}/proof/{index}").content
        assert verify_proof(proof, leaf=entries[index], key=key).size == checkpoint.size
        event_id = read_leaf(entries[index]).event_id
        assert client.get(f"{LOG}/proof/{event_id}").content == proof
        with pytest.raises(InclusionProofError):
            verify_proof(proof, leaf=entries[index - 1], key=key)


@pytest.mark.parametrize(
    "name",
    ["-1", "00", "1e3", "999999999", "9" * 19, "9" * 40, "0" * 32, "f" * 32, "F" * 32, "x", "\u00e9" * 32, "\u0663"],
)
def test_an_entry_that_is_not_there_is_told_so(grown: ServedHome, name: str) -> None:
    client = grown.with_key(Scope.CHANNELS)
    for route in ("proof", "timeline"):
        assert client.get(f"{LOG}/{route}/0").status_code == 200
        answer = client.get(f"{LOG}/{route}/{name}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_item.no_such_entry")


def test_a_timeline_says_between_which_proven_times_an_entry_was_made_and_logged(grown: ServedHome) -> None:
    client = grown.with_key(Scope.CHANNELS)
    item = items_of(grown.home)[0]
    told = client.get(f"{LOG}/timeline/{item.item_id}").json()
    assert (told["event_id"], told["type"], told["is_signed"]) == (item.item_id, "observed", True)
    assert told["logged_by"]["at"] >= item.acquired_at[:19]
    assert told["logged_by"]["size"] > told["index"]
    opening = client.get(f"{LOG}/timeline/0").json()
    assert (opening["type"], opening["made_after"], opening["after"]) == ("log_opened", None, "0" * 64)


def test_a_key_for_some_cases_reads_hashes_and_no_entry(grown: ServedHome) -> None:
    case = new_case(grown.home, [])
    limited, whole = grown.with_key(Scope.CHANNELS, cases=[case]), grown.with_key(Scope.CHANNELS)
    for path in nonempty(["checkpoint", "key", "tile/0/000"]):
        assert limited.get(f"{LOG}/{path}").status_code == 200
    for path in nonempty(["tile/entries/000", "proof/0", "timeline/0", f"timeline/{items_of(grown.home)[0].item_id}"]):
        assert whole.get(f"{LOG}/{path}").status_code == 200
        answer = limited.get(f"{LOG}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, "call.only_some_cases")
