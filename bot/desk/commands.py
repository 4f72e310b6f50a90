"""What a typed command does. Every answer is one short text to whoever typed it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot import desk as front
from bot import wording
from bot.desk import Desk, pushes
from bot.desk.calendar import after_quiet
from bot.domain import SHANGHAI, Command, Context, Inbound, Person, Role
from bot.store import accuracy, deliveries, roster, tickets, verdicts
from bot.store.tickets import Ticket
from knowledge.citation import ArticleRef, parse

LISTED_NOTICES = 20
JUST_ANSWERED = timedelta(days=1)  # how long an answer is the one that is judged without being quoted
QUOTABLE = timedelta(days=30)  # and with it


@dataclass(frozen=True, slots=True)
class Doing:
    """One command being carried out, inside the message's transaction."""

    conn: sa.Connection
    desk: Desk
    message: Inbound
    context: Context
    command: Command

    @property
    def now(self) -> datetime:
        return self.context.now

    @property
    def person(self) -> Person:
        if self.context.person is None:
            raise LookupError("a villager has no place on the roster")
        return self.context.person


def run(doing: Doing) -> str:
    """Carry out a command of somebody who may use it."""
    name, role = doing.command.name, doing.context.role
    if name in _FOR_ALL:
        return _FOR_ALL[name](doing)
    if role is Role.ADVISOR and name in _FOR_ADVISORS:
        return _FOR_ADVISORS[name](doing)
    if role in (Role.OFFICER, Role.CADRE) and name in _FOR_BUREAU:
        return _FOR_BUREAU[name](doing)
    return wording.NOT_ALLOWED


# ------------------------------------------------------------------ everyone


def _help(d: Doing) -> str:
    return wording.help_text(d.context.role, d.desk.settings.bot_names[0])


def _smalltalk(d: Doing) -> str:
    return wording.chat_only(d.desk.settings.bot_names[0])


def _law(d: Doing) -> str:
    asked = d.command.argument.strip()
    refs = d.context.conversation.references if d.context.conversation else ()
    if not asked:
        return wording.references(refs) if refs else wording.NO_REFERENCES
    if re.fullmatch(r"\d{1,2}", asked):
        ref = refs[int(asked) - 1] if 1 <= int(asked) <= len(refs) else None
        return _article(d, ref) if ref else wording.NO_REFERENCES
    typed = parse(asked)
    law = d.desk.library.resolve(typed.law) if typed else None
    return _article(d, ArticleRef(law, typed.article)) if typed and law else wording.NO_LAW.format(asked=wording.clip(asked, 30))


def _papers(d: Doing) -> str:
    asked = re.sub(r"(?:要|需要)?(?:带|准备|交|提供)?(?:什么|啥|哪些)?(?:材料|证件|手续)?[？?吗呢]*$", "", d.command.argument.strip())
    lists = d.desk.library.materials()
    found = [m for m in lists if asked and any(asked in n or n in asked for n in (*m.names, m.title))]
    exact = [m for m in found if asked in m.names]
    if len(found) == 1 or exact:
        return wording.materials((exact or found)[0])
    return wording.which_materials([m.names[0] for m in found or lists])


def _accuracy(d: Doing) -> str:
    when, measured = accuracy.last(d.conn)
    return wording.accuracy(when, sum(m.answered for m in measured), sum(m.right for m in measured))


def _places(d: Doing) -> str:
    """The service points of the group's village, its town and its county."""
    group, asked = d.context.group, d.command.argument.strip(" ？?。")
    points = d.desk.library.service_points(roster.lineage(d.conn, group.region_id) if group else ())
    found = [p for p in points if asked and any(asked in text for text in (p.name, *p.services))]
    found.sort(key=lambda p: asked not in p.name)
    return wording.service_points(found[:3]) if found else wording.which_service(points)


def _article(d: Doing, ref: ArticleRef) -> str:
    article = d.desk.library.article(ref, d.now.astimezone(SHANGHAI).date())
    return wording.law_text(article) if article else wording.LAW_TEXT_MISSING.format(ref=ref)


def _progress(d: Doing) -> str:
    mine = tickets.of_asker(d.conn, d.message, d.command.ticket_id)
    return wording.progress([(t.id, t.status, _name(d, t.owner_id), t.answer_due_at) for t in mine])


def _name(d: Doing, person_id: str | None) -> str | None:
    person = roster.get_person(d.conn, person_id) if person_id else None
    return person.name if person else None


