"""Bake text and statute corpora into one read-only knowledge.db, with sqlite-utils and a jieba-segmented FTS column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from knowledge.citation import NATION
from knowledge.items import Item, Revised, digest_of
from knowledge.items import read as read_items
from knowledge.statutes import Statute, read

CONTENT = Path(__file__).with_name("content")
FORMAT = "9"  # raise when the tables change


@dataclass(frozen=True, slots=True)
class Sources:
    """What a build reads: statute corpora in order of trust, the entries' folder, and our own content."""

    corpora: tuple[Path, ...]
    entries: Path
    newer: tuple[Path, ...] = ()
    content: Path = CONTENT
    release: int = 0  # the number of the release that is laid over, 0 for none
    revised: tuple[Revised, ...] = ()

    def digest(self) -> str:
        """A SHA-256 over everything that is read, so that an unchanged library is not built again."""
        h = hashlib.sha256(f"{FORMAT} {self.release}".encode() + digest_of(self.revised))
        for path in [*self.corpora, *self.newer, *sorted(self.entries.rglob("*.yaml")), *sorted(self.content.rglob("*.yaml"))]:
            h.update(path.name.encode())
            h.update(_content(path))
        return h.hexdigest()


def _content(path: Path) -> bytes:
    if path.is_dir():
        return b"".join(p.read_bytes() for p in sorted(path.rglob("*.md")))
    return path.read_bytes()


def build(sources: Sources, target: Path, segment: Callable[[str], Sequence[str]]) -> bool:
    """Write `target` anew where its sources changed; True when written. A broken text raises `TextError`, target stays."""
    digest = sources.digest()
    if target.exists() and _digest_of(target) == digest:
        return False
    statutes = read(sources.corpora, sources.newer)
    names, items = _Names(statutes), read_items(sources.entries, sources.content, sources.revised)
    of = {kind: list(found.values()) for kind, found in items.of.items()}

    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".building")
    draft.unlink(missing_ok=True)
    db = Database(draft)
    _write_statutes(db, statutes, segment)
    db.table("matter").insert_all(_matter_rows(items.matters), pk="code")
    db.table("hotline").insert_all(items.hotlines, pk="number")
    db.table("term").insert_all(items.terms, pk="term")
    db.table("entry").insert_all(_entry_rows(of["entry"], names), pk="id")
    db.table("phrasing").insert_all(_phrasing_rows(of["entry"]), foreign_keys=[("entry_id", "entry", "id")])
    db.table("phrasing").create_index(["entry_id"])
    db.table("typical_case").insert_all(_case_rows(of["case"], names), pk="id")
    db.table("notice").insert_all(_notice_rows(of["notice"], names), pk="id")
    db.table("materials").insert_all(_materials_rows(of["materials"], names), pk="id")
    db.table("service").insert_all(_service_rows(of["service"]), pk="id")
    db.table("meta").insert_all([{"key": "digest", "value": digest}, {"key": "release", "value": str(sources.release)}], pk="key")
    db.vacuum()
    db.close()
    draft.replace(target)
    return True


def _digest_of(target: Path) -> str | None:
    db = Database(target)
    try:
        return str(db.table("meta").get("digest")["value"]) if db.table("meta").exists() else None
    finally:
        db.close()


class _Names:
    """Short law names in our texts -> the full names of the corpora; a law no corpus has keeps the name it is cited by."""

    def __init__(self, statutes: Sequence[Statute]) -> None:
        self._full = {s.law for s in statutes}

    def full(self, law: str) -> str:
        return NATION + law if NATION + law in self._full else law


def _write_statutes(db: Database, statutes: Sequence[Statute], segment: Callable[[str], Sequence[str]]) -> None:
    rows = [
        {
            "id": n, "name": s.law, "level": s.level, "version": s.version.isoformat(), "valid_from": s.valid_from.isoformat(),
            "valid_to": s.valid_to.isoformat() if s.valid_to else None, "source": s.source,
        }
        for n, s in enumerate(statutes, 1)
    ]  # fmt: skip
    db.table("statute").insert_all(rows, pk="id", columns={"valid_to": str})
    db.table("statute").create_index(["name"])
    articles = (
        {"statute_id": n, "number": a.number, "chapter": a.chapter, "text": a.text, "segmented": " ".join(segment(a.text))}
        for n, s in enumerate(statutes, 1)
        for a in s.articles
    )
    db.table("article").insert_all(
        ({"id": k, **row} for k, row in enumerate(articles, 1)), pk="id", foreign_keys=[("statute_id", "statute", "id")]
    )
    db.table("article").create_index(["statute_id", "number"])
    db.table("article").enable_fts(["segmented"], tokenize="unicode61")


