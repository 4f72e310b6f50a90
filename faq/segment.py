"""The only tokenizer, for index and query: normalisation, then jieba with our user dictionary."""

from __future__ import annotations

import logging
import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jieba  # here, not above: half a second to load, and a start that builds nothing needs none of it

USERDICT = Path(__file__).with_name("userdict.txt")
STOPWORDS = Path(__file__).with_name("stopwords.txt")

_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\u00ad]")
_REPEATED = re.compile(r"([^\d])\1{2,}")  # not of digits: 3000 is not 300
_MASKED = re.compile("〔[^〕]{2,5}〕")
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
    return tuple(w for w in _tokenizer().lcut(normalise(text)) if w not in stop and _WORD.search(w))


@lru_cache(_JUST_SEEN)
def characters(text: str) -> str:
    """The text as one run of Chinese characters, letters and digits: what character n-grams are taken from."""
    return "".join(_WORD.findall(normalise(text)))


def warm() -> None:
    """Load the dictionaries now, before the first question."""
    words("预热")


@cache
def _tokenizer() -> jieba.Tokenizer:
    import jieba  # here, not above: half a second to load, and a start that builds nothing needs none of it

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    with USERDICT.open("rb") as lines:
        tokenizer.load_userdict(lines)
    return tokenizer


@cache
def _stopwords() -> frozenset[str]:
    return frozenset(STOPWORDS.read_text(encoding="utf-8").split())
