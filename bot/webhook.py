"""One message end to end: the file to read first.

    channel.receive    signature, decryption, parsing; a bad call is refused with a 4xx
    privacy.mask       personal data is gone before anything is stored or logged
    contexts.read      which group, who speaks, what was said before
    dialogue.decide    what to say; pure, holds no lock
    _record_and_act    one short write transaction: the message, what it causes, the reply
    channel.respond    the reply in the platform's own form
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from flask import Blueprint, Response, abort, request

from bot import desk, dialogue, metrics, privacy, wording
from bot.channels.base import Ack, Call, Channel
from bot.config import Settings
from bot.desk import Desk, commands, outgoing
from bot.domain import (
    SHANGHAI,
    Address,
    Answer,
    Clarify,
    Command,
    Context,
    Conversation,
    Decision,
    Emergency,
    Entered,
    Escalate,
    Event,
    Feedback,
    Finding,
    GroupKind,
    Inbound,
    Poll,
    Private,
    Reply,
    Role,
    Silence,
)
from bot.errors import Rejected
from bot.store import contexts, deliveries, messages, quarantine, reading
from faq.retriever import Retriever
from knowledge.library import Library

log = structlog.get_logger("farun.webhook")


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a message needs, built once. `now` gives an aware UTC moment."""

    settings: Settings
    engine: sa.Engine
    channels: Mapping[str, Channel]
    retriever: Retriever
    library: Library
    now: Callable[[], datetime]

    @property
    def desk(self) -> Desk:
        return Desk(self.settings, self.library, {n: c.capabilities.max_bytes for n, c in self.channels.items()})


def blueprint(current: Callable[[], Parts]) -> Blueprint:
    """The address every platform calls: /hook/<channel>. `current` gives the parts in use."""
    pages = Blueprint("webhook", __name__)

    @pages.route("/hook/<name>", methods=["GET", "POST"])
    def hook(name: str) -> Response:
        parts = current()
        channel = parts.channels.get(name) or abort(404)
        began = time.perf_counter()
        try:
            ack = channel.verify(_call()) if request.method == "GET" else _hear(parts, channel, _call())
        except Rejected as e:
            metrics.REJECTED.labels(name).inc()
            log.warning("rejected", channel=name, reason=e.reason, status=e.status)
            return Response(wording.REFUSED, status=e.status, content_type="text/plain; charset=utf-8")
        metrics.SECONDS.labels(name).observe(time.perf_counter() - began)
        return Response(ack.body, status=ack.status, content_type=ack.content_type)

    return pages


def _call() -> Call:
    headers = {key.lower(): value for key, value in request.headers.items()}
    return Call(request.args, headers, request.get_data())


def _hear(parts: Parts, channel: Channel, call: Call) -> Ack:
    event = channel.receive(call)
    return channel.respond(event, _said(parts, channel, event))


def _said(parts: Parts, channel: Channel, event: Event | None) -> str | None:
    """What the platform gets to hear about one event."""
    match event:
        case None:
            return None
        case Inbound():
            return reply_to(parts, channel, event).text
        case Poll():
            with reading(parts.engine) as conn:
                return messages.reply_by_id(conn, event.channel, event.reply_id) or ""
        case Entered():
            return wording.greeting(parts.settings.bot_names[0])
        case Feedback():
            _keep_feedback(parts, event)
            return None


def _keep_feedback(parts: Parts, event: Feedback) -> None:
    row = {"channel": event.channel, "external_id": event.external_id, "reply_id": event.reply_id, "kind": event.kind,
           "text": privacy.mask(event.text).text, "at": parts.now()}  # fmt: skip
    with parts.engine.begin() as conn:
        messages.add_feedback(conn, row)


def reply_to(parts: Parts, channel: Channel, heard: Inbound) -> Reply:
    """Decide on one message and store it with its reply; a message the platform sends again gets the stored reply."""
    message = _masked(heard)
    context = _context(parts, message)
    decision = dialogue.decide(message, context, parts.retriever, parts.library)
    with parts.engine.begin() as conn:
        reply = _record_and_act(conn, parts, channel, message, context, decision)
    metrics.MESSAGES.labels(message.channel, reply.action).inc()
    log.info("message", channel=message.channel, id=message.external_id, action=reply.action, matter=reply.finding.matter)
    return reply


