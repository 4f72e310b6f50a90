"""What is learned from labelled questions that were left out of everything else: how sure an answer is, from which confidence one is
given out in each matter, and in which order articles come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faq import learn, ranker, references, thresholds
from faq.arrays import Largest, save
from faq.asked import Asked
from knowledge.library import Entry

HEAT = 16.0  # how sharply scores become shares
ALIKE = 0.7  # likeness to a known question, from which one is left aside: asked in nearly the same words it would be too easy
FOLDS = 5
LIKE_ALL = 60.0  # questions of all matters that count beside a matter's own when its threshold is set


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Questions that `dual` and `habits` do not know.

    `targets`: their classes, shape (questions, classes); `likeness`: to each labelled text, nothing to one another, shape (questions, texts).
    """

    rows: list[Asked]
    targets: Any
    likeness: Any
    dual: Largest
    bias: Any
    habits: references.Habits

    def write(self, entries: list[Entry], of_matter: Any, precision: list[float], of_article: Any, folder: Path) -> None:
        """`of_matter`: each entry's; `precision`: the share of a matter's answers that must be right; `of_article`: each article's class."""
        asks, finds = ranker.Ranker(folder), references.References(folder, self.habits)
        targets = np.hstack([self.targets, np.zeros((len(self.rows), 1), dtype=np.float32)])  # the last class: none
        sure, best, signs, named = [], [], [], []
        for n in np.flatnonzero(self.likeness.max(axis=1) < ALIKE).tolist():
            text, like = self.rows[n].text, self.likeness[n]
            look = ranker.Look(ranker.predict(self.dual, self.bias, like), like, like)
            scores = asks.scores(text, look.classes)
            near = max(float(like.max()), float(asks.examples.look(text).likeness.max()))
            best.append(int(scores.argmax()))
            sure.append((*ranker.evidence(scores, near, HEAT), _right(entries[best[-1]], self.rows[n])))
            found, evidence = finds.evidence(finds.scores(text, scores, look), look)
            signs.append(evidence)
            named.append(targets[n, of_article[found]] > 0)
        seen = np.array(sure)
        save(folder, "confidence", _confidence(seen))
        scores = _by_others(seen, _confidence, lambda learned, rows: [ranker.sure(learned, evidence) for evidence in rows[:, :-1].tolist()])
        save(folder, "confidence.curve", learn.isotonic(scores, seen[:, -1]))
        scored = np.column_stack([scores, seen[:, -1]])
        chances = _by_others(scored, lambda rows: learn.isotonic(*rows.T), lambda curve, rows: np.interp(rows[:, 0], *curve))
        save(folder, "confidence.seen", np.column_stack([chances, seen[:, -1]]).astype(np.float32))
        save(folder, "confidence.enough", _enough(chances, seen[:, -1], of_matter[best], precision))
        save(folder, "references", _order(np.concatenate(signs), np.concatenate(named)))


def _right(best: Entry, row: Asked) -> bool:
    """Whether it is the entry named for the question, or one that rests on the article named first for it."""
    return best.id == row.entry or row.articles[0] in {(r.short_law, r.article) for r in (*best.basis, *(x.ref for x in best.refs))}


def _confidence(seen: Any) -> Any:
    """HEAT, the weights of `ranker.evidence`, and the bias. `seen`: evidence, and whether the best was right."""
    sure = learn.logistic(seen[:, :-1], seen[:, -1].astype(int), c=1e3)
    return np.array([HEAT, *sure.coef_[0], sure.intercept_[0]], dtype=np.float32)


def _by_others(rows: Any, teach: Callable[[Any], Any], ask: Callable[[Any, Any], Any]) -> Any:
    """Of each row what the other folds teach, shape (rows,)."""
    folds = np.arange(len(rows)) % FOLDS
    found = np.zeros(len(rows))
    for fold in range(FOLDS):
        found[folds == fold] = ask(teach(rows[folds != fold]), rows[folds == fold])
    return found


def _enough(chances: Any, right: Any, matter: Any, precision: list[float]) -> Any:
    """For each matter the lowest confidence from which so many answers are right; others' questions count a little, too."""
    order = np.argsort(-chances)
    chances, right, matter = chances[order], right[order], matter[order]
    found = []
    for m, wanted in enumerate(precision):
        weight = (matter == m) + LIKE_ALL / len(chances)
        share = np.cumsum(weight * right) / np.cumsum(weight)
        good = np.flatnonzero(share >= wanted)
        lowest = chances[good[-1]] if len(good) else 1.0
        found.append(min(max(float(lowest), thresholds.LOWEST), thresholds.HIGHEST))
    return np.array(found, dtype=np.float32)


def _order(signs: Any, named: Any) -> Any:
    """The weights of `References.evidence`: log odds that a candidate is named for the question, without what is the same for all."""
    spread = signs.std(axis=0) + 1e-6
    return (learn.logistic(signs / spread, named.astype(int), c=1.0).coef_[0] / spread).astype(np.float32)
