"""The register, and what was seen of a channel."""

from api.office.channel import add_channel
from api.office.completeness import completeness_of
from config.watchlist import watch_entry
from evidence.observation import Mode
from evidence.store.api_key import Scope
from tests.homes import doer, items_of
from tests.serving import ServedHome

ENTRY = watch_entry(
    channel="@nje_kanal_api",
    report_url="https://example.org/raport",
    reported_by="Organizata",
    reported_on="2026-01-02",
    access="public",
)


def test_the_register_is_listed(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    add_channel(served.home, ENTRY, Mode.METADATA_ONLY, None, doer(served.home))
    (channel,) = client.get("/api/v1/channels").json()["channels"]
    assert (channel["channel"], channel["mode"], channel["reported_by"]) == (
        "nje_kanal_api",
        "metadata_only",
        "Organizata",
    )


def test_completeness_is_what_the_command_says(served: ServedHome) -> None:
    channel = items_of(served.home)[0].channel_id
    told = served.with_key(Scope.CHANNELS).get(f"/api/v1/channels/{channel}/completeness").json()
    found = completeness_of(served.home, channel)
    assert told["observed"] == [list(span) for span in found.observed]
    assert told["holes"] == [list(span) for span in found.holes]
    assert len(told["gaps"]) == len(found.gaps)
    unknown = served.with_key(Scope.CHANNELS).get("/api/v1/channels/nobody_knows/completeness")
    assert unknown.status_code == 404