def _masked(m: Inbound) -> Inbound:
    text, name = privacy.mask(m.text), privacy.mask(m.sender_name)
    quote = replace(m.quote, text=privacy.mask(m.quote.text).text) if m.quote else None
    return replace(m, text=text.text, sender_name=name.text, quote=quote, personal_data=bool(text.spans))


def _context(parts: Parts, m: Inbound) -> Context:
    now = parts.now()
    with reading(parts.engine) as conn:
        group, person, talk, something_held = contexts.read(conn, m)
        held = quarantine.held(conn, now.astimezone(SHANGHAI).date()) if something_held else frozenset()
        waiting = contexts.waiting_ticket(conn, m) if (m.addressed or m.private) and person is None else None
        pending = contexts.pending_private(conn, m, now - timedelta(days=1)) if m.private else None
    s = parts.settings
    return Context(now, group, person, talk, waiting, pending, s.silence_minutes, s.conversation_minutes, held, s.signed_only)


def _record_and_act(
    conn: sa.Connection, parts: Parts, channel: Channel, m: Inbound, context: Context, decision: Decision
) -> Reply:
    """The message's one write transaction. What was decided is dropped when the message was stored before."""
    if m.nonce and not messages.take_nonce(conn, m.channel, m.nonce, context.now):
        raise Rejected("nonce seen before")
    draft = Reply(_ACTIONS[type(decision)], None, _finding(decision))
    group_id = context.group.id if context.group else None
    taken_up = not isinstance(decision, Silence)
    message_id = messages.record(conn, m, draft, group_id, context.now, parts.library.state, keep_text=taken_up)
    if message_id is None:
        return messages.stored_reply(conn, m)
    if isinstance(decision, Silence):
        _note_silence(conn, m, context)
        return draft
    if m.reply_url and channel.capabilities.window:
        until = context.now + timedelta(seconds=channel.capabilities.window)
        deliveries.keep_window(conn, Address(m.channel, m.room_id, m.reply_url), m.sender_id, until)
    reply = replace(draft, text=_act(conn, parts, channel, m, context, decision, message_id))
    if context.pending_question:
        contexts.clear_pending(conn, m)
    first = _first_part(conn, channel, m, reply, context.now)
    messages.set_reply(conn, message_id, first)
    return first


def _note_silence(conn: sa.Connection, m: Inbound, context: Context) -> None:
    """Silence leaves a trace where it matters: an unbound room is listed, an advisor's words quiet the robot."""
    if context.group is None and not m.private:
        contexts.note_unbound(conn, m, context.now)
    elif context.group and context.role is Role.ADVISOR and not m.private:
        contexts.human_spoke(conn, context.group.id, context.now)


def _act(
    conn: sa.Connection, parts: Parts, channel: Channel, m: Inbound, context: Context, decision: Decision, message_id: int
) -> str:
    """Do what was decided; the words to say now."""
    match decision:
        case Answer(text=text, finding=finding):
            _remember(conn, m, context, finding)
            return text
        case Clarify(text=text, options=options, finding=finding):
            _remember(conn, m, context, finding, options=options)
            return text
        case Private(finding=finding):
            _remember(conn, m, context, finding, pending_private=True)
            advisor = context.group.advisor if context.group else None
            return wording.private(advisor, can_chat=channel.capabilities.private_chat)
        case Emergency(text=text, finding=finding):
            _alarm(conn, parts, m, context, finding, message_id)
            return text
        case Escalate():
            return _open(conn, parts, m, context, decision, message_id)
        case Command():
            return _command(conn, parts, m, context, decision, message_id)
        case Silence():
            raise AssertionError("silence does nothing")


