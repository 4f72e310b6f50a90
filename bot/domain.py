"""The words of the field as frozen data. Imports nothing of ours but the law library's reference type."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from knowledge.citation import ArticleRef

SHANGHAI = ZoneInfo("Asia/Shanghai")


class GroupKind(StrEnum):
    """The audience of a group; it changes content, wording and rules."""

    VILLAGE = "village"
    ENTERPRISE = "enterprise"
    CAMPUS = "campus"
    MIGRANT = "migrant"
    HARDSHIP = "hardship"
    VETERAN = "veteran"
    ADVISORS = "advisors"


class Mode(StrEnum):
    """When the robot feels addressed: only when named, or whenever it hears a legal question."""

    MENTION = "mention"
    AUTO = "auto"


class Role(StrEnum):
    """What a speaker may do. Whoever is not on the roster is a villager."""

    VILLAGER = "villager"
    CADRE = "cadre"
    ADVISOR = "advisor"
    OFFICER = "officer"


class TicketStatus(StrEnum):
    """Life of a ticket: open → assigned → claimed → answered → closed; reopened, withdrawn."""

    OPEN = "open"
    ASSIGNED = "assigned"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


class DeliveryStatus(StrEnum):
    """Life of a delivery. `undecided`: the sender died between sending and the result; a person decides."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a channel speaks to: a group's or a person's room. `reply_url` is a one-use way back, where there is one."""

    channel: str
    room_id: str
    reply_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Quote:
    """The message a speaker quoted."""

    external_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a channel heard it. `text` is without the robot's name; times are aware UTC."""

    channel: str
    external_id: str
    room_id: str
    sender_id: str
    text: str
    sent_at: datetime
    account: str = ""
    sender_name: str = ""
    private: bool = False
    addressed: bool = False
    from_self: bool = False
    quote: Quote | None = None
    nonce: str | None = None
    reply_id: str | None = None
    reply_url: str | None = field(default=None, repr=False)
    personal_data: bool = False


@dataclass(frozen=True, slots=True)
class Poll:
    """The platform asks again for a reply it began to show."""

    channel: str
    reply_id: str


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody opened the conversation with the robot."""

    channel: str
    sender_id: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """A thumb up or down under one of our replies. `kind` is the platform's own code, as text."""

    channel: str
    external_id: str
    reply_id: str
    kind: str
    text: str = ""


Event = Inbound | Poll | Entered | Feedback


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the roster. `region_id` bounds what an officer or a cadre sees."""

    id: str
    name: str
    role: Role
    region_id: str | None
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A bound group and who answers for it."""

    id: str
    name: str
    kind: GroupKind
    mode: Mode
    region_id: str
    advisor: Person | None = None
    human_spoke_at: datetime | None = None
    silence_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one speaker and the robot last said to each other in one room."""

    question: str
    matter: str | None
    entry_id: str | None
    options: tuple[str, ...]
    references: tuple[ArticleRef, ...]
    at: datetime
    ticket_id: int | None = None
    pending_private: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """All that `decide` may know besides the message. `group` is the room's, or in private the speaker's home group.

    `waiting_ticket`: its advisor asked back and waits. `pending_question`: asked in a group, to be gone on with in private.
    `held`: ids of entries that must not be given out, because an article they rest on has changed; "matter:<code>" for a
    matter that only people answer.
    `signed_only`: only entries that a lawyer has signed may be given out.
    """

    now: datetime
    group: Group | None
    person: Person | None = None
    conversation: Conversation | None = None
    waiting_ticket: int | None = None
    pending_question: str | None = None
    silence_minutes: int = 10
    conversation_minutes: int = 30
    held: frozenset[str] = frozenset()
    signed_only: bool = False

    @property
    def recent(self) -> Conversation | None:
        """The talk so far, while it goes on."""
        talk = self.conversation
        return None if talk is None or (self.now - talk.at).total_seconds() > 60 * self.conversation_minutes else talk

    @property
    def role(self) -> Role:
        return self.person.role if self.person else Role.VILLAGER


@dataclass(frozen=True, slots=True)
class Finding:
    """What retrieval thought of a question: for the ticket, the ledger and `farun ask`.

    `question` is the text as understood: a short follow-up together with what was asked before it.
    """

    matter: str | None = None
    entry_id: str | None = None
    confidence: float = 0.0
    references: tuple[ArticleRef, ...] = ()
    question: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Say it now."""

    text: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Clarify:
    """Ask back with numbered options; `options` are entry ids in the order shown."""

    text: str
    options: tuple[str, ...]
    finding: Finding


@dataclass(frozen=True, slots=True)
class Escalate:
    """Hand over to the group's advisor. `question` is what the ticket asks."""

    question: str
    reason: str
    finding: Finding
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Emergency:
    """Danger now: short words and numbers first, people alerted at once."""

    kind: str
    text: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Private:
    """Not in front of the neighbours: a neutral line here, the talk goes on in private."""

    text: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Command:
    """Something typed to be done. `ticket_id` comes from the words or from the quoted message."""

    name: str
    argument: str = ""
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Not for the robot. `reason` is a short code for the ledger."""

    reason: str
    finding: Finding = Finding()


Decision = Answer | Clarify | Escalate | Emergency | Private | Command | Silence


@dataclass(frozen=True, slots=True)
class Reply:
    """What was decided and said, as stored with the message."""

    action: str
    text: str | None
    finding: Finding = Finding()
