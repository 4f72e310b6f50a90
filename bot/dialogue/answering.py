"""From hits to words: answer, ask which, hand over, or keep silent, by calibrated confidence."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import wording
from bot.dialogue import days
from bot.domain import (
    SHANGHAI,
    Answer,
    Clarify,
    Command,
    Context,
    Conversation,
    Decision,
    Escalate,
    Finding,
    GroupKind,
    Inbound,
    Private,
    Silence,
)
from faq import thresholds
from faq.retriever import Hit, Retriever
from knowledge.library import Entry, Library


def answer(message: Inbound, context: Context, retriever: Retriever, library: Library) -> Decision:
    """What to say to a message that the robot listens to."""
    talk = context.recent
    result = retriever.search(
        message.text, before=talk.question if talk else "", matter=talk.matter if talk else None, least=thresholds.UNRANKED
    )
    best = result.best
    finding = Finding(
        best.matter if best else None, best.entry_id if best else None, best.confidence if best else 0.0,
        result.references, result.question or message.text,
    )  # fmt: skip
    if result.legal < _legal_threshold(message, talk):
        return _go_on(message, context, retriever, library) or _chatter(message, finding)
    if _not_in_public(message, context, best, library):
        return Private("", finding)
    return _by_confidence(message, context, result.hits, finding, library)


def _by_confidence(
    message: Inbound, context: Context, hits: tuple[Hit, ...], finding: Finding, library: Library
) -> Decision:
    best = hits[0] if hits else None
    entry = library.entry(best.entry_id) if best else None
    if best and entry and best.sure:
        barred = _barred(entry, context)
        if barred:
            return Escalate(finding.question, barred, finding)
        return Answer(_words(entry, context, library, message.text), finding)
    close = [h for h in hits[:3] if h.confidence >= thresholds.OPTION]
    if best and len(close) >= 2 and sum(h.confidence for h in close) >= thresholds.CLARIFY:
        return Clarify(wording.clarify([h.title for h in close]), tuple(h.entry_id for h in close), finding)
    return Escalate(finding.question, "unsure", finding)


def _go_on(message: Inbound, context: Context, retriever: Retriever, library: Library) -> Decision | None:
    """Somebody sent out of the group says a first word in private: go on with what they asked there."""
    question = context.pending_question
    if question is None:
        return None
    asked = replace(message, text=question, addressed=True)
    decision = answer(asked, replace(context, pending_question=None, conversation=None), retriever, library)
    return replace(decision, text=f"{wording.continued(question)}\n{decision.text}") if isinstance(decision, Answer) else decision


def chosen_option(message: Inbound, context: Context, library: Library) -> Decision | None:
    """The reply to our numbered question, when this is one."""
    talk = context.recent
    digit = re.fullmatch(r"(?:选|第)?\s*([0-9])\s*(?:个|条|号)?[。.]?", message.text.strip())
    if talk is None or not talk.options or digit is None:
        return None
    n = int(digit[1])
    if n == 0:
        return Escalate(talk.question, "none_of_the_options", Finding(talk.matter, None, 0.0, talk.references))
    entry = library.entry(talk.options[n - 1]) if n <= len(talk.options) else None
    if entry is None:
        return None
    barred = _barred(entry, context)
    if barred:
        return Escalate(talk.question, barred, Finding(entry.matter, entry.id, 1.0))
    return Answer(_words(entry, context, library, talk.question), Finding(entry.matter, entry.id, 1.0, tuple(r.ref for r in entry.refs)))


def _barred(entry: Entry, context: Context) -> str | None:
    """Why an entry may not be given out, or None when it may."""
    if entry.id in context.held:
        return "law_changed"
    if f"matter:{entry.matter}" in context.held:
        return "human_only"
    return "unsigned" if context.signed_only and not entry.signed else None


def _words(entry: Entry, context: Context, library: Library, question: str) -> str:
    """The answer; by the law of the day that the question speaks of, where it was another one."""
    group = context.group
    today = context.now.astimezone(SHANGHAI).date()
    then = days.spoken_of(question, today)
    earlier = wording.law_then(then, library.changes(entry.refs, then, today)) if then else ""
    return earlier + wording.answer(entry, group.kind if group else None, group.advisor if group else None, library.terms)


def _legal_threshold(message: Inbound, talk: Conversation | None) -> float:
    if message.addressed:
        return thresholds.LEGAL_ADDRESSED
    return thresholds.LEGAL_FOLLOWING if talk else thresholds.LEGAL_OVERHEARD


def _chatter(message: Inbound, finding: Finding) -> Decision:
    """Said to the robot it gets a word; overheard it gets silence."""
    return Command("smalltalk") if message.addressed else Silence("chatter", finding)


def _not_in_public(message: Inbound, context: Context, best: Hit | None, library: Library) -> bool:
    """Sensitive matters and personal data are not talked over in front of the neighbours."""
    group = context.group
    if message.private or group is None or group.kind is GroupKind.ADVISORS:
        return False
    matter = library.matters.get(best.matter) if best else None
    return message.personal_data or group.kind is GroupKind.HARDSHIP or bool(matter and matter.sensitive)
