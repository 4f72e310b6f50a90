"""The only tokenizer, for index and query: normalisation, dialect, numerals, then jieba's cut with our user dictionary.

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

from cn2an import an2cn
from opencc import OpenCC

from faq.tables import rows

DIALECT = Path(__file__).with_name("dialect.tsv")
USERDICT = Path(__file__).with_name("userdict.txt")
STOPWORDS = Path(__file__).with_name("stopwords.txt")

_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\u00ad]")
_REPEATED = re.compile(r"([^\d])\1{2,}")  # not of digits: 3000 is not 300
_MASKED = re.compile("〔[^〕]{2,5}〕")
_JOINED = re.compile(r"-|(?<=\d\.)(\d+)(?=[a-z])")  # 3-8, 1.5kg: the two implementations differ here, so we part them
_NUMBER = re.compile(r"(?<![\d.:a-z-])\d{1,2}(?![\d.:a-z-])")  # 16岁; not of dates, sums with a point, and plates
JUST_SEEN = 16  # texts: one question is looked at by words and by characters for each model and index
_WORD = re.compile(r"[\u4e00-\u9fff]|[a-z0-9]")


def normalise(text: str) -> str:
    """One spelling: simplified characters, full width and compatibility forms folded, lower case, nothing invisible, no long repeats."""
    folded = _simplified().convert(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).lower())
    return _REPEATED.sub(r"\1\1", _MASKED.sub(" ", folded)).strip()


@lru_cache(JUST_SEEN)
def standard(text: str) -> str:
    """The normalised text in standard words (`dialect.tsv`) and with small numbers in characters: 16岁 is 十六岁."""
    said, means = _dialect()
    spoken = said.sub(lambda m: means[m[0]], normalise(text))
    return _NUMBER.sub(lambda m: an2cn(m[0]), spoken)


def words(text: str) -> list[str]:
    """The words of a text, normalised, without stop words and punctuation."""
    return list(_cut(text))


@lru_cache(JUST_SEEN)
def _cut(text: str) -> tuple[str, ...]:
    stop = _stopwords()
    return tuple(w for w in _tokenizer().cut(plain(text)) if w not in stop and _WORD.search(w))


def plain(text: str) -> str:
    """What is cut: the standard text with numbers parted from what is joined to them."""
    return _JOINED.sub(lambda m: f"{m[1] or ''} ", standard(text))


@lru_cache(JUST_SEEN)
def characters(text: str) -> str:
    """The text as one run of Chinese characters, letters and digits: what character n-grams are taken from."""
    return "".join(_WORD.findall(standard(text)))


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
def _simplified() -> OpenCC:
    return OpenCC("t2s")


@cache
def _dialect() -> tuple[re.Pattern[str], dict[str, str]]:
    """What dialects say, the longest first, and what it means."""
    means = dict(rows(DIALECT))
    return re.compile("|".join(sorted(map(re.escape, means), key=len, reverse=True))), means


@cache
def _stopwords() -> frozenset[str]:
    return frozenset(STOPWORDS.read_text(encoding="utf-8").split())
