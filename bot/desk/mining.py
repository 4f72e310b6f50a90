"""What the library lacks: unanswered questions that belong together, and what the advisors said to them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from bot.store.proposals import Asked, Proposal
from faq.features import grams
from faq.retriever import Retriever
from knowledge.items import Item
from knowledge.library import Library

# Mean distance up to which questions belong together: of two golden questions put together 69 % have the same entry, and 30 % of all
# that have are found; by characters alone 58 % and 6 %.
TOGETHER = 0.5
KNOWN = 0.6  # mean chance of an entry from which the questions are taken for other words for it
MANY = 3  # questions that show a gap although nobody has answered them yet
LONGEST = 200  # characters of a way of saying
MOST = 20  # ways of saying in one proposal


Found = tuple[Asked, dict[str, float]]  # a question, and the chances of the entries that it or its answer brings up


def propose(asked: Sequence[Asked], retriever: Retriever, library: Library, now: datetime) -> list[Proposal]:
    """Proposals for questions that belong together: other words for an entry that exists, or one that is missing."""
    found = [(a, _chances(a, retriever)) for a in asked]
    made = [_proposal(group, library, now) for group in _together(found)]
    return [p for p in made if p is not None]


def _chances(a: Asked, retriever: Retriever) -> dict[str, float]:
    chances = {h.entry_id: h.confidence for h in retriever.search(a.text, k=10).hits}
    for h in retriever.search(a.answer, k=3).hits if a.answer else ():
        # What the lawyer answered says better than the question which entry it is.
        chances[h.entry_id] = chances.get(h.entry_id, 0.0) + h.confidence
    return chances


def _together(found: Sequence[Found]) -> list[list[Found]]:
    """The questions in groups: average linkage over how alike they are by characters and by the entries they bring up."""
    if len(found) < 2:
        return [[*found]] if found else []
    # Here, not above: two seconds to load, and only this needs them.
    from sklearn.cluster import AgglomerativeClustering

    from faq import learn

    by_characters = learn.likeness(learn.weigh([a.text for a, _ in found], lambda t: grams(t, 1, 2)).rows)
    keys = {key: n for n, key in enumerate(sorted({key for _, chances in found for key in chances}))}
    entries = np.zeros((len(found), len(keys) + 1), dtype=np.float32)
    for row, (_, chances) in zip(entries, found, strict=True):
        row[[keys[key] for key in chances]] = list(chances.values())
    entries /= np.maximum(np.linalg.norm(entries, axis=1, keepdims=True), 1e-9)
    distance = np.clip(1 - (by_characters + entries @ entries.T) / 2, 0, 2)
    made = AgglomerativeClustering(n_clusters=None, metric="precomputed", linkage="average", distance_threshold=TOGETHER).fit(distance)
    return [[f for f, own in zip(found, made.labels_.tolist(), strict=True) if own == label] for label in range(int(made.n_clusters_))]


def _proposal(group: Sequence[Found], library: Library, now: datetime) -> Proposal | None:
    asked = [a for a, _ in group]
    chances = defaultdict[str, float](float)
    for key, chance in ((key, chance) for _, those in group for key, chance in those.items()):
        chances[key] += chance / len(group)
    best, chance = max(chances.items(), key=lambda c: c[1], default=("", 0.0))
    entry = library.entry(best) if chance >= KNOWN else None
    answer = max((a.answer for a in asked), key=len)
    questions = tuple(dict.fromkeys(a.text[:LONGEST] for a in asked if entry is None or a.text not in entry.questions))[:MOST]
    if not questions or (entry is None and not answer and len(group) < MANY):
        return None
    matter = entry.matter if entry else Counter(a.matter for a in asked).most_common(1)[0][0]
    return Proposal(
        0, "phrasing" if entry else "entry", entry.id if entry else None, matter, questions, answer,
        tuple(a.message_id for a in asked), tuple(a.ticket_id for a in asked if a.ticket_id), "open", now,
    )  # fmt: skip


def drafted(p: Proposal) -> Item:
    """The entry that is missing, as far as the questions and the advisor's answer make it; a person writes the rest."""
    return {
        "id": f"{p.matter or 'procedure.service'}.proposal-{p.id}", "matter": p.matter or "procedure.service",
        "title": min(p.questions, key=len)[:24], "questions": [*p.questions], "answer": p.answer[:170],
    }  # fmt: skip


def with_questions(item: Item, p: Proposal, most: int = 40) -> Item:
    """The entry with the proposal's ways of saying added; as many as an entry may have."""
    return {**item, "questions": list(dict.fromkeys([*item["questions"], *p.questions]))[:most]}
