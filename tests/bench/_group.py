"""A history that looks like that of a group: who writes, answers and forwards, with what beside the words.

The shares are a guess at a busy group, and stand below; the words are those of the bench of imports. The same seed
gives the same history, so that two readers, and two runs, read the same.
"""

from datetime import UTC, datetime, timedelta

from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Sender
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.world import World
from tests.bench.intake import WORDS
from tests.monitor.telegram.generated import Draws
from tests.watching import picture

PEOPLE = 200
SIDES = (1280, 960)
"""Of the largest size in which Telegram serves a photo, usually."""
ANSWERS, FORWARDS, EDITS, REACTIONS, LINKS, MENTIONS, STYLES, SERVICE = 0.35, 0.06, 0.04, 0.2, 0.06, 0.08, 0.04, 0.02
"""Of the messages, the share that has it."""
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
EMOTICONS = ("\U0001f44d", "\u2764", "\U0001f525", "\U0001f602", "\U0001f622")


class History:
    """Fills a group.

    Args:
        photos: The share of messages that carry a photo.
        fetched: Their bytes are asked for, so they are those of a photo; otherwise a few do for all.
    """

    def __init__(self, world: World, group: Room, photos: float, *, fetched: bool) -> None:
        self._world = world
        self._fetched = fetched
        self._group = group
        self._photos = photos
        self._draws = Draws(7)
        self._people = [
            world.add_person(f"Ime {number}", f"ime_{number}" if number % 2 else None) for number in range(PEOPLE)
        ]
        self._channel = world.add_channel("Kanal", username="bench_kanal", broadcast=True)
        self._small = picture(0)
        self._at = BEGAN

    def post(self, number: int) -> None:
        """The next message, of this number."""
        self._at += timedelta(seconds=1 + self._draws.below(300))
        sender = self._draws.choice(self._people)
        if self._draws.chance(SERVICE):
            self._group.service(types.MessageActionChatJoinedByLink(inviter_id=sender.id), sender, at=self._at)
        elif self._draws.chance(self._photos):
            data = picture(number, SIDES) if self._fetched else self._small
            photo = self._world.media.add_photo(
                data, size=SIDES, inline=[types.PhotoStrippedSize("i", self._small[:90])]
            )
            media = types.MessageMediaPhoto(photo=photo)
            self._group.post(self._words(8), sender=sender, at=self._at, media=media)
        else:
            self._text(number, sender)

    def _text(self, number: int, sender: Sender) -> None:
        words = self._words(25)
        text, entities, media = self._marked(words)
        fields: dict[str, object] = {"entities": entities or None, "media": media}
        if number > 1 and self._draws.chance(ANSWERS):
            fields["reply_to"] = max(1, number - 1 - self._draws.below(30))
        if self._draws.chance(FORWARDS):
            origin = types.PeerChannel(self._channel.id)
            fields["forward"] = types.MessageFwdHeader(date=self._at, from_id=origin, channel_post=number)
            fields |= {"views": self._draws.below(5000), "forwards": self._draws.below(50)}
        if self._draws.chance(EDITS):
            fields["edit_date"] = self._at + timedelta(seconds=40)
        if self._draws.chance(REACTIONS):
            fields["reactions"] = self._reactions()
        self._group.post(text, sender=sender, at=self._at, **fields)  # type: ignore[arg-type]

    def _marked(self, words: str) -> tuple[str, list[object], object]:
        """The words with what is marked in them, and the page behind a link."""
        if self._draws.chance(LINKS):
            url = f"https://example.org/{self._draws.below(10**6)}"
            page = types.WebPage(
                id=1, url=url, display_url=url[8:], hash=0, type="article", site_name="Example", title=words[:20]
            )
            entities = [types.MessageEntityUrl(len(words) + 1, len(url))]
            return f"{words} {url}", entities, types.MessageMediaWebPage(page)
        if self._draws.chance(MENTIONS):
            name = f"@ime_{self._draws.below(PEOPLE)}"
            return f"{name} {words}", [types.MessageEntityMention(0, len(name))], None
        if self._draws.chance(STYLES):
            return words, [types.MessageEntityBold(0, len(words) // 2), types.MessageEntityItalic(0, 2)], None
        return words, [], None

    def _reactions(self) -> object:
        found = EMOTICONS[: 1 + self._draws.below(len(EMOTICONS))]
        counts = [types.ReactionCount(types.ReactionEmoji(each), 1 + self._draws.below(20)) for each in found]
        recent = [
            types.MessagePeerReaction(
                types.PeerUser(self._draws.choice(self._people).id), self._at, types.ReactionEmoji(each)
            )
            for each in found
        ]
        return types.MessageReactions(results=counts, recent_reactions=recent, can_see_list=True)

    def _words(self, most: int) -> str:
        return " ".join(self._draws.choice(WORDS) for _word in range(3 + self._draws.below(most - 2)))
