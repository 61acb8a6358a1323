"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001y"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("cases", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(length=24), nullable=False),
        sa.Column("expires_at", sa.String(length=24), nullable=True),
        sa.Column("revoked_at", sa.String(length=24), nullable=True),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_key_sha256")),
    )
    op.create_table(
        "authority",
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("due_at", sa.String(length=24), nullable=True),
        sa.Column("approved_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("acted_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_authority")),
    )
    op.create_table(
        "case_file",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opened_at", sa.String(length=24), nullable=False),
        sa.Column("withdrawn_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("withdrawn_at", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_file")),
    )
    op.create_table(
        "channel",
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("access", sa.String(length=16), nullable=False),
        sa.Column("report_url", sa.Text(), nullable=True),
        sa.Column("reported_by", sa.Text(), nullable=True),
        sa.Column("reported_on", sa.String(length=10), nullable=True),
        sa.Column("reported_as", sa.Text(), nullable=True),
        sa.Column("follows", sa.String(length=64), nullable=True),
        sa.Column("channel_id", sa.String(length=32), nullable=True),
        sa.Column("expires", sa.String(length=10), nullable=True),
        sa.Column("rights", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("cosigned", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "event",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_event")),
    )
    op.create_table(
        "extent",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("lo", sa.BigInteger(), nullable=False),
        sa.Column("hi", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.String(length=24), nullable=True),
        sa.Column("until", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_extent")),
    )
    with op.batch_alter_table("extent", schema=None) as batch_op:
        batch_op.create_index("ix_extent_channel_id", ["channel_id"], unique=False)

    op.create_table(
        "follower",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_follower")),
    )
    op.create_table(
        "hole",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("seen", sa.LargeBinary(length=32), nullable=False),
        sa.Column("part", sa.LargeBinary(length=16), nullable=True),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("lo", sa.BigInteger(), nullable=True),
        sa.Column("hi", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("since", sa.String(length=24), nullable=False),
        sa.Column("until", sa.String(length=24), nullable=True),
        sa.Column("capture", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_hole")),
    )
    with op.batch_alter_table("hole", schema=None) as batch_op:
        batch_op.create_index("ix_hole_place", ["channel_id", "lo", "seen"], unique=False)

    op.create_table(
        "item",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("seen", sa.LargeBinary(length=32), nullable=False),
        sa.Column("said", sa.LargeBinary(length=32), nullable=True),
        sa.Column("part", sa.LargeBinary(length=16), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("posted_at", sa.String(length=24), nullable=True),
        sa.Column("acquired_at", sa.String(length=24), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("payload_sha256", sa.String(length=64), nullable=True),
        sa.Column("gone", sa.String(length=8), nullable=True),
        sa.Column("album", sa.LargeBinary(length=8), nullable=True),
        sa.Column("capture", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_item")),
        sa.UniqueConstraint("item_id", name=op.f("uq_item_item_id")),
    )
    with op.batch_alter_table("item", schema=None) as batch_op:
        batch_op.create_index("ix_item_place", ["channel_id", "message_id", "seen"], unique=False)

    op.create_table(
        "pin",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_pin")),
    )
    op.create_table(
        "sealed",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", "name", name=op.f("pk_sealed")),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("due_at", sa.String(length=24), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.String(length=24), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("done_at", sa.String(length=24), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.String(length=24), nullable=True),
        sa.Column("case_id", sa.String(length=64), nullable=True),
        sa.Column("request", sa.String(length=32), nullable=True),
        sa.Column("asked", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_task_kind")),
    )
    op.create_index("ix_task_state", "task", ["state", "due_at"])
    op.create_table(
        "print_segment",
        sa.Column("first", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_print_segment")),
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "n", name=op.f("pk_tile")),
    )
    op.create_table(
        "token",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_token")),
    )
    op.create_table(
        "case_item",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("removed_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.case_id"], name=op.f("fk_case_item_case_id")),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_case_item")),
    )
    op.create_index("ix_case_item_place", "case_item", ["case_id", "item_id"], unique=False)
    op.create_table(
        "alert",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("raised_at", sa.String(length=24), nullable=False),
        sa.Column("dismissed_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.case_id"], name=op.f("fk_alert_case_id")),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_place", "alert", ["case_id", "item_id"], unique=False)
    op.create_table(
        "frozen",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("frozen_at", sa.String(length=24), nullable=False),
        sa.Column("lifted_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("idx", "item_id", name=op.f("pk_frozen")),
    )
    op.create_index("ix_frozen_item", "frozen", ["item_id"], unique=False)
    op.create_index("ix_frozen_place", "frozen", ["channel_id", "message_id"], unique=False)
    op.create_table(
        "hold",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("hold_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("until", sa.String(length=24), nullable=False),
        sa.Column("ended_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("idx", "item_id", name=op.f("pk_hold")),
    )
    op.create_index("ix_hold_item_id", "hold", ["item_id"], unique=False)
    op.create_table(
        "tombstone",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("erased_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("item_id", sa.String(length=32), nullable=True),
        sa.Column("seen", sa.LargeBinary(length=32), nullable=False),
        sa.Column("said", sa.LargeBinary(length=32), nullable=True),
        sa.Column("place", sa.LargeBinary(length=8), nullable=True),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_tombstone")),
    )
    op.create_index("ix_tombstone_item_id", "tombstone", ["item_id"], unique=False)
    op.create_index("ix_tombstone_place", "tombstone", ["place"], unique=False)
    op.create_index("ix_tombstone_said", "tombstone", ["said"], unique=False)
    op.create_index("ix_tombstone_seen", "tombstone", ["seen"], unique=False)
    op.create_table(
        "hash_part",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("removed_idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.case_id"], name=op.f("fk_hash_part_case_id")),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_hash_part")),
    )
    op.create_index("ix_hash_part_case_id", "hash_part", ["case_id"], unique=False)
