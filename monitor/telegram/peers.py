"""Whom a reply names: accounts and chats by identifier, as they were called when it came.

Identifiers are spelled as everywhere: ``user123``, ``group123`` for a basic group, ``channel123`` for a channel or
supergroup, ``community123``. Pure values.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from evidence.canonical import Value
from evidence.content import Person
from monitor.previews import strip_previews
from monitor.telegram.tree import TlTree, is_told, told

_KINDS = {
    "User": "user", "UserEmpty": "user", "Chat": "group", "ChatEmpty": "group", "ChatForbidden": "group",
    "Channel": "channel", "ChannelForbidden": "channel", "Community": "community", "CommunityForbidden": "community",
}  # fmt: skip
_PEERS = {"PeerUser": ("user", "user_id"), "PeerChat": ("group", "chat_id"), "PeerChannel": ("channel", "channel_id")}


@dataclass(frozen=True, slots=True)
class Peer:
    """An account or a chat.

    Attributes:
        name: As shown, without a picture; None if it no longer has one.
        username: With its ``@``.
        chat_type: The type of a chat, as Telegram Desktop calls it: ``public_channel``, ``private_supergroup`` ...
    """

    name: Value = field(default=None, repr=False)
    username: Value = field(default=None, repr=False)
    chat_type: str | None = None


@dataclass(frozen=True, slots=True)
class Peers:
    """The accounts and chats of one reply, or of several."""

    known: Mapping[str, Peer] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, users: Iterable[object], chats: Iterable[object]) -> "Peers":
        """Those of the ``users`` and ``chats`` of a reply."""
        every = (told(one) for one in (*users, *chats))
        return cls(
            MappingProxyType({f"{_KINDS[one['_']]}{one['id']}": _peer(one) for one in every if one["_"] in _KINDS})
        )

    def __or__(self, later: "Peers") -> "Peers":
        """Both together; for one that both name, what the later one says."""
        return Peers(MappingProxyType({**self.known, **later.known}))

    def person(self, identifier: str) -> Person:
        """An account or a chat, with what is known about it."""
        peer = self.known.get(identifier, Peer())
        return Person(id=identifier, name=peer.name, username=peer.username)

    def chat(self, channel_id: str) -> Peer:
        """The channel or supergroup of this bare number."""
        return self.known.get(f"channel{channel_id}", Peer())


def identifier_of(peer: object) -> str | None:
    """The identifier of a ``Peer`` of Telegram's layer; None for anything else."""
    if not is_told(peer) or peer["_"] not in _PEERS:
        return None
    kind, key = _PEERS[peer["_"]]
    return f"{kind}{peer[key]}"


def usernames_of(chat: TlTree, *, active: bool = True) -> list[str]:
    """The user names that Telegram gives an account or a chat, without ``@``: those in use, or those that are not."""
    listed = [one["username"] for one in chat.get("usernames", ()) if bool(one.get("active")) is active]
    return [chat["username"], *listed] if active and chat.get("username") else listed


def _peer(one: TlTree) -> Peer:
    names = usernames_of(one)
    name = one.get("title") or " ".join(part for part in (one.get("first_name"), one.get("last_name")) if part)
    username = strip_previews(f"@{names[0]}").value if names else None
    return Peer(strip_previews(name).value if name else None, username, _chat_type(one))


def _chat_type(one: TlTree) -> str | None:
    if one["_"] in ("Chat", "ChatForbidden"):
        return "private_group"
    if one["_"] not in ("Channel", "ChannelForbidden"):
        return None
    return ("public_" if usernames_of(one) else "private_") + ("channel" if one.get("broadcast") else "supergroup")
