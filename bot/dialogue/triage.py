"""Emergencies first: what must be said before anything else, whoever speaks and however quiet the robot should be."""

from __future__ import annotations

from bot import wording
from bot.domain import Context, Emergency, Finding, Inbound
from faq.retriever import Retriever


def emergency(message: Inbound, context: Context, retriever: Retriever) -> Emergency | None:
    """Danger in this message, or in it together with what the same person said just before."""
    danger = retriever.danger(message.text, before=context.recent.question if context.recent else "")
    if danger is None:
        return None
    text = wording.danger(danger.kind, told=context.group is not None)
    return Emergency(danger.kind, text, Finding(f"crisis.{danger.kind}", None, danger.probability))
