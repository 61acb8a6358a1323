"""What each receiver does not see, held against what was decided by hand."""

import itertools

import pytest

from casefiles.bundle.presets import (
    _NAMES,
    _OF_A_TYPE,
    AUDIENCES,
    PRESETS,
    Tells,
    names_that_tell,
    shown_to,
    tells,
    withheld,
)
from casefiles.errors import RecordsError
from casefiles.format.schema import _require, load_schema
from evidence.errors import LeafError
from evidence.log.schema import SCHEMAS
from tests.nonempty import nonempty

EVERY = [(kind, name) for kind, schema in SCHEMAS.items() for name in sorted(schema.names)]


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_name_of_every_type_was_judged(kind: str, name: str) -> None:
    assert tells(kind, name) in Tells


def test_no_name_was_judged_twice_or_is_of_no_type() -> None:
    for one, other in itertools.combinations(_NAMES.values(), 2):
        assert not one & other
    names = {name for _kind, name in EVERY}
    assert set().union(*_NAMES.values()) == names
    assert _OF_A_TYPE.keys() <= set(EVERY)


@pytest.mark.parametrize("audience", AUDIENCES)
def test_how_we_watch_and_who_we_are_is_withheld_from_everybody(audience: str) -> None:
    for kind in SCHEMAS.keys() - {"anchor"}:
        assert withheld(audience, kind) >= {"actor", "approver", "reason"}
    assert {"acquisition", "declared_by"} <= withheld(audience, "observed")


def test_a_court_sees_everything_else() -> None:
    kept_back = {"account", "acquisition", "actor", "appeal_url", "approver", "declared_by", "legal_basis"}
    kept_back |= {"joined_at", "joined_by", "order", "person", "reason", "receiver", "rights", "target", "task"}
    kept_back |= {"meaning", "obtained_on", "provider"}
    for kind, schema in SCHEMAS.items():
        # which replies were left out is told by their number and the reason alone
        # what she signed or said can name her, and what was looked for; why something is frozen is for the police
        kept_of_kind = kept_back | {
            "consent": {"text"},
            "recognised": {"text"},
            "searched": {"text", "sender_id"},
            "frozen": {"what", "hint"},
            "left_out": {"left_items"},
            "erased": {"marks"},
            "held": {"hold", "held_items"},
            "drilled": {"set", "backup_at", "opened", "kept"},
            "hold_ended": {"holds"},
            "retention_ruled": {"rule"},
        }.get(kind, set())
        assert withheld("court", kind) == schema.names & kept_of_kind == withheld("prosecutor", kind)


def test_of_what_a_source_says_a_partner_sees_no_more_than_is_listed_here() -> None:
    def seen(kind: str) -> set[str]:
        return set(SCHEMAS[kind].subject) - withheld("partner", kind)

    place, times = {"channel_id", "message_id", "reply_to", "kind"}, {"posted_at", "edited_at"}
    assert seen("observed") == place | times | {"bytes", "sha256"}
    assert seen("hole") == {"channel_id", "lo", "hi"}
    assert seen("imported") == {"channel_id"}
    assert seen("channel_added") == set(SCHEMAS["channel_added"].subject)  # public before we knew of it
    assert "what" not in withheld("partner", "requested")


FREE = "I know where you live, \u0441\u0443\u0441\u0435\u0434\u043a\u0430"


@pytest.mark.parametrize(("schema", "kind"), [("item", "observed"), ("event", "imported"), ("event", "hole")])
def test_a_partner_sees_nothing_of_a_source_that_can_hold_free_text(schema: str, kind: str) -> None:
    """By the form of a value: whoever writes a source writes what they like wherever a text fits."""
    forms = load_schema(schema)["properties"]["values"]["properties"]
    shown = set(SCHEMAS[kind].subject) - withheld("partner", kind)
    for name in nonempty(shown):
        with pytest.raises(RecordsError):
            _require(FREE, forms[name], load_schema(schema), name)


def test_the_description_of_a_bundle_may_name_exactly_these_audiences() -> None:
    assert load_schema("case")["properties"]["audience"]["enum"] == list(AUDIENCES) == sorted(AUDIENCES)


def test_a_type_that_is_not_known_is_not_exported() -> None:
    with pytest.raises(LeafError):
        withheld("court", "weighed")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_preview_says_of_each_value_what_the_bundle_then_does(audience: str) -> None:
    shown = {kind for kind, seen in shown_to(audience).items() if seen}
    assert {kind for kind in Tells if kind not in shown} == PRESETS[audience]
    for each, name in nonempty(EVERY):
        listed = f"{each}.{name}" if (each, name) in _OF_A_TYPE else name
        (kind,) = [kind for kind in Tells if listed in names_that_tell(kind)]
        assert (kind in shown) is (name not in withheld(audience, each))
