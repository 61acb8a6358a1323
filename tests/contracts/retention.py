"""How long the office keeps what, read from the settings; and ``docs/data-protection/retention.md``, made of them.

Make the page anew: ``python -m tests.contracts.retention > docs/data-protection/retention.md``.
"""

# ruff: noqa: E501 - a cell of a table is one line

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from api.office.question import KEPT, TICKET_HOLDS
from config.settings import Settings

TIMES = ("_days", "_hours", "_months", "_minutes", "_h")
"""How the name of a setting ends that is a time."""


@dataclass(frozen=True)
class KeepingRule:
    """How long one thing is kept.

    Attributes:
        what: The thing, in the words of the office.
        unit: Of the setting's number.
        ends: What happens then, and who or what does it.
    """

    what: str
    unit: str
    ends: str


RULES = {
    "backup.keep_days": KeepingRule(
        "A backup: sealed rows, headers, fingerprints",
        "days",
        "A later backup on the same disk removes it. What is erased earlier goes with the next backup on each disk",
    ),
    "retention.unclaimed_days": KeepingRule(
        "An item that no case has and nothing holds",
        "days",
        "`nisisama retention run` destroys it, by a rule that two persons agreed to (`retention rule`)",
    ),
    "retention.bystander_days": KeepingRule(
        "A text of a registered channel that no case has, with no file beside it",
        "days",
        "`nisisama retention run` destroys it, by the same rule",
    ),
    "retention.unconfirmed_hours": KeepingRule(
        "A post that one person captured from a channel that is not registered, and nobody else confirmed",
        "hours",
        "`nisisama retention run` destroys it, by the same rule. Confirmed, it is kept like an item that no case has",
    ),
    "serve.keep_days": KeepingRule(
        "Ended tasks of the API, and the bundles that it made",
        "days",
        "`serve` removes them",
    ),
    "check.answer_days": KeepingRule(
        "How long a woman waits for the answer to her question",
        "days",
        "She comes back for it. For the question itself, see the row below",
    ),
    "serve.idle_minutes": KeepingRule(
        "Open keys in the memory of `serve`",
        "minutes of inactivity",
        "The office is locked",
    ),
}
"""Setting -> what it keeps."""
NOT_KEEPING = {
    "backup.warn_days": "when `doctor` asks for a backup",
    "keys.drill_days": "when `doctor` asks for a drill",
    "retention.notice_days": "how long before that `doctor` says so",
    "mail.every_minutes": "how often a mail is sent",
    "telegram.counters_h": "how often counters are read",
}
"""Settings that are times and keep nothing."""
FIXED = (
    (
        "What a woman sent to be compared",
        f"{KEPT.days} days",
        "Removed; or earlier, once it is answered and taken back",
    ),
    ("A ticket for sending one question", f"{TICKET_HOLDS.days} days", "It is no longer accepted"),
)
BY_HAND = (
    (
        "An item of a case",
        "until the proceedings and the time for remedies have ended (counsel says when)",
        "Two persons run `nisisama erase ITEM --case CASE --cause retention`",
    ),
    (
        "The paper file, and copies of bundles in the office",
        "as long as the case",
        "A person destroys them, and notes it in the paper file",
    ),
)
KEPT_FOR_GOOD = (
    (
        "Consents, statements and what was done in a case",
        "They are sealed in the custody log, and no command destroys them yet. Counsel decides whether that may stay so",
    ),
    (
        "Entries of the custody log",
        "They prove that nothing was changed. They hold digests, what people did under a pseudonym, and nothing that can still be opened of what was erased",
    ),
    (
        "Marks of what was erased (`HOME.keys/erased`)",
        "They keep a later import or an old backup from bringing it back. They tell nobody what it was",
    ),
)


def times() -> Iterator[tuple[str, object]]:
    """Every setting that is a time, with its value if nobody changes it."""
    for section, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, inner in model.model_fields.items():
                if name.endswith(TIMES):
                    yield f"{section}.{name}", inner.default


def page() -> str:
    """The page, as it has to be."""
    lines = [
        "# Retention",
        "",
        "How long this office keeps each thing. **To be verified by counsel**: on what ground each time is no longer than needed.",
        "The first table shows the program's default settings; copy it into your own record with your values.",
        "`nisisama.toml` has your office's values ([Settings](../operations.md#settings)).",
        "",
        "## Ends by itself",
        "",
        "| what | how long | setting | what happens then |",
        "|---|---|---|---|",
    ]
    known = dict(times())
    for name, rule in RULES.items():
        lines.append(f"| {rule.what} | {known[name]} {rule.unit} | `{name}` | {rule.ends} |")
    lines += [f"| {what} | {how_long} | fixed | {ends} |" for what, how_long, ends in FIXED]
    lines.append(
        f"| The operational log, which has no names and no content | {_oplog()} | `oplog.max_bytes`, `oplog.files` | The oldest file goes |"
    )
    lines += ["", "## Ends when people end it", "", "| what | how long | who does what |", "|---|---|---|"]
    lines += [f"| {what} | {how_long} | {who} |" for what, how_long, who in BY_HAND]
    lines += ["", "## Stays for good", "", "| what | why |", "|---|---|"]
    lines += [f"| {what} | {why} |" for what, why in KEPT_FOR_GOOD]
    lines += [
        "",
        "Whoever receives a bundle or a letter keeps it under their own rules. `nisisama case show CASE` lists what was handed over.",
    ]
    return "\n".join(lines) + "\n"


def _oplog() -> str:
    oplog = Settings.model_fields["oplog"].default
    return f"{oplog.files + 1} files of {oplog.max_bytes // 1_000_000} MB"


if __name__ == "__main__":
    print(page(), end="")
