"""The only tokenizer, for index and query: normalisation, then jieba's cut with our user dictionary.

jieba is the reference. `rjieba` (jieba-rs) cuts alike, as a test shows on every text we have, twenty times faster and
with a start of a tenth of the time; where it is not installed jieba itself does the work.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

USERDICT = Path(__file__).with_name("userdict.txt")
STOPWORDS = Path(__file__).with_name("stopwords.txt")

_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\u00ad]")
_REPEATED = re.compile(r"([^\d])\1{2,}")  # not of digits: 3000 is not 300
_MASKED = re.compile("〔[^〕]{2,5}〕")
_JOINED = re.compile(r"-|(?<=\d\.)(\d+)(?=[a-z])")  # 3-8, 1.5kg: the two implementations differ here, so we part them
_JUST_SEEN = 16  # texts: one question is looked at by words and by characters for each model and index
_WORD = re.compile(r"[\u4e00-\u9fff]|[a-z0-9]")


def normalise(text: str) -> str:
    """One spelling: full width and compatibility forms folded, lower case, no invisible characters, no long repeats."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).lower()
    return _REPEATED.sub(r"\1\1", _MASKED.sub(" ", folded)).strip()


def words(text: str) -> list[str]:
    """The words of a text, normalised, without stop words and punctuation."""
    return list(_cut(text))


@lru_cache(_JUST_SEEN)
def _cut(text: str) -> tuple[str, ...]:
    stop = _stopwords()
    return tuple(w for w in _tokenizer().cut(plain(text)) if w not in stop and _WORD.search(w))


def plain(text: str) -> str:
    """What is cut: the normalised text with numbers parted from what is joined to them."""
    return _JOINED.sub(lambda m: f"{m[1] or ''} ", normalise(text))


@lru_cache(_JUST_SEEN)
def characters(text: str) -> str:
    """The text as one run of Chinese characters, letters and digits: what character n-grams are taken from."""
    return "".join(_WORD.findall(normalise(text)))


def warm() -> None:
    """Load the dictionaries now, before the first question."""
    words("预热")


class Tokenizer(Protocol):
    """What both implementations do."""

    def cut(self, text: str) -> Iterable[str]: ...
    def add_word(self, word: str, freq: int, tag: str) -> object: ...


@cache
def _tokenizer() -> Tokenizer:
    try:
        return fast()
    except ImportError:
        return reference()


def fast() -> Tokenizer:
    """The one of jieba-rs. Raises `ImportError` where there is none."""
    import rjieba

    return _taught(rjieba.Jieba())


def reference() -> Tokenizer:
    """The tokenizer of jieba itself."""
    import jieba  # here, not above: half a second to load, and it is seldom needed

    jieba.setLogLevel(logging.WARNING)
    return _taught(jieba.Tokenizer())


def _taught(tokenizer: Tokenizer) -> Tokenizer:
    """With the words of the user dictionary, each with its frequency and part of speech."""
    for line in USERDICT.read_text(encoding="utf-8").splitlines():
        word, frequency, tag = line.split()
        tokenizer.add_word(word, int(frequency), tag)
    return tokenizer


@cache
def _stopwords() -> frozenset[str]:
    return frozenset(STOPWORDS.read_text(encoding="utf-8").split())