def _rate(d: Doing) -> str:
    scores = tuple(map(int, d.command.argument.split()))
    mine = [t for t in tickets.of_asker(d.conn, d.message, d.command.ticket_id) if t.status == "closed" and not t.rated_at]
    if not mine:
        return wording.NOTHING_TO_RATE
    ticket = mine[0]
    if len(scores) not in (1, 3) or not all(1 <= s <= 5 for s in scores):
        return wording.BAD_RATING.format(n=ticket.id)
    attitude, speed, skill = scores if len(scores) == 3 else scores * 3
    tickets.rate(d.conn, ticket.id, (attitude, speed, skill), d.now)
    low = min(attitude, speed, skill) <= 2
    if low:
        _take_up_again(d, ticket)
    return wording.rated(low)


def _take_up_again(d: Doing, ticket: Ticket) -> None:
    """A low rating: another handler, within one working day, and the bureau knows."""
    due = d.desk.calendar(d.conn).add_days(d.now, d.desk.settings.assign_days)
    again = tickets.reopen(d.conn, ticket.id, due, "farun", d.now)
    if again:
        front.give_to_duty(d.conn, d.desk, again, d.now, but_not=ticket.owner_id)
        front.tell_bureau(d.conn, d.desk, again, "complaint", d.now)


def _withdraw(d: Doing) -> str:
    live = [t for t in tickets.of_asker(d.conn, d.message, d.command.ticket_id) if t.status in tickets.LIVE]
    if not live:
        return wording.NO_SUCH_TICKET.format(n=d.command.ticket_id or "")
    ticket = live[0]
    tickets.withdraw(d.conn, ticket.id, d.now)
    if ticket.owner_id:
        front.tell_person(d.conn, d.desk, ticket.owner_id, f"{ticket.id}:withdrawn", wording.withdrawn_notice(ticket.id), ticket, d.now)
    return wording.withdrawn(ticket.id)


def _add(d: Doing) -> str:
    mine = [t for t in tickets.of_asker(d.conn, d.message, d.command.ticket_id) if t.status not in tickets.OVER]
    if not mine:
        return wording.NO_SUCH_TICKET.format(n=d.command.ticket_id or "")
    ticket, words = mine[0], d.command.argument.strip()
    if not words:
        return wording.WHAT_WORDS.format(command="补充", n=ticket.id)
    tickets.add_words(d.conn, ticket.id, words, d.now)
    if ticket.owner_id:
        key = f"{ticket.id}:added:{d.message.external_id}"
        front.tell_person(d.conn, d.desk, ticket.owner_id, key, wording.asker_added(ticket.id, words), ticket, d.now)
    return wording.still_open(ticket.id)


def _bind(d: Doing) -> str:
    if d.context.role not in (Role.ADVISOR, Role.OFFICER):
        return wording.BIND_NOT_ALLOWED
    if d.message.private:
        return wording.NOT_HERE
    group_id = roster.peek_code(d.conn, d.command.argument, d.now)
    group = roster.get_group(d.conn, group_id) if group_id else None
    if group is None or not _may_bind(d, group):
        return wording.BAD_CODE
    if not roster.bind(d.conn, group.id, d.message.channel, d.message.room_id, d.now):
        return wording.ROOM_TAKEN
    roster.use_code(d.conn, d.command.argument, d.now)
    return wording.BOUND.format(name=group.name, kind=wording.KIND[group.kind])


def _may_bind(d: Doing, group: roster.GroupRow) -> bool:
    if d.context.role is Role.ADVISOR:
        return d.person.id in (group.advisor_id, group.deputy_id)
    return d.person.region_id in roster.lineage(d.conn, group.region_id)


# ------------------------------------------------------------------ advisors


def _mine(d: Doing, word: str) -> Ticket | str:
    """The ticket a command is about: the number typed or quoted, or the only live one; otherwise what to say."""
    if d.command.ticket_id is None:
        live = [t for t in tickets.live_of_owner(d.conn, d.person.id) if t.status in tickets.LIVE or word in ("结案", "答复")]
        return live[0] if len(live) == 1 else wording.WHICH_TICKET.format(command=word)
    ticket = tickets.get(d.conn, d.command.ticket_id)
    if ticket is None or not front.may_see(d.conn, d.context.role, d.person.id, d.person.region_id, ticket):
        return wording.NO_SUCH_TICKET.format(n=d.command.ticket_id)
    return ticket


def _list(d: Doing) -> str:
    mine = tickets.live_of_owner(d.conn, d.person.id)
    return wording.ticket_list([(t.id, t.status, _shown(d, t), t.answer_due_at, t.urgent) for t in mine], own=True)


def _shown(d: Doing, ticket: Ticket) -> str:
    """The question, but never in a group: the neighbours read along."""
    return ticket.question if d.message.private else ""


