"""Measure the retriever on a folder of questions and chatter, and compare with the minima in its expected.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
import yaml

from faq import thresholds
from faq.retriever import Result, Retriever
from faq.tables import rows

WORST = 10  # wrong-but-confident questions listed
SWITCHED = 5  # every so many golden questions are asked once more after one of another matter
SEED, DRAWS = 20261122, 1000  # of the bootstrap
BINS = 10  # of the reliability diagram


@dataclass(frozen=True, slots=True)
class Asked:
    """A golden question, the entries that answer it, the articles it rests on, and what the retriever found."""

    text: str
    entries: tuple[str, ...]
    articles: tuple[str, ...]  # “民法典 577”
    result: Result

    @property
    def right(self) -> bool:
        return self.result.best is not None and self.result.best.entry_id in self.entries

    @property
    def confidence(self) -> float:
        return self.result.best.confidence if self.result.best else 0.0

    @property
    def answered(self) -> bool:
        return self.result.legal >= thresholds.LEGAL_OVERHEARD and self.result.best is not None and self.result.best.sure


@dataclass(frozen=True, slots=True)
class Report:
    """`scores`: shares between 0 and 1 by name; `intervals`: 95 % of the bootstrap around some of them; `misses`: those on the
    wrong side of expected.yaml, in words; `moved`: gains and losses against the last accepted run.
    """

    scores: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    misses: list[str]
    worst: list[str]
    bins: list[str]
    moved: list[str]
    asked: list[Asked]

    def text(self) -> str:
        """For a terminal: wrong-but-confident first, then reliability, then every score."""
        lines = ["答错又很有把握的（最该先看）：", *(self.worst or ["  没有"]), "", "把握与实际，学的时候留出的题（区间：条数 平均把握 → 答对）：", *self.bins, ""]
        lines += self.moved
        for name, value in self.scores.items():
            low, high = self.intervals.get(name, (value, value))
            lines.append(f"{name:24} {value:.3f}" + (f"　95% 区间 {low:.3f}–{high:.3f}" if name in self.intervals else ""))
        lines += ["", *(f"低于要求：{miss}" for miss in self.misses)] if self.misses else ["", "都达到 expected.yaml"]
        return "\n".join(lines)


def run(retriever: Retriever, folder: Path) -> Report:
    """Ask everything in questions.tsv, chatter.tsv, followups.tsv and emergencies.tsv of a folder."""
    asked = golden(retriever, folder)
    chatter = [retriever.search(text) for text, _ in rows(folder / "chatter.tsv")]
    followed = [_ask(retriever, *row) for row in rows(folder / "followups.tsv")]
    shares = _shares(retriever, asked) | _followed(retriever, followed) | {"switched_top1": _switched(retriever, asked)}
    left_out = [(float(c), bool(r)) for c, r in retriever.confidence.seen.tolist()]
    by_golden = [(a.confidence, a.right) for a in asked]
    scores = {name: _share(values) for name, values in shares.items()}
    scores |= {"calibration_error": _calibration_error(left_out), "golden_calibration_error": _calibration_error(by_golden)}
    scores |= _gate_scores(asked, chatter)
    scores |= _danger_scores(retriever, folder)
    scores = {name: round(value, 4) for name, value in scores.items()}
    wrong = sorted((a for a in asked if not a.right), key=lambda a: -a.confidence)[:WORST]
    misses = _misses(scores, folder / "expected.yaml")
    bins = [*_bins(left_out), "", "把握与实际，问题集：", *_bins(by_golden)]
    return Report(scores, _intervals(shares), misses, [_wrong(a) for a in wrong], bins, _moved(asked, folder), asked)


def golden(retriever: Retriever, folder: Path) -> list[Asked]:
    """Every golden question of a folder, asked."""
    return [_ask(retriever, *row) for row in rows(folder / "questions.tsv")]


def _shares(retriever: Retriever, asked: Sequence[Asked]) -> dict[str, list[float]]:
    """What each question adds to a score that is a mean over questions."""
    return {
        "top1": [float(a.right) for a in asked], "top3": [float(_found(a, 3)) for a in asked], "top5": [float(_found(a, 5)) for a in asked],
        "references_recall5": _recalls(retriever, asked), "coverage": [float(a.answered) for a in asked],
        "precision_answered": [float(a.right) for a in asked if a.answered],
    }  # fmt: skip


def _followed(retriever: Retriever, followed: Sequence[Asked]) -> dict[str, list[float]]:
    return {"followup_top1": [float(a.right) for a in followed if a.entries], "followup_recall5": _recalls(retriever, followed)}


def _switched(retriever: Retriever, asked: Sequence[Asked]) -> list[float]:
    """Whether golden questions are answered right that follow one of another matter: nobody need say that this is something else."""
    half = len(asked) // 2  # they are ordered by matter
    pairs = zip([*asked[half:], *asked[:half]][::SWITCHED], asked[::SWITCHED], strict=True)
    return [float(replace(a, result=_after(retriever, a.text, earlier.result)).right) for earlier, a in pairs]


def _intervals(shares: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, float]]:
    """The middle 95 % of each mean when the questions are drawn again with repetition (Efron 1979)."""
    draw = np.random.default_rng(SEED)
    found = {}
    for name, values in shares.items():
        if values:
            means = [draw.choice(values, len(values)).mean() for _ in range(DRAWS)]
            low, high = np.quantile(means, [0.025, 0.975])
            found[name] = (round(float(low), 4), round(float(high), 4))
    return found


def _moved(asked: Sequence[Asked], folder: Path) -> list[str]:
    """Which questions are right now that were not in the last accepted run, and which no longer are."""
    before = {key: was == "1" for key, was in rows(folder / "accepted.tsv")}
    gained = [a for a in asked if a.right and before.get(_id(a)) is False]
    lost = [a for a in asked if not a.right and before.get(_id(a))]
    if not before:
        return []
    return [f"和上次认可的比：答对的多了 {len(gained)} 个，少了 {len(lost)} 个", *(_wrong(a) for a in lost[:WORST]), ""]


def accept(report: Report, folder: Path) -> None:
    """Keep this run as the one that later ones are compared with."""
    lines = [f"{_id(a)}\t{int(a.right)}" for a in report.asked]
    (folder / "accepted.tsv").write_text("\n".join(["question\tright", *lines]) + "\n", encoding="utf-8")


def trec_run(report: Report, tag: str = "farun") -> str:
    """All hits in TREC's run format: question, Q0, entry, rank, score, tag."""
    return "".join(
        f"{_id(a)} Q0 {h.entry_id} {n} {h.confidence:.6f} {tag}\n" for a in report.asked for n, h in enumerate(a.result.hits, 1)
    )  # fmt: skip