def _matter_rows(matters: Sequence[Item]) -> Iterator[dict[str, Any]]:
    for m in matters:
        yield {
            "code": m["code"], "name": m["name"], "scope": m["scope"], "not_": m.get("not", ""), "sensitive": int(m["sensitive"]),
            **{name: _json(m.get(name, [])) for name in ("handlers", "calculators", "intakes")},
        }  # fmt: skip


def _entry_rows(entries: Sequence[Item], names: _Names) -> Iterator[dict[str, Any]]:
    for e in entries:
        yield {
            "id": e["id"], "matter": e["matter"], "title": e["title"], "answer": e["answer"].strip(),
            "steps": _json(e["steps"]), "papers": _json(e["papers"]), "deadline": e.get("deadline", ""),
            "places": _json(e["where"]), "refs": _refs(e["refs"], names), "aloud": e["aloud"].strip(),
            "audience": _json(e.get("audience", {})), "basis": _json(_basis(e, names)), **_review(e),
        }  # fmt: skip


def _basis(e: Item, names: _Names) -> list[tuple[str, str]]:
    """Law and article of each, as written: “民法典 577”."""
    found = (text.rsplit(" ", 1) for text in e.get("basis", ()))
    return [(names.full(law), article) for law, article in found]


def _phrasing_rows(entries: Sequence[Item]) -> Iterator[dict[str, Any]]:
    for e in entries:
        yield from ({"entry_id": e["id"], "text": q} for q in e["questions"])


def _case_rows(cases: Sequence[Item], names: _Names) -> Iterator[dict[str, Any]]:
    for c in cases:
        yield {
            "id": c["id"], "matter": c["matter"], "title": c["title"], "facts": c["facts"],
            "question": c["question"], "outcome": c["outcome"], "lesson": c["lesson"],
            "refs": _refs(c["refs"], names), "source": c.get("source", ""), **_review(c),
        }  # fmt: skip


def _notice_rows(notices: Sequence[Item], names: _Names) -> Iterator[dict[str, Any]]:
    for n in notices:
        push = n["push"]
        yield {
            "id": n["id"], "title": n["title"], "text": n["text"].strip(), "refs": _refs(n["refs"], names),
            "kinds": _json(push["kinds"]), "regions": _json(push["regions"]), "cron": push.get("cron"),
            "date": str(push["date"]) if "date" in push else None, "lunar": push.get("lunar"), "term": push.get("term"),
            "before": push.get("before", 0), "trades": _json(n.get("trades", [])), "audiences": _json(n.get("audiences", [])),
            "aloud": n["aloud"].strip(), **_review(n),
        }  # fmt: skip


def _materials_rows(lists: Sequence[Item], names: _Names) -> Iterator[dict[str, Any]]:
    for m in lists:
        yield {
            "id": m["id"], "title": m["title"], "matter": m["matter"], "names": _json(m["names"]), "places": _json(m["where"]),
            "items": _json(m["items"]), "steps": _json(m["steps"]), "time": m.get("time", ""), "cost": m.get("cost", ""),
            "refs": _refs(m["refs"], names), "aloud": m["aloud"].strip(), **_review(m),
        }  # fmt: skip


def _service_rows(points: Sequence[Item]) -> Iterator[dict[str, Any]]:
    for p in points:
        yield {
            "id": p["id"], "name": p["name"], "kind": p["kind"], "region": p["region"], "address": p["address"], "phone": p["phone"],
            "hours": _json(p["hours"]), "services": _json(p["services"]), "demo": int(p.get("demo", False)),
        }  # fmt: skip


def _review(row: dict[str, Any]) -> dict[str, str]:
    return {key: str(row[key] or "") for key in ("valid_from", "author", "status", "reviewed_on", "review_due")}


def _refs(refs: Sequence[dict[str, Any]], names: _Names) -> str:
    return _json([{**r, "law": names.full(r["law"])} for r in refs])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