def _detail(d: Doing) -> str:
    ticket = _mine(d, "详情")
    if isinstance(ticket, str):
        return ticket
    log = [f"{wording.moment(e.at)} {wording.EVENT[e.kind]}" for e in tickets.events(d.conn, ticket.id)]
    question, answer = (ticket.question, ticket.answer) if d.message.private else ("（请在私聊里看）", None)
    return wording.detail(ticket.id, ticket.status, question, answer, ticket.answer_due_at, log)


def _claim(d: Doing) -> str:
    ticket = _mine(d, "接单")
    if isinstance(ticket, str):
        return ticket
    if tickets.claim(d.conn, ticket.id, d.person.id, d.now):
        return wording.CLAIMED.format(n=ticket.id)
    return _why_not(d, ticket.id)


def _why_not(d: Doing, ticket_id: int) -> str:
    """Why a change was refused, from what the ticket is now."""
    ticket = tickets.get(d.conn, ticket_id)
    if ticket is None:
        return wording.NO_SUCH_TICKET.format(n=ticket_id)
    if ticket.owner_id != d.person.id and ticket.status in ("claimed", "answered"):
        return wording.TAKEN.format(n=ticket_id, name=_name(d, ticket.owner_id))
    if ticket.owner_id != d.person.id:
        return wording.NOT_YOURS.format(n=ticket_id)
    return wording.WRONG_STATE.format(n=ticket_id, status=wording.STATUS[ticket.status])


def _answer(d: Doing) -> str:
    return _say_to_asker(d, "答复", tickets.answer, wording.from_advisor, wording.ANSWERED)


def _ask_back(d: Doing) -> str:
    return _say_to_asker(d, "追问", tickets.ask_back, wording.asked_back, wording.ASKED_BACK)


def _say_to_asker(
    d: Doing, word: str, change: Callable[[sa.Connection, int, str, str, datetime], Ticket | None],
    words: Callable[[int, str, str], str], done: str,
) -> str:  # fmt: skip
    """Answer or ask back; answering a ticket nobody has claimed claims it."""
    ticket = _mine(d, word)
    if isinstance(ticket, str):
        return ticket
    text = d.command.argument.strip()
    if not text:
        return wording.WHAT_WORDS.format(command=word, n=ticket.id)
    tickets.claim(d.conn, ticket.id, d.person.id, d.now)
    changed = change(d.conn, ticket.id, d.person.id, text, d.now)
    if changed is None:
        return _why_not(d, ticket.id)
    front.tell_asker(d.conn, d.desk, changed, d.message.external_id, words(ticket.id, d.person.name, text), d.now)
    return done.format(n=ticket.id)


def _transfer(d: Doing) -> str:
    return _hand_to(d, "转办", wording.TRANSFERRED)


def _hand_to(d: Doing, word: str, done: str) -> str:
    ticket = _mine(d, word)
    if isinstance(ticket, str):
        return ticket
    name = d.command.argument.strip()
    found = roster.advisors_named(d.conn, name)
    if len(found) != 1:
        return wording.WHICH_ADVISOR.format(name=wording.clip(name, 20))
    moved = tickets.transfer(d.conn, ticket.id, found[0].id, d.person.id, d.now)
    if moved is None:
        return _why_not(d, ticket.id)
    front.tell_owner(d.conn, d.desk, moved, d.now)
    front.tell_asker(d.conn, d.desk, moved, f"transfer:{d.message.external_id}", wording.handled_over(ticket.id, found[0].name), d.now)
    return done.format(n=ticket.id, name=found[0].name)


def _extend(d: Doing) -> str:
    ticket = _mine(d, "延期")
    if isinstance(ticket, str):
        return ticket
    due = d.desk.calendar(d.conn).add_days(ticket.answer_due_at, d.desk.settings.extend_days)
    longer = tickets.extend(d.conn, ticket.id, d.person.id, due, d.now)
    if longer:
        return wording.EXTENDED.format(n=ticket.id, due=wording.moment(due))
    return wording.ONLY_ONCE.format(n=ticket.id) if ticket.extended_at or ticket.urgent else _why_not(d, ticket.id)


def _close(d: Doing) -> str:
    ticket = _mine(d, "结案")
    if isinstance(ticket, str):
        return ticket
    closed = tickets.close(d.conn, ticket.id, d.person.id, d.now) if ticket.owner_id == d.person.id else None
    if closed is None:
        return _why_not(d, ticket.id)
    front.tell_asker(d.conn, d.desk, closed, "rate", wording.please_rate(ticket.id), d.now)
    return wording.CLOSED.format(n=ticket.id)


def _approve(d: Doing) -> str:
    return _judge(d, right=True)


def _correct(d: Doing) -> str:
    return _judge(d, right=False)


