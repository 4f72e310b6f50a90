"""The tables of the state database. Times are aware UTC; texts are masked before they get here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite forgets time zones, so they are put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive datetime must not reach the database")
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers rows only in INTEGER columns

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

region = sa.Table(
    "region",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("level", sa.String(16), nullable=False),  # city county town village
    sa.Column("parent_id", sa.ForeignKey("region.id")),
    sa.Column("demo", sa.Boolean, nullable=False, server_default=sa.false()),
)

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),  # cadre advisor officer
    sa.Column("region_id", sa.ForeignKey("region.id")),
    sa.Column("phone", sa.Text, nullable=False, server_default=""),  # office number, shown to villagers
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("demo", sa.Boolean, nullable=False, server_default=sa.false()),
)

# How somebody on the roster appears on a channel: who speaks, and the room in which the robot reaches them.
identity = sa.Table(
    "identity",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("sender_id", sa.String(128), primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("room_id", sa.String(128)),
)

leave = sa.Table(
    "leave",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.UniqueConstraint("person_id", "first_day"),
)

group = sa.Table(
    "group_",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("region_id", sa.ForeignKey("region.id"), nullable=False),
    sa.Column("advisor_id", sa.ForeignKey("person.id")),
    sa.Column("deputy_id", sa.ForeignKey("person.id")),
    sa.Column("silence_minutes", sa.Integer),
    sa.Column("channel", sa.String(32)),
    sa.Column("room_id", sa.String(128)),
    sa.Column("bound_at", Moment),
    sa.Column("human_spoke_at", Moment),
    sa.Column("demo", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("channel", "room_id"),
)

binding_code = sa.Table(
    "binding_code",
    metadata,
    sa.Column("code_hash", sa.String(64), primary_key=True),
    sa.Column("group_id", sa.ForeignKey("group_.id"), nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
)

unbound_room = sa.Table(
    "unbound_room",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("room_id", sa.String(128), primary_key=True),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
)

# A villager's home group, so that a private talk reaches the right advisor.
resident = sa.Table(
    "resident",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("account", sa.String(128), primary_key=True),
    sa.Column("sender_id", sa.String(128), primary_key=True),
    sa.Column("group_id", sa.ForeignKey("group_.id"), nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
)

message = sa.Table(
    "message",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("account", sa.String(128), nullable=False),
    sa.Column("external_id", sa.String(256), nullable=False),
    sa.Column("room_id", sa.String(128), nullable=False),
    sa.Column("sender_id", sa.String(128), nullable=False),
    sa.Column("group_id", sa.String(64)),
    sa.Column("received_at", Moment, nullable=False, index=True),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("text", sa.Text),  # kept only where the robot took it up
    sa.Column("reply", sa.Text),
    sa.Column("reply_id", sa.String(64), unique=True),
    sa.Column("matter", sa.String(64)),
    sa.Column("entry_id", sa.String(96)),
    sa.Column("confidence", sa.Float),
    sa.Column("refs", sa.JSON),
    sa.Column("library", sa.String(16)),  # the state of the library it was decided with
    sa.Column("release", sa.Integer),  # and the release of revisions that was laid over it
    sa.UniqueConstraint("channel", "account", "external_id"),
)

nonce = sa.Table(
    "nonce",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("value", sa.String(128), primary_key=True),
    sa.Column("seen_at", Moment, nullable=False, index=True),
)

conversation = sa.Table(
    "conversation",
    metadata,
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("account", sa.String(128), primary_key=True),
    sa.Column("room_id", sa.String(128), primary_key=True),
    sa.Column("sender_id", sa.String(128), primary_key=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("matter", sa.String(64)),
    sa.Column("entry_id", sa.String(96)),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("refs", sa.JSON, nullable=False),
    sa.Column("ticket_id", sa.Integer),
    sa.Column("pending_private", sa.Boolean, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
)

# One-use ways back that a platform gave with a message.
reply_window = sa.Table(
    "reply_window",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("room_id", sa.String(128), nullable=False),
    sa.Column("sender_id", sa.String(128), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.Index(None, "channel", "room_id"),
)

ticket = sa.Table(
    "ticket",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("group_id", sa.ForeignKey("group_.id"), nullable=False, index=True),
    sa.Column("region_id", sa.ForeignKey("region.id"), nullable=False, index=True),
    sa.Column("message_id", sa.ForeignKey("message.id"), nullable=False, index=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("account", sa.String(128), nullable=False),
    sa.Column("room_id", sa.String(128), nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("sender_id", sa.String(128), nullable=False),
    sa.Column("sender_name", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("matter", sa.String(64)),
    sa.Column("refs", sa.JSON, nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("first_owner_id", sa.ForeignKey("person.id")),
    sa.Column("owner_id", sa.ForeignKey("person.id"), index=True),
    sa.Column("answer", sa.Text),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("assign_due_at", Moment, nullable=False),
    sa.Column("answer_due_at", Moment, nullable=False),
    sa.Column("assigned_at", Moment),
    sa.Column("claimed_at", Moment),
    sa.Column("asked_back_at", Moment),
    sa.Column("extended_at", Moment),
    sa.Column("answered_at", Moment),
    sa.Column("closed_at", Moment),
    sa.Column("rated_at", Moment),
    sa.Column("rating_attitude", sa.Integer),
    sa.Column("rating_speed", sa.Integer),
    sa.Column("rating_skill", sa.Integer),
    sa.Index(None, "channel", "account", "sender_id"),
    sa.Index(None, "status", "answer_due_at"),
)

ticket_event = sa.Table(
    "ticket_event",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("ticket_id", sa.ForeignKey("ticket.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("actor", sa.String(160), nullable=False),  # person id, 'resident' or 'farun'
    sa.Column("detail", sa.Text, nullable=False),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("room_id", sa.String(128), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("mention", sa.String(128)),
    sa.Column("kind", sa.String(16), nullable=False),  # reply ticket reminder notice
    sa.Column("priority", sa.Integer, nullable=False),  # 0 danger, 1 people, 2 notices
    sa.Column("ticket_id", sa.Integer),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("not_before", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("claimed_by", sa.String(96)),
    sa.Column("lease_until", Moment),
    sa.Column("sending_at", Moment),
    sa.Column("done_at", Moment),
    sa.Column("external_id", sa.String(256)),
    sa.Column("error", sa.Text),
    sa.Index(None, "status", "due_at"),
    sa.Index(None, "channel", "room_id", "status"),
    sa.Index(None, "channel", "sending_at"),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("external_id", sa.String(256), nullable=False),
    sa.Column("reply_id", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("channel", "external_id"),
)

holiday = sa.Table(
    "holiday",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("working", sa.Boolean, nullable=False),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
)

# Who leads a job, and since when: one row a job, taken by a conditional UPDATE on either engine.
lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("holder", sa.String(96), nullable=False),
    sa.Column("until", Moment, nullable=False),
)

# What the simulated group shows: it is the WeChat server of the demonstration, so it keeps its own lines.
simulated_line = sa.Table(
    "simulated_line",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("room_id", sa.String(128), nullable=False),
    sa.Column("sender_id", sa.String(128), nullable=False),
    sa.Column("sender_name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("quote", sa.Text, nullable=False, server_default=""),
    sa.Column("at", Moment, nullable=False),
)

# Entries, cases, notices and lists that cite an article that changed: not given out until somebody has looked.
quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("key", sa.String(96), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("imported_at", Moment, nullable=False),
    sa.Column("cleared_at", Moment),
    sa.Column("cleared_by", sa.String(96)),
)

# What is edited without Git: one item as somebody wrote it, and who else has read it.
revision = sa.Table(
    "revision",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),  # entry case notice materials
    sa.Column("key", sa.String(96), nullable=False, index=True),
    sa.Column("body", sa.JSON(none_as_null=True)),  # nothing: the item is withdrawn
    sa.Column("status", sa.String(16), nullable=False, index=True),  # draft reviewed released refused replaced
    sa.Column("author", sa.String(64), nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("reviewer", sa.String(64)),
    sa.Column("reviewed_at", Moment),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("tickets", sa.JSON, nullable=False),  # where it comes from
)

# What is laid over the library's text: all revisions of a release, not only what is new in it.
release = sa.Table(
    "release",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("made_by", sa.String(64), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("revisions", sa.JSON, nullable=False),
    sa.Column("scores", sa.JSON, nullable=False),  # what `farun evaluate` said of it
)

# What questions without an answer and advisors' answers suggest, for a person to decide.
proposal = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),  # phrasing entry
    sa.Column("entry_id", sa.String(96)),
    sa.Column("matter", sa.String(64)),
    sa.Column("questions", sa.JSON, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("messages", sa.JSON, nullable=False),
    sa.Column("tickets", sa.JSON, nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),  # open accepted refused
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.String(64)),
    sa.Column("revision_id", sa.ForeignKey("revision.id")),
)

# How often the answers of a matter were right when the golden questions were asked last.
accuracy = sa.Table(
    "accuracy",
    metadata,
    sa.Column("matter", sa.String(64), primary_key=True),
    sa.Column("measured_at", Moment, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("answered", sa.Integer, nullable=False),
    sa.Column("right", sa.Integer, nullable=False),
    sa.Column("lower", sa.Float, nullable=False),
    sa.Column("promise", sa.Float, nullable=False),
)

# What an advisor said of an answer of the robot. The question is kept with it: the message is forgotten some day.
verdict = sa.Table(
    "verdict",
    metadata,
    sa.Column("message_id", Big, primary_key=True, autoincrement=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("entry_id", sa.String(96), nullable=False),
    sa.Column("matter", sa.String(64), nullable=False),
    sa.Column("right", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Big, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(96), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)
