"""Measure the retriever on a folder of questions and chatter, and compare with the minima in its expected.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from faq import thresholds
from faq.retriever import Result, Retriever
from knowledge.citation import ArticleRef

WORST = 10  # wrong-but-confident questions listed
BINS = 10  # of the reliability diagram


@dataclass(frozen=True, slots=True)
class Asked:
    """A golden question, the entries that answer it, and what the retriever found."""

    text: str
    entries: frozenset[str]
    result: Result

    @property
    def right(self) -> bool:
        return bool(self.result.hits) and self.result.hits[0].entry_id in self.entries

    @property
    def confidence(self) -> float:
        return self.result.hits[0].confidence if self.result.hits else 0.0

    @property
    def answered(self) -> bool:
        return self.result.legal >= thresholds.LEGAL_OVERHEARD and self.confidence >= thresholds.ANSWER


@dataclass(frozen=True, slots=True)
class Report:
    """`scores`: shares between 0 and 1 by name; `misses`: those on the wrong side of expected.yaml, in words."""

    scores: dict[str, float]
    misses: list[str]
    worst: list[str]
    bins: list[str]

    def text(self) -> str:
        """For a terminal: wrong-but-confident first, then reliability, then every score."""
        lines = ["答错又很有把握的（最该先看）：", *(self.worst or ["  没有"]), "", "把握与实际（区间：条数 平均把握 → 答对）：", *self.bins, ""]
        lines += [f"{name:24} {value:.3f}" for name, value in self.scores.items()]
        lines += ["", *(f"低于要求：{miss}" for miss in self.misses)] if self.misses else ["", "都达到 expected.yaml"]
        return "\n".join(lines)


def run(retriever: Retriever, folder: Path) -> Report:
    """Ask everything in questions.tsv, chatter.tsv, followups.tsv and emergencies.tsv of a folder."""
    asked = [_ask(retriever, text, ids) for text, ids in rows(folder / "questions.tsv")]
    chatter = [retriever.search(text) for text, _ in rows(folder / "chatter.tsv")]
    followed = [_ask(retriever, text, ids, before) for before, text, ids in rows(folder / "followups.tsv")]
    scores = _entry_scores(retriever, asked) | _gate_scores(asked, chatter)
    scores |= {"followup_top1": _share(a.right for a in followed)} | _danger_scores(retriever, folder)
    scores = {name: round(value, 4) for name, value in scores.items()}
    wrong = sorted((a for a in asked if not a.right), key=lambda a: -a.confidence)[:WORST]
    return Report(scores, _misses(scores, folder / "expected.yaml"), [_wrong(a) for a in wrong], _bins(asked))


def rows(path: Path) -> list[list[str]]:
    """The rows of a tab-separated file after its heading; none where there is no file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines if line.strip()]


def _ask(retriever: Retriever, text: str, ids: str, before: str = "") -> Asked:
    matter = None
    if before:
        first = retriever.search(before).hits
        matter = first[0].matter if first else None
    return Asked(text, frozenset(ids.split("|")), retriever.search(text, before=before, matter=matter))


def _share(what: Iterable[bool | float]) -> float:
    """The mean of yes and no, or of shares; 1 when there is nothing to count."""
    found = [float(w) for w in what]
    return sum(found) / len(found) if found else 1.0


def _entry_scores(retriever: Retriever, asked: Sequence[Asked]) -> dict[str, float]:
    answered = [a for a in asked if a.answered]
    return {
        "top1": _share(a.right for a in asked),
        "top3": _share(_found(a, 3) for a in asked),
        "top5": _share(_found(a, 5) for a in asked),
        "references_recall5": _share(_recall(retriever, a) for a in asked),
        "coverage": len(answered) / len(asked),
        "precision_answered": _share(a.right for a in answered),
        "calibration_error": _calibration_error(asked),
    }


def _gate_scores(asked: Sequence[Asked], chatter: Sequence[Result]) -> dict[str, float]:
    """`chatter_heard` counts what is taken for legal at all, `chatter_answered` what would get an entry's answer."""
    heard = [r for r in chatter if r.legal >= thresholds.LEGAL_OVERHEARD]
    answered = [r for r in heard if r.hits and r.hits[0].confidence >= thresholds.ANSWER]
    return {
        "legal_recognised": _share(a.result.legal >= thresholds.LEGAL_OVERHEARD for a in asked),
        "chatter_heard": len(heard) / max(1, len(chatter)),
        "chatter_answered": len(answered) / max(1, len(chatter)),
    }


def _danger_scores(retriever: Retriever, folder: Path) -> dict[str, float]:
    lines = rows(folder / "emergencies.tsv")
    found = [(danger == "1", kind, retriever.danger(text)) for text, danger, kind in lines]
    return {
        "danger_recall": _share(d is not None for real, _, d in found if real),
        "danger_kind": _share(d.kind == kind for real, kind, d in found if real and d),
        "danger_false": sum(d is not None for real, _, d in found if not real) / max(1, sum(not r for r, _, _ in found)),
    }


def _found(asked: Asked, k: int) -> bool:
    return any(h.entry_id in asked.entries for h in asked.result.hits[:k])


def _recall(retriever: Retriever, asked: Asked) -> float:
    """The share of the articles in force on which the right entry's question rests that are among the references."""
    entry = retriever.library.entry(min(asked.entries))
    known = retriever.citable(entry.basis or [r.ref for r in entry.refs]) if entry else []
    found = {_key(r) for r in asked.result.references}
    return sum(_key(r) in found for r in known) / min(5, len(known)) if known else 1.0


def _key(ref: ArticleRef) -> tuple[str, str]:
    return ref.law, ref.article


def _binned(asked: Sequence[Asked]) -> list[list[Asked]]:
    found: list[list[Asked]] = [[] for _ in range(BINS)]
    for a in asked:
        found[min(BINS - 1, int(a.confidence * BINS))].append(a)
    return found


def _calibration_error(asked: Sequence[Asked]) -> float:
    """Expected calibration error over ten bins of equal width (Naeini, Cooper & Hauskrecht 2015)."""
    gaps = [abs(sum(a.confidence for a in b) - sum(a.right for a in b)) for b in _binned(asked)]
    return sum(gaps) / len(asked)


def _bins(asked: Sequence[Asked]) -> list[str]:
    return [
        f"  {n / BINS:.1f}–{(n + 1) / BINS:.1f}：{len(b):4}　{_share(a.confidence for a in b):.2f} → {_share(a.right for a in b):.2f}"
        for n, b in enumerate(_binned(asked)) if b
    ]  # fmt: skip


def _wrong(asked: Asked) -> str:
    hit = asked.result.hits[0].entry_id if asked.result.hits else "无"
    return f"  {asked.confidence:.2f} {asked.text} → {hit}，应为 {'|'.join(sorted(asked.entries))}"


def _misses(scores: dict[str, float], path: Path) -> list[str]:
    """expected.yaml: `at_least` and `at_most`, each name: share."""
    expected = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    low = [f"{n} {scores[n]:.3f} < {m}" for n, m in expected.get("at_least", {}).items() if scores[n] < m]
    high = [f"{n} {scores[n]:.3f} > {m}" for n, m in expected.get("at_most", {}).items() if scores[n] > m]
    return low + high