def _judge(d: Doing, *, right: bool) -> str:
    """What the advisor says of the robot's answer in this room; it is asked again every night."""
    answered = verdicts.answer_in(d.conn, d.message, d.now - (QUOTABLE if d.message.quote else JUST_ANSWERED))
    if answered is None:
        return wording.NOTHING_TO_JUDGE
    verdicts.keep(d.conn, answered, d.person.id, d.now, right=right, note="" if right else d.command.argument.strip())
    return wording.APPROVED if right else wording.CORRECTED


# ------------------------------------------------------------------ the bureau and the village


def _regional_list(d: Doing) -> str:
    live = tickets.live_in_regions(d.conn, roster.below(d.conn, d.person.region_id or ""))
    shown = d.context.role is Role.OFFICER
    return wording.ticket_list(
        [(t.id, t.status, _shown(d, t) if shown else "", t.answer_due_at, t.urgent) for t in live], own=False
    )


def _assign(d: Doing) -> str:
    if d.context.role is not Role.OFFICER:
        return wording.NOT_ALLOWED
    return _hand_to(d, "指派", wording.ASSIGNED)


def _urge(d: Doing) -> str:
    if d.command.ticket_id is None:
        return wording.WHICH_TICKET.format(command="催办")
    ticket = _mine(d, "催办")
    if isinstance(ticket, str):
        return ticket
    if ticket.status not in tickets.LIVE:
        return wording.WRONG_STATE.format(n=ticket.id, status=wording.STATUS[ticket.status])
    tickets.log(d.conn, ticket.id, "urged", d.person.id, "", d.now)
    if ticket.owner_id:
        late = ticket.answer_due_at < d.now
        text = wording.reminder(ticket.id, ticket.answer_due_at, overdue=late)
        front.tell_person(d.conn, d.desk, ticket.owner_id, f"{ticket.id}:urged:{d.message.external_id}", text, ticket, d.now)
    return wording.URGED.format(n=ticket.id)


def _bureau_detail(d: Doing) -> str:
    if d.context.role is not Role.OFFICER:
        return wording.NOT_ALLOWED
    return wording.WHICH_TICKET.format(command="详情") if d.command.ticket_id is None else _detail(d)


def _push(d: Doing) -> str:
    if d.context.role is not Role.OFFICER or d.person.region_id is None:
        return wording.NOT_ALLOWED
    notices = d.desk.library.notices()
    asked = d.command.argument.strip()
    if not asked.isdigit():
        found = [(n, x.title) for n, x in enumerate(notices, 1) if asked in f"{x.title}{x.text}{'、'.join((*x.trades, *x.audiences))}"]
        return wording.notice_list(found[:LISTED_NOTICES], len(found))
    if not 1 <= int(asked) <= len(notices):
        return wording.NO_SUCH_NOTICE.format(n=asked)
    notice = notices[int(asked) - 1]
    regions = roster.below(d.conn, d.person.region_id)
    planned = pushes.plan(d.conn, d.desk, notice, d.now, regions)
    if not planned:
        return wording.PUSHED_BEFORE.format(title=notice.title)
    due = after_quiet(d.now, d.desk.settings.quiet_hours)
    return wording.pushed(notice.title, planned, due if due > d.now else None)


def _unsettled(d: Doing) -> str:
    if d.context.role is not Role.OFFICER:
        return wording.NOT_ALLOWED
    rows = deliveries.unsettled(d.conn, roster.below(d.conn, d.person.region_id or ""))
    return wording.unsettled([(r.id, r.status, r.text) for r in rows])


def _figures(d: Doing) -> str:
    if d.context.role is not Role.OFFICER:
        return wording.NOT_ALLOWED
    regions = roster.below(d.conn, d.person.region_id or "")
    late = [t for t in tickets.live_in_regions(d.conn, regions) if t.answer_due_at < d.now]
    return wording.figures(tickets.counts(d.conn, regions), len(late))


_FOR_ALL: dict[str, Callable[[Doing], str]] = {
    "help": _help, "smalltalk": _smalltalk, "law": _law, "papers": _papers, "places": _places, "accuracy": _accuracy, "progress": _progress, "rate": _rate, "withdraw": _withdraw,
    "add": _add, "bind": _bind,
}  # fmt: skip
_FOR_ADVISORS: dict[str, Callable[[Doing], str]] = {
    "list": _list, "detail": _detail, "claim": _claim, "answer": _answer, "ask_back": _ask_back, "transfer": _transfer,
    "extend": _extend, "close": _close, "approve": _approve, "correct": _correct,
}  # fmt: skip
_FOR_BUREAU: dict[str, Callable[[Doing], str]] = {
    "list": _regional_list, "detail": _bureau_detail, "assign": _assign, "urge": _urge, "push": _push,
    "unsettled": _unsettled, "figures": _figures,
}  # fmt: skip