def trec_qrels(report: Report) -> str:
    """The wanted entries in TREC's format of relevance judgements: question, 0, entry, 1."""
    return "".join(f"{_id(a)} 0 {key} 1\n" for a in report.asked for key in sorted(a.entries))


def _id(asked: Asked) -> str:
    """A question by its words, so that it stays the same when others are added."""
    return f"q{crc32(asked.text.encode()):08x}"


def _ask(retriever: Retriever, turns: str, ids: str, articles: str = "") -> Asked:
    """Ask what somebody said in one or more messages, joined by ‖; what is wanted is the answer to the last."""
    first, *later = turns.split("‖")
    found = retriever.search(first)
    for text in later:
        found = _after(retriever, text, found)
    return Asked(turns, _several(ids), _several(articles), found)


def _after(retriever: Retriever, text: str, earlier: Result) -> Result:
    """What is found for a message of somebody for whom this was found just before."""
    return retriever.search(text, before=earlier.question, matter=earlier.hits[0].matter)


def _several(joined: str) -> tuple[str, ...]:
    return tuple(filter(None, joined.split("|")))


def _share(what: Iterable[bool | float]) -> float:
    """The mean of yes and no, or of shares; 1 when there is nothing to count."""
    found = [float(w) for w in what]
    return sum(found) / len(found) if found else 1.0


def _gate_scores(asked: Sequence[Asked], chatter: Sequence[Result]) -> dict[str, float]:
    """`chatter_heard` counts what is taken for legal at all, `chatter_answered` what would get an entry's answer."""
    heard = [r for r in chatter if r.legal >= thresholds.LEGAL_OVERHEARD]
    answered = [r for r in heard if r.best and r.best.sure]
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


def _recalls(retriever: Retriever, asked: Sequence[Asked]) -> list[float]:
    """For each question that rests on articles in force, the share of them that is among the references."""
    found = []
    for a in asked:
        known = [key for key in a.articles if retriever.citable(key)]
        named = {f"{r.short_law} {r.article}" for r in a.result.references}
        if known:
            found.append(sum(key in named for key in known) / len(known))
    return found


Seen = Sequence[tuple[float, bool]]  # confidence in an answer, and whether it was right


def _binned(seen: Seen) -> list[list[tuple[float, bool]]]:
    found: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, right in seen:
        found[min(BINS - 1, int(confidence * BINS))].append((confidence, right))
    return found


def _calibration_error(seen: Seen) -> float:
    """Expected calibration error over ten bins of equal width (Naeini, Cooper & Hauskrecht 2015)."""
    return sum(abs(sum(c for c, _ in b) - sum(r for _, r in b)) for b in _binned(seen)) / len(seen)


def _bins(seen: Seen) -> list[str]:
    return [
        f"  {n / BINS:.1f}–{(n + 1) / BINS:.1f}：{len(b):4}　{_share(c for c, _ in b):.2f} → {_share(r for _, r in b):.2f}"
        for n, b in enumerate(_binned(seen)) if b
    ]  # fmt: skip


def _wrong(asked: Asked) -> str:
    hit = asked.result.best.entry_id if asked.result.best else "无"
    return f"  {asked.confidence:.2f} {asked.text} → {hit}，应为 {'|'.join(sorted(asked.entries))}"


def expected_table(path: Path) -> str:
    """expected.yaml as the Markdown table of the READMEs."""
    expected = yaml.safe_load(path.read_text(encoding="utf-8"))
    limits = [(name, f"≥ {m}") for name, m in expected["at_least"].items()] + [(name, f"≤ {m}") for name, m in expected["at_most"].items()]
    return "\n".join(["| | |", "|---|---|", *(f"| `{name}` | {limit} |" for name, limit in limits)])


def _misses(scores: dict[str, float], path: Path) -> list[str]:
    """expected.yaml: `at_least` and `at_most`, each name: share."""
    expected = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    low = [f"{n} {scores[n]:.3f} < {m}" for n, m in expected.get("at_least", {}).items() if scores[n] < m]
    high = [f"{n} {scores[n]:.3f} > {m}" for n, m in expected.get("at_most", {}).items() if scores[n] > m]
    return low + high