def _alarm(conn: sa.Connection, parts: Parts, m: Inbound, context: Context, finding: Finding, message_id: int) -> None:
    """One urgent ticket an emergency: what the same person cries out next goes to whoever has it."""
    talk = context.recent
    if talk and talk.ticket_id and (talk.matter or "").startswith("crisis."):
        more = Command("add", m.text, talk.ticket_id)
        commands.run(commands.Doing(conn, parts.desk, m, context, more))
        _remember(conn, m, context, finding, ticket_id=talk.ticket_id)
    else:
        _open(conn, parts, m, context, Escalate(m.text, "danger", finding, urgent=True), message_id)


def _open(conn: sa.Connection, parts: Parts, m: Inbound, context: Context, e: Escalate, message_id: int) -> str:
    """Hand over to the group's advisor: ticket, deliveries, and what the asker hears at once."""
    group, finding = context.group, e.finding
    if group is None:
        _remember(conn, m, context, finding, question=e.question)
        return wording.no_home()
    request_ = desk.Request(
        message_id, group.id, group.kind, e.question, finding.matter, finding.references, e.reason, e.urgent
    )
    ticket, owner = desk.open_ticket(conn, parts.desk, m, request_, context.now)
    _remember(conn, m, context, finding, question=e.question, ticket_id=ticket.id)
    said = {"asked": wording.asked_for_person, "law_changed": wording.law_changed, "unsigned": wording.unsigned}.get(e.reason)
    if said:
        return said(ticket.id, owner, ticket.answer_due_at)
    return wording.escalated(ticket.id, owner, ticket.answer_due_at, urgent=e.urgent)


def _command(
    conn: sa.Connection, parts: Parts, m: Inbound, context: Context, command: Command, message_id: int
) -> str:
    """Commands that open a ticket are escalations; all others are the desk's."""
    if command.name == "human":
        talk = context.conversation
        question = command.argument or (talk.question if talk else "")
        known = Finding(talk.matter, None, 0.0, talk.references) if talk and not command.argument else Finding()
        return _open(conn, parts, m, context, Escalate(question, "asked", known), message_id) if question else wording.nothing_to_hand_over()
    if command.name == "ask_for" and command.argument:
        return _open(conn, parts, m, context, Escalate(command.argument, "asked", Finding()), message_id)
    return commands.run(commands.Doing(conn, parts.desk, m, context, command))


def _remember(
    conn: sa.Connection, m: Inbound, context: Context, finding: Finding, *, question: str | None = None,
    options: tuple[str, ...] = (), ticket_id: int | None = None, pending_private: bool = False,
) -> None:  # fmt: skip
    """Keep the talk for a follow-up, and where the speaker lives for a private one."""
    talk = Conversation(
        question or finding.question or m.text, finding.matter, finding.entry_id, options, finding.references, context.now, ticket_id, pending_private
    )
    contexts.remember(conn, m, talk)
    if context.group and not m.private and context.group.kind is not GroupKind.ADVISORS:
        contexts.set_home(conn, m, context.group.id, context.now)


def _first_part(conn: sa.Connection, channel: Channel, m: Inbound, reply: Reply, now: datetime) -> Reply:
    """Split what is too long for the platform: the first part is the reply, the others follow in order."""
    parts = outgoing.split(reply.text or "", channel.capabilities.max_bytes)
    for n, part in enumerate(parts[1:], 2):
        # Two seconds, so that the platform has shown the first part before the sender brings the next.
        due = now + timedelta(seconds=2)
        deliveries.plan(conn, f"reply:{m.channel}:{m.external_id}:{n}", Address(m.channel, m.room_id), part, due_at=due, kind="reply")
    return replace(reply, text=parts[0]) if parts else reply


def _finding(decision: Decision) -> Finding:
    return Finding() if isinstance(decision, Command) else decision.finding


_ACTIONS: Mapping[type[object], str] = {
    Answer: "answer", Clarify: "clarify", Escalate: "escalate", Emergency: "emergency", Private: "private",
    Command: "command", Silence: "silence",
}  # fmt: skip
