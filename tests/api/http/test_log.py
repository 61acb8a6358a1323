"""The log's newest checkpoint and key, as others check them."""

from evidence.log.note import VerifierKey, open_checkpoint
from evidence.store.api_key import Scope
from tests.homes import new_case
from tests.serving import ServedHome


def test_the_newest_checkpoint_opens_with_the_logs_key(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    key = VerifierKey.parse(client.get("/api/v1/log/key").text.strip())
    before = open_checkpoint(client.get("/api/v1/log/checkpoint").content, key=key)
    new_case(served.home, [])
    after = open_checkpoint(client.get("/api/v1/log/checkpoint").content, key=key)
    assert after.size > before.size
