"""Texts at the border: the robot's name off what comes in, no orders to a chat program in what goes out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

# WeChat puts U+2005 behind a name picked from the list; a typed one is followed by a space or by nothing.
_AFTER_NAME = "[ \u2005\u00a0]"
_BREAK = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ALL = re.compile(
    r"@(?=所有人|全体成员)"
    r"|@(?=(?:all|everyone|here|channel)(?!\.?[a-z0-9-]))"
    r"|(?<![a-z0-9._%+-])@(?=all|everyone|here|channel)",  # me@all.com is an address
    re.IGNORECASE,
)
_FULL_WIDTH = str.maketrans("<>[]`*|", "＜＞［］｀＊｜")
_LINE_MARK = re.compile(r"^([ \t]*)(#{1,6}|[-=][-= \t]*$)", re.MULTILINE)
_EDGE_UNDERSCORE = re.compile(r"(https?://[A-Za-z0-9._~:/?#@!$&'()+,;=%-]+)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_SOFT_BREAK = re.compile(r"(?<=\S)\n(?=\S)")


def strip_names(text: str, names: Sequence[str]) -> tuple[str, bool]:
    """Take `@name` out, wherever it stands; also tell whether it was there. @所有人 and mail addresses stay."""
    stripped, found = _mention(tuple(names)).subn("", text)
    return stripped.strip(), found > 0


def opens_with_name(text: str, names: Sequence[str]) -> bool:
    """Whether the text begins by naming the robot. Further in, the name may be somebody else's words."""
    return bool(_mention(tuple(names)).match(text.lstrip()))


@lru_cache(maxsize=64)
def _mention(names: tuple[str, ...]) -> re.Pattern[str]:
    """Never a generic "@ and what follows": it would swallow @法润助手借条没写利息 and damage a@b.com."""
    longest_first = sorted(filter(None, names), key=len, reverse=True)
    # @farunner is not @farun; after a Chinese name no space is usual.
    each = [re.escape(n) + (r"(?![A-Za-z0-9_]|\.[A-Za-z0-9])" if n[-1].isascii() else "") for n in longest_first]
    return re.compile(rf"(?<![A-Za-z0-9._%+-])[@＠](?:{'|'.join(each) or '(?!)'}){_AFTER_NAME}?")


def clean(text: str) -> str:
    """Without what no database or screen can take: control and bidi marks, half characters; one kind of line end."""
    return _LONE_SURROGATE.sub("\ufffd", _CONTROL.sub("", _BREAK.sub("\n", text)))


def plain(text: str) -> str:
    """The same words, but no order to a chat program among them: no @all, no <@userid>, no ]]>."""
    return _ALL.sub("＠", clean(text)).replace("<@", "＜＠").replace("]]>", "]]＞")


def for_markdown(text: str) -> str:
    """The same words where the platform renders Markdown: no link, image, tag or other mark-up among them."""
    # Full-width twins, because whether the platform's renderer honours a backslash is not documented.
    text = _ENTITY.sub("＆", plain(text)).translate(_FULL_WIDTH).replace("~~", "～～")
    text = _LINE_MARK.sub(lambda m: m[1] + m[2].translate({35: "＃", 45: "－", 61: "＝"}), text)
    text = _EDGE_UNDERSCORE.sub(lambda m: m[1] or "＿", text)
    # Two spaces: a single line end may be shown as a space.
    return _SOFT_BREAK.sub("  \n", text)


def cut(text: str, max_bytes: int) -> str:
    """At most `max_bytes` of UTF-8, never cut inside a character; what was cut ends in …"""
    raw = text.encode()
    return text if len(raw) <= max_bytes else raw[: max_bytes - 3].decode(errors="ignore") + "…"
