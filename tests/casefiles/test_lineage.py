"""What channels share is told as a hint, with the reason, from either side; what they do not share is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.lineage import Administrator, Hint, SaidOfItself, Sign, hints_of, said_of_itself
from evidence.content import Content, Part, Person, split_content

ANA = Administrator("user77", "Ana", "ana", owner=True, rank="owner")


def values(*parts: Part, title: str | None = "Grupa") -> dict[str, object]:
    content = split_content(Content(None, (), tuple(each for each in parts if each.kind not in ("members", "counted")),
                                    tuple(each for each in parts if each.kind in ("members", "counted"))))  # fmt: skip
    return {"channel_title": title, "channel_type": None if title is None else "public_channel", **content}


def test_a_snapshot_is_read_whole() -> None:
    itself = Part(
        "channel",
        {
            "about": "Shkoni te t.me/e_reja",
            "usernames": ("grupa", "dy"),
            "inactive_usernames": ("e_vjeter",),
            "created_at": "2026-01-01T12:00:00.000Z",
            "linked_chat": Person(id="channel5", name="Biseda"),
            "community": Person(id="community8"),
            "migrated_from": Person(id="group9"),
        },
    )
    admin = Part("administrator", {"person": Person("user77", "Ana", "ana"), "owner": "yes", "rank": "owner"})
    said = said_of_itself(values(itself, admin, Part("members", {"count": "900"})))  # type: ignore[arg-type]
    assert said == SaidOfItself(
        title="Grupa",
        type="public_channel",
        usernames=("grupa", "dy"),
        inactive_usernames=("e_vjeter",),
        about="Shkoni te t.me/e_reja",
        created_at="2026-01-01T12:00:00.000Z",
        linked_chat="channel5",
        community="community8",
        migrated_from="group9",
        members=900,
        administrators=(ANA,),
    )


def test_counters_of_messages_say_nothing_of_the_channel() -> None:
    counted = Part("counted", {"message_id": "5", "at": "2026-01-01T12:00:00.000Z", "views": "9"})
    assert said_of_itself(values(counted, title=None)) is None  # type: ignore[arg-type]
    assert said_of_itself(values()) == SaidOfItself(title="Grupa", type="public_channel")  # type: ignore[arg-type]


SIGNS = [
    (SaidOfItself(administrators=(ANA,)), SaidOfItself(administrators=(ANA,)), Sign.ADMINISTRATOR, "user77"),
    (SaidOfItself(usernames=("Grupa",)), SaidOfItself(inactive_usernames=("grupa",)), Sign.NAME, "@grupa"),
    (SaidOfItself(linked_chat="channel5"), SaidOfItself(linked_chat="channel5"), Sign.DISCUSSION, "channel5"),
    (SaidOfItself(linked_chat="channel2"), SaidOfItself(), Sign.DISCUSSION, "channel2"),
    (SaidOfItself(community="community8"), SaidOfItself(community="community8"), Sign.COMMUNITY, "community8"),
    (SaidOfItself(migrated_to="channel2"), SaidOfItself(), Sign.MIGRATED, None),
    (SaidOfItself(about="Tani: https://t.me/E_Reja!"), SaidOfItself(usernames=("e_reja",)), Sign.NAMED, "@e_reja"),
    (SaidOfItself(about="tani @e_reja."), SaidOfItself(usernames=("E_Reja",)), Sign.NAMED, "@e_reja"),
]


@pytest.mark.parametrize(("one", "other", "sign", "what"), SIGNS)
def test_every_sign_is_told_from_either_side(one: SaidOfItself, other: SaidOfItself, sign: Sign, what: str) -> None:
    seen = [("channel1", one), ("channel1", SaidOfItself(title="Më vonë")), ("channel2", other), ("channel3", BARE)]
    assert hints_of("channel1", seen) == [Hint("channel2", sign, what or "channel2")]
    assert hints_of("channel2", seen) == [Hint("channel1", sign, what or "channel1")]
    assert hints_of("channel3", seen) == []


BARE = SaidOfItself(title="E qetë", usernames=("e_qete",), about="shkruani: dikush@example.org, t.me/joinchat/abcdef")


def test_a_name_that_is_not_watched_is_told_to_whoever_names_it() -> None:
    seen = [("channel1", SaidOfItself(usernames=("e_vjeter",), about="t.me/e_reja t.me/e_vjeter")), ("channel2", BARE)]
    assert hints_of("channel1", seen) == [Hint("@e_reja", Sign.NAMED, "@e_reja")]
    assert hints_of("channel2", seen) == hints_of("channel9", seen) == []


@given(st.permutations([*SIGNS, *SIGNS]))
def test_the_order_of_snapshots_changes_nothing(signs: list[tuple[SaidOfItself, SaidOfItself, Sign, str]]) -> None:
    seen = [pair for one, other, _sign, _what in signs for pair in (("channel1", one), ("channel2", other))]
    hints = hints_of("channel1", seen)
    assert {hint.sign for hint in hints} == set(Sign)
    assert len(set(hints)) == len(hints)
