"""What a villager, an advisor, a cadre and an officer may type, and how it is read. What it does is in `desk`."""

from __future__ import annotations

import re

from bot.domain import Command, Context, Inbound, Role

IN_UNBOUND_ROOMS = frozenset({"bind"})

_EVERYONE = {"帮助": "help", "法条": "law", "材料": "papers", "服务点": "places", "转人工": "human", "找律师": "human", "进度": "progress", "评价": "rate",
             "撤回": "withdraw", "补充": "add", "绑定": "bind"}  # fmt: skip
_ADVISOR = {"工单": "list", "详情": "detail", "接单": "claim", "答复": "answer", "追问": "ask_back", "转办": "transfer",
            "延期": "extend", "结案": "close", "认可": "approve", "纠错": "correct"}  # fmt: skip
_OFFICER = {"工单": "list", "详情": "detail", "指派": "assign", "催办": "urge", "推送": "push", "未送达": "unsettled",
            "统计": "figures"}  # fmt: skip
_CADRE = {"工单": "list", "催办": "urge", "代问": "ask_for"}
_OWN = {Role.VILLAGER: {}, Role.ADVISOR: _ADVISOR, Role.OFFICER: _OFFICER, Role.CADRE: _CADRE}
_NUMBERED = frozenset({"detail", "claim", "answer", "ask_back", "transfer", "extend", "close", "assign", "urge", "progress",
                       "rate", "withdraw", "add"})  # fmt: skip
# Commands that ordinary talk may begin with: they count only as the whole message, or with what they need behind them.
_NEEDS = {
    "approve": re.compile(r"[。.！!]*"),
    "law": re.compile(r"\d{0,2}|.*\d.*|.*第.+条.*"),
    "rate": re.compile(r"[\d\s,，、/]*分?"),
    "help": re.compile(""),
    "progress": re.compile(r"\d*"),
    "withdraw": re.compile(r"\d*"),
    "bind": re.compile(r"[A-Za-z0-9-]{4,16}"),
}
_HOW_GOOD = re.compile(r"(?:你|机器人|法润助手)?(?:说的|说得|答的|答得|回答)?(?:准不准|准吗|准确吗|靠谱吗|靠不靠谱|可信吗|能信吗)[？?啊呀呢]*")
_TICKET = re.compile(r"工单号?\s*[:：]?\s*(\d{1,9})")


def read(message: Inbound, context: Context) -> Command | None:
    """The command this message is, if it is one for this speaker; a quoted ticket counts as its number."""
    text = message.text.strip()
    quoted = _TICKET.search(message.quote.text) if message.quote else None
    ticket_id = int(quoted[1]) if quoted else None
    if (message.addressed or message.private) and _HOW_GOOD.fullmatch(text):
        return Command("accuracy")
    command = _typed(text, context.role, ticket_id)
    if command or ticket_id is None:
        return command
    if context.role is Role.ADVISOR:
        return Command("answer", text, ticket_id)
    return Command("add", text, ticket_id) if context.role is Role.VILLAGER else None


def _typed(text: str, role: Role, quoted: int | None) -> Command | None:
    words = {**_EVERYONE, **_OWN[role]}
    word = next((w for w in words if text.startswith(w)), None)
    if word is None:
        return None
    name, rest = words[word], text[len(word) :].lstrip(" \u2005\u3000:：,，")
    if (role is Role.VILLAGER or name == "approve") and not _really(name, word, text, rest):
        return None
    if name not in _NUMBERED:
        return Command(name, rest)
    number = re.match(r"[#＃]?(\d{1,9})(?![\d.％%])(?:号|单)?[\s\u2005\u3000:：,，]*", rest)
    if quoted is not None and (name == "rate" or not number):
        return Command(name, rest, quoted)
    if name == "rate":
        return _rating(rest)
    return Command(name, rest[number.end() :], int(number[1])) if number else Command(name, rest)


def _really(name: str, word: str, text: str, rest: str) -> bool:
    """A sentence may begin like a command (“帮助老人…”, “评价一下…”, “认可这个协议…”): only the exact form is one."""
    if name in ("human", "add", "papers", "places"):
        return text == word or text[len(word)] in " \u2005\u3000:：,，0123456789"
    return _NEEDS[name].fullmatch(rest) is not None


def _rating(rest: str) -> Command:
    """评价 12 5 5 5, 评价 12 5, 评价 5 5 5 (the newest ticket), 评价 5."""
    numbers = re.findall(r"\d{1,9}", rest)
    if len(numbers) in (2, 4) or (len(numbers) == 3 and int(numbers[0]) > 5):
        return Command("rate", " ".join(numbers[1:]), int(numbers[0]))
    return Command("rate", " ".join(numbers))
