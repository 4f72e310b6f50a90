"""Why a question is answered as it is: what was understood, what came up, what each signal counts, what decides."""

from __future__ import annotations

from dataclasses import dataclass

from faq import thresholds
from faq.features import concepts
from faq.retriever import Danger, Hit, Retriever
from faq.segment import normalise, words
from faq.spelling import Correction
from knowledge.citation import ArticleRef

NEAREST = 5
NAMES = {
    "message": "怎么说的", "answer": "有合适的答案",
    "entry": "像它的问法", "matter": "像这类事的问法", "asked entry": "别人这样问过", "asked matter": "别人问过这类事", "asked articles": "靠的是它的法条",
    "body": "像它的全文", "words": "词相同", "characters": "字相同",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that came up. `parts`: what each signal adds to its score."""

    hit: Hit
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`legal_parts`: what adds to the log odds of `legal`; `nearest`: the labelled texts most like the question: entry, text, likeness from
    0 to 1; `verdict`: what decides, in words.
    """

    plain: str
    corrections: tuple[Correction, ...]
    tokens: tuple[str, ...]
    concepts: tuple[str, ...]
    legal: float
    legal_parts: dict[str, float]
    danger: Danger | None
    candidates: tuple[Candidate, ...]
    nearest: tuple[tuple[str, str, float], ...]
    references: tuple[ArticleRef, ...]
    verdict: str


def explain(retriever: Retriever, question: str, k: int = 5) -> Explanation:
    """Everything that went into one search."""
    result, danger = retriever.search(question, k=k), retriever.danger(question)
    candidates = tuple(Candidate(h, parts) for h, parts in zip(result.hits, retriever.parts(question, result.hits), strict=True))
    return Explanation(
        normalise(question), retriever.corrections(question), tuple(words(retriever.meant(question))), tuple(concepts(question)),
        result.legal, retriever.legal_parts(question, result.hits), danger, candidates,
        tuple(retriever.nearest(question, NEAREST)), result.references, _verdict(result.legal, danger, result.hits),
    )  # fmt: skip


def _verdict(legal: float, danger: Danger | None, hits: tuple[Hit, ...]) -> str:
    """What the thresholds make of it, for a question overheard in a group."""
    if danger:
        return f"危险 {danger.probability:.2f} 到了 {thresholds.DANGER:.2f}：先说求助电话，立刻通知人"
    if legal < thresholds.LEGAL_OVERHEARD:
        addressed = "，@机器人时才答" if legal >= thresholds.LEGAL_ADDRESSED else ""
        return f"是法律问题的把握 {legal:.2f} 不到 {thresholds.LEGAL_OVERHEARD:.2f}：不作声{addressed}"
    best, enough = (hits[0].confidence, hits[0].enough) if hits else (0.0, 1.0)
    if hits and hits[0].sure:
        return f"把握 {best:.2f} 到了 {enough:.2f}：答"
    close = [h.confidence for h in hits[:3] if h.confidence >= thresholds.OPTION]
    if len(close) >= 2 and sum(close) >= thresholds.CLARIFY:
        return f"把握 {best:.2f} 不到 {enough:.2f}，前 {len(close)} 个一共 {sum(close):.2f} 到了 {thresholds.CLARIFY:.2f}：问是哪一件"
    return f"把握 {best:.2f} 不到 {enough:.2f}：转给法律顾问"


def as_text(e: Explanation) -> str:
    """For a terminal."""
    lines = [f"规范后：{e.plain}",
             f"听作：{'，'.join(f'{c.written}→{c.meant}（{c.gain:+.1f}）' for c in e.corrections) or '没有改'}", f"分词：{' '.join(e.tokens)}", f"触到的概念：{' '.join(e.concepts) or '无'}",
             f"是法律问题：{e.legal:.2f}（{_sum(e.legal_parts)}）　危险：{f'{e.danger.kind} {e.danger.probability:.2f}' if e.danger else '无'}", "候选："]  # fmt: skip
    for n, c in enumerate(e.candidates, 1):
        lines.append(f"{n}. {c.hit.confidence:.2f}　{c.hit.entry_id}　{c.hit.title}　总分 {c.hit.score:.3f} = {_sum(c.parts)}")
    lines += ["最像的说法：", *(f"   {like:.2f}　{key}　{text}" for key, text, like in e.nearest)]
    return "\n".join([*lines, "法条：" + "；".join(map(str, e.references)), f"结论：{e.verdict}"])


def _sum(parts: dict[str, float]) -> str:
    return "，".join(f"{NAMES[name]} {value:+.3f}" for name, value in parts.items())


def as_json(e: Explanation) -> dict[str, object]:
    """For the console and other programs."""
    return {
        "plain": e.plain, "corrections": [{"written": c.written, "meant": c.meant, "gain": round(c.gain, 2)} for c in e.corrections],
        "tokens": [*e.tokens], "concepts": [*e.concepts], "legal": round(e.legal, 4), "legal_parts": {n: round(v, 4) for n, v in e.legal_parts.items()},
        "danger": {"kind": e.danger.kind, "probability": round(e.danger.probability, 4)} if e.danger else None,
        "candidates": [
            {"entry": c.hit.entry_id, "matter": c.hit.matter, "title": c.hit.title, "score": round(c.hit.score, 4),
             "confidence": round(c.hit.confidence, 4), "parts": {n: round(v, 4) for n, v in c.parts.items()}}
            for c in e.candidates
        ],
        "nearest": [{"entry": key, "text": text, "likeness": round(like, 4)} for key, text, like in e.nearest],
        "references": [{"law": r.law, "article": r.article} for r in e.references], "verdict": e.verdict,
    }  # fmt: skip

