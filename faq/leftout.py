"""What is learned from labelled questions that were left out of everything else: how sure an answer is, from which confidence one is
given out in each matter, and in which order articles come.
"""

from __future__ import annotations

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
        scores = _out_of_fold(seen)
        save(folder, "confidence.curve", learn.isotonic(scores, seen[:, -1]))
        chances = _straightened(scores, seen[:, -1])
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


def _straightened(scores: Any, right: Any) -> Any:
    """Chances from scores, by the curve of the other folds."""
    folds = np.arange(len(scores)) % FOLDS
    found = np.zeros(len(scores))
    for fold in range(FOLDS):
        found[folds == fold] = np.interp(scores[folds == fold], *learn.isotonic(scores[folds != fold], right[folds != fold]))
    return found


def _out_of_fold(seen: Any) -> Any:
    """The score of each answer by what the other folds taught."""
    folds = np.arange(len(seen)) % FOLDS
    found = np.zeros(len(seen))
    for fold in range(FOLDS):
        learned = _confidence(seen[folds != fold])
        found[folds == fold] = [ranker.sure(learned, evidence) for evidence in seen[folds == fold, :-1].tolist()]
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
