"""What to say. Pure: takes everything, touches nothing; no clock, database or network."""

from __future__ import annotations

from datetime import timedelta

from bot.dialogue import answering, commands, triage
from bot.domain import Command, Context, Decision, Inbound, Mode, Role, Silence
from faq.retriever import Retriever
from knowledge.library import Library


def decide(message: Inbound, context: Context, retriever: Retriever, library: Library) -> Decision:
    """What to do about one masked message. Emergencies come before commands, silence and everything else."""
    if message.from_self:
        return Silence("from_self")
    if not message.text.strip():
        return Command("help") if _to_robot(message) and context.group else Silence("empty")
    command = commands.read(message, context)
    if context.group is None and not message.private:
        return command if command and command.name in commands.IN_UNBOUND_ROOMS else Silence("unbound")
    if command and context.role is not Role.VILLAGER:
        return command
    danger = triage.emergency(message, context, retriever)
    if danger:
        return danger
    if command:
        return command
    return _conversation(message, context, retriever, library)


def _conversation(message: Inbound, context: Context, retriever: Retriever, library: Library) -> Decision:
    """A message that is neither danger nor a command."""
    chosen = answering.chosen_option(message, context, library)
    if chosen:
        return chosen
    if context.waiting_ticket and _to_robot(message):
        return Command("add", message.text, context.waiting_ticket)
    quiet = _not_for_me(message, context)
    return Silence(quiet) if quiet else answering.answer(message, context, retriever, library)


def _to_robot(message: Inbound) -> bool:
    return message.addressed or message.private


def _not_for_me(message: Inbound, context: Context) -> str | None:
    """Why the robot keeps silent, or None when it listens."""
    group = context.group
    if _to_robot(message) or group is None:
        return None
    if context.role is not Role.VILLAGER:
        return "staff"
    if group.mode is Mode.MENTION:
        return "not_addressed"
    minutes = context.silence_minutes if group.silence_minutes is None else group.silence_minutes
    if group.human_spoke_at and context.now - group.human_spoke_at < timedelta(minutes=minutes):
        return "advisor_spoke"
    return None
