"""From what a source saw to the events that it makes."""

from pathlib import Path

from evidence.store.marks import hole_mark
from tests.evidence.intake.live import CHANNEL, file_of, live, message
from tests.evidence.log.ledger import SEEN


def test_a_hole_beside_a_file_names_its_message_and_its_place(tmp_path: Path) -> None:
    with live(tmp_path) as source:
        carrier = message(1)
        source.keep(carrier, file_of(carrier, b"no picture", position=2))
        [beside] = source.holes()
        values = {"hole": "not_decoded", "channel_id": CHANNEL, "lo": "1", "hi": "1", "position": "2"}
        values |= {"message_sha256": str(file_of(carrier, b"").fields["message_sha256"])}
        values |= {"declared_by": "mila", "method": "telegram"}
        assert beside.seen == hole_mark(SEEN, values)
        source.ledger.engine.dispose()
