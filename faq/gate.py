"""Is this for the robot at all, is somebody in danger, does it go on with what was said: linear models, cheap enough for all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from faq import thresholds
from faq.arrays import Floats, Ints, Vocabulary, load
from faq.features import concepts, message

KINDS = (
    "suicide", "dv_in_progress", "violence_threat", "child_abuse",
    "missing", "detention", "fraud_ongoing", "poison_gas_fire",
)  # fmt: skip


# What is too plain to be left to learning. Few, short, and only with nothing calm beside it.
CRIES = re.compile(
    "救命啊|快来人|(?:屋|房|家|楼|棚|仓).{0,4}(?:起火|着火|失火)了?.{0,10}(?:人|娃|孩|老|里[头面])|拿着?(?:菜?刀|斧头?).{0,6}[砍追撵捅]|"
    "(?:喝|吞)了.{0,6}(?:农药|百草枯|敌敌畏)|煤气中毒.{0,8}(?:了|昏|倒|叫不醒)|掉(?:进|下|到)?(?:河|井|塘|水库|粪池).{0,6}[了救]"
)
CALM = frozenset(f"<{name}>" for name in ("resolved", "past", "news", "notice", "joke", "study", "advice", "thanks"))


@dataclass(frozen=True, slots=True)
class Danger:
    """Somebody is in danger now: which kind, and how probable."""

    kind: str
    probability: float


class Gate:
    """`weights` has a column each for "legal", "danger" and "follows", calibrated; `kinds` one for each kind, and rows for `of_danger` alone."""

    def __init__(self, folder: Path) -> None:
        self._vocabulary = Vocabulary.load(folder, "gate")
        self._weights: Any = load(folder, "gate.weights")  # (features, 3), float16
        self._of_danger: Ints = load(folder, "gate.of_danger")  # the features of dangers, ascending
        self._kinds: Any = load(folder, "gate.kinds")  # (features of dangers, kinds), float16
        self._bias: Floats = load(folder, "gate.bias")

        self.logits = lru_cache(64)(self._logits)  # a message is looked at for danger, then for law; one before it again

    def _logits(self, text: str) -> Floats:
        """Log odds of legal, of danger, and of going on with what was said before. Shape (3,)."""
        columns, weights = self._vocabulary.weigh(message(text))
        found: Floats = weights @ self._weights[columns].astype(np.float32) + self._bias[:3]
        return found

    def _kind(self, text: str) -> str:
        """What kind of danger it is, if any."""
        columns, weights = self._vocabulary.weigh(message(text))
        _, here, at = np.intersect1d(columns, self._of_danger, assume_unique=True, return_indices=True)
        return KINDS[int(np.argmax(weights[here] @ self._kinds[at].astype(np.float32) + self._bias[3:]))]

    def danger(self, text: str, before: str = "") -> Danger | None:
        """The danger in a text, or in it after what was said just before; None when there is none."""
        looked, found = text, float(self.logits(text)[1])
        if before:
            joint = float(self.logits(f"{before} {text}")[1])
            alone = float(self.logits(before)[1])
            # What was dangerous already was answered then; only what this message adds counts.
            if joint > found and alone < odds(thresholds.DANGER):
                looked, found = f"{before} {text}", joint
        probability = sigmoid(found)
        if probability < thresholds.DANGER and _cries(text):
            probability = thresholds.DANGER
        if probability < thresholds.DANGER:
            return None
        return Danger(self._kind(looked), probability)


def _cries(text: str) -> bool:
    """Whether a text says the unmistakable, and nothing in it speaks of news, study, jest, notices or what is over."""
    return CRIES.search(text) is not None and not CALM & set(concepts(text))


def sigmoid(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))


def odds(p: float) -> float:
    """The natural log odds of a probability; of 1 and 0 those of a millionth from it."""
    p = min(max(p, 1e-6), 1 - 1e-6)
    return float(np.log(p / (1 - p)))
