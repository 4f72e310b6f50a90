"""Read knowledge.db: articles, matters, entries, cases, notices. Everything comes back as frozen data."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from knowledge.citation import NATION, ArticleRef


@dataclass(frozen=True, slots=True)
class ArticleText:
    """An article as it stands in one version of its law."""

    ref: ArticleRef
    chapter: str
    text: str
    version: date
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Reference:
    """An article an answer rests on, and in plain words what it says."""

    ref: ArticleRef
    says: str


@dataclass(frozen=True, slots=True)
class Matter:
    """A kind of problem. `sensitive`: talked over in private only; `not_`: what it is taken for and is not.

    `handlers`: who deals with it besides the lawyer; `calculators`, `intakes`: codes of what helps with it.
    """

    code: str
    name: str
    scope: str
    not_: str
    sensitive: bool
    handlers: tuple[str, ...]
    calculators: tuple[str, ...]
    intakes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One everyday question with its answer. `audience` holds the answers that differ for a group kind.

    `basis`: what a lawyer would name first as the ground of such a question, general rules too, best first; the answer
    itself rests on `refs`.
    """

    id: str
    matter: str
    title: str
    questions: tuple[str, ...]
    answer: str
    steps: tuple[str, ...]
    papers: tuple[str, ...]
    deadline: str
    where: tuple[str, ...]
    refs: tuple[Reference, ...]
    basis: tuple[ArticleRef, ...]
    aloud: str
    audience: tuple[tuple[str, str], ...]
    status: str
    review_due: date

    @property
    def signed(self) -> bool:
        """Whether a lawyer has signed it."""
        return self.status != "drafted"

    def answer_for(self, kind: str | None) -> str:
        return dict(self.audience).get(kind or "", self.answer)


@dataclass(frozen=True, slots=True)
class Case:
    """A typical case. `source` is empty for an illustration with made-up facts."""

    id: str
    matter: str
    title: str
    facts: str
    question: str
    outcome: str
    lesson: str
    refs: tuple[Reference, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A risk notice and when it goes out, in Asia/Shanghai: the first of these that is there.

    `date` (ISO), `cron` (five fields), `lunar` (month-day, 12-30 the last day of the lunar year) or solar `term`;
    the last two `before` so many days.
    """

    id: str
    title: str
    text: str
    refs: tuple[Reference, ...]
    kinds: tuple[str, ...]
    regions: tuple[str, ...]
    cron: str | None
    date: str | None
    lunar: str | None
    term: str | None
    before: int
    trades: tuple[str, ...]
    audiences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Materials:
    """What to bring for one errand, told once (一次性告知). `items`: name, form, when ("" for always), note."""

    id: str
    title: str
    matter: str
    names: tuple[str, ...]
    where: tuple[str, ...]
    items: tuple[tuple[str, str, str, str], ...]
    steps: tuple[str, ...]
    time: str
    cost: str
    refs: tuple[Reference, ...]
    valid_from: date


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """Where somebody helps. `region`: whose residents it serves; `hours`: as “周一至周五 09:00-12:00”; `demo`: made up."""

    id: str
    name: str
    kind: str
    region: str
    address: str
    phone: str
    hours: tuple[str, ...]
    services: tuple[str, ...]
    demo: bool


SAME = 0.9  # likeness from which a rule counts as unchanged, whatever its number


@dataclass(frozen=True, slots=True)
class Change:
    """An article of a law that read otherwise on an earlier day. `then` is None where no version of that day is known."""

    law: str
    since: date
    then: ArticleText | None


class Library:
    """The knowledge database, opened read-only. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self.matters: dict[str, Matter] = {
            r["code"]: Matter(
                r["code"], r["name"], r["scope"], r["not_"], bool(r["sensitive"]), _texts(r["handlers"]), _texts(r["calculators"]), _texts(r["intakes"])
            )
            for r in self._db.execute("SELECT * FROM matter ORDER BY rowid")
        }
        self.hotlines: dict[str, str] = dict(self._db.execute("SELECT number, name FROM hotline").fetchall())
        self.terms: dict[str, str] = dict(self._db.execute("SELECT term, plain FROM term").fetchall())
        meta = dict(self._db.execute("SELECT key, value FROM meta").fetchall())
        self.digest: str = meta["digest"]  # what it was built from
        self.release = int(meta["release"])  # which release of reviewed revisions is laid over, 0 for none
        self.size = int(self._db.execute("SELECT count(*) FROM entry").fetchone()[0])  # entries
        self.signed = int(self._db.execute("SELECT count(*) FROM entry WHERE status <> 'drafted'").fetchone()[0])
        self.entry = lru_cache(maxsize=512)(self._entry)

    @property
    def state(self) -> tuple[str, int]:
        """What an answer is remembered to come from: twelve digits of the digest, and the release."""
        return self.digest[:12], self.release

    def counts(self) -> dict[str, int]:
        """Rows by table, for the doctor."""
        tables = ("statute", "article", "matter", "entry", "phrasing", "typical_case", "notice", "materials", "service")
        return {t: int(self._db.execute(f"SELECT count(*) FROM {t}").fetchone()[0]) for t in tables}  # noqa: S608 names are ours

    def resolve(self, law: str) -> str | None:
        """The full official name of a law named in full, in short, or by an unmistakable part; None otherwise."""
        row = self._db.execute("SELECT name FROM statute WHERE name IN (?, ?) LIMIT 1", (law, NATION + law)).fetchone()
        if row:
            return str(row[0])
        likes = self._db.execute(
            "SELECT DISTINCT name FROM statute WHERE instr(name, ?) LIMIT 2", (law.strip("《》 "),)
        ).fetchall()
        return str(likes[0][0]) if len(likes) == 1 and len(law) >= 2 else None

    def article(self, ref: ArticleRef, on: date) -> ArticleText | None:
        """The article in the version in force on a day; None where there is none."""
        versions = self.versions(ref)
        return next((a for a in versions if a.valid_from <= on and (a.valid_to is None or on < a.valid_to)), None)

    def versions(self, ref: ArticleRef) -> list[ArticleText]:
        """The article in every version of its law that the library holds, oldest first."""
        rows = self._db.execute(
            "SELECT a.number, a.chapter, a.text, s.name, s.version, s.valid_from, s.valid_to FROM article a"
            " JOIN statute s ON s.id = a.statute_id WHERE s.name = ? AND a.number = ? ORDER BY s.valid_from",
            (self.resolve(ref.law) or ref.law, ref.article),
        )
        return [_article(r, ref) for r in rows]

    def laws(self, on: date) -> list[str]:
        """Every law in force on a day with its version, in order."""
        rows = self._db.execute(
            "SELECT name || ' ' || version FROM statute WHERE valid_from <= ? AND (valid_to IS NULL OR valid_to > ?) ORDER BY 1",
            (on.isoformat(), on.isoformat()),
        )
        return [str(r[0]) for r in rows]

    def starts(self, law: str) -> list[date]:
        """The days on which versions of a law come into force, oldest first."""
        rows = self._db.execute("SELECT valid_from FROM statute WHERE name = ? ORDER BY 1", (law,))
        return [date.fromisoformat(r[0]) for r in rows]

    def articles(self, on: date) -> list[ArticleText]:
        """Every article in force on a day."""
        rows = self._db.execute(
            "SELECT a.number, a.chapter, a.text, s.name, s.version, s.valid_from, s.valid_to FROM article a"
            " JOIN statute s ON s.id = a.statute_id WHERE s.valid_from <= ? AND (s.valid_to IS NULL OR s.valid_to > ?)"
            " ORDER BY a.id",
            (on.isoformat(), on.isoformat()),
        )
        return [_article(r, None) for r in rows]

    def entries(self) -> list[Entry]:
        """All entries, in the order of the files."""
        return [self._read_entry(r) for r in self._db.execute("SELECT * FROM entry ORDER BY rowid")]

    def _entry(self, entry_id: str) -> Entry | None:
        row = self._db.execute("SELECT * FROM entry WHERE id = ?", (entry_id,)).fetchone()
        return self._read_entry(row) if row else None

    def _read_entry(self, r: sqlite3.Row) -> Entry:
        asked = self._db.execute("SELECT text FROM phrasing WHERE entry_id = ? ORDER BY rowid", (r["id"],)).fetchall()
        return Entry(
            r["id"], r["matter"], r["title"], tuple(q[0] for q in asked), r["answer"], _texts(r["steps"]),
            _texts(r["papers"]), r["deadline"], _texts(r["places"]), _refs(r["refs"]), tuple(ArticleRef(*b) for b in json.loads(r["basis"])), r["aloud"],
            tuple(json.loads(r["audience"]).items()), r["status"], date.fromisoformat(r["review_due"]),
        )  # fmt: skip

    def cases(self, matter: str | None = None) -> list[Case]:
        """Typical cases of a matter, or all."""
        rows = self._db.execute("SELECT * FROM typical_case WHERE ? IS NULL OR matter = ? ORDER BY rowid", (matter, matter))
        return [
            Case(r["id"], r["matter"], r["title"], r["facts"], r["question"], r["outcome"], r["lesson"], _refs(r["refs"]), r["source"])
            for r in rows
        ]

    def notices(self) -> list[Notice]:
        """All risk notices, in the order of the files."""
        return [
            Notice(
                r["id"], r["title"], r["text"], _refs(r["refs"]), _texts(r["kinds"]), _texts(r["regions"]), r["cron"], r["date"],
                r["lunar"], r["term"], r["before"], _texts(r["trades"]), _texts(r["audiences"]),
            )
            for r in self._db.execute("SELECT * FROM notice ORDER BY rowid")
        ]

    def materials(self) -> list[Materials]:
        """All material lists, in the order of the files."""
        return [
            Materials(
                r["id"], r["title"], r["matter"], _texts(r["names"]), _texts(r["places"]),
                tuple((i["name"], i["form"], i.get("when", ""), i.get("note", "")) for i in json.loads(r["items"])),
                _texts(r["steps"]), r["time"], r["cost"], _refs(r["refs"]), date.fromisoformat(r["valid_from"]),
            )
            for r in self._db.execute("SELECT * FROM materials ORDER BY rowid")
        ]

    def service_points(self, regions: Iterable[str]) -> list[ServicePoint]:
        """The service points of these regions, in the order of the regions."""
        found = []
        for region in regions:
            rows = self._db.execute("SELECT * FROM service WHERE region = ? ORDER BY rowid", (region,))
            found += [
                ServicePoint(
                    r["id"], r["name"], r["kind"], r["region"], r["address"], r["phone"], _texts(r["hours"]), _texts(r["services"]), bool(r["demo"])
                )
                for r in rows
            ]
        return found

    def counterpart(self, article: ArticleText, on: date) -> ArticleText | None:
        """The article of the version in force on a day that reads most like this one; None where no version was in force."""
        rows = self._db.execute(
            "SELECT a.number, a.chapter, a.text, s.name, s.version, s.valid_from, s.valid_to FROM article a"
            " JOIN statute s ON s.id = a.statute_id WHERE s.name = ? AND s.valid_from <= ? AND (s.valid_to IS NULL OR s.valid_to > ?)",
            (article.ref.law, on.isoformat(), on.isoformat()),
        )
        return max((_article(r, None) for r in rows), key=lambda old: likeness(article.text, old.text), default=None)

    def changes(self, refs: Iterable[Reference], then: date, today: date) -> tuple[Change, ...]:
        """For each law among the references the first article that read otherwise on a day; unchanged rules are left out."""
        found: dict[str, Change] = {}
        for ref in (r.ref for r in refs):
            now = self.article(ref, today)
            if now is None or now.valid_from <= then or ref.law in found:
                continue
            old = self.counterpart(now, then)
            if old is None or likeness(now.text, old.text) < SAME:
                found[ref.law] = Change(ref.law, now.valid_from, old)
        return tuple(found.values())

    def full_text(self, words: Sequence[str], limit: int = 10) -> list[tuple[ArticleRef, str]]:
        """Articles in which all these words (as the tokenizer cut them) occur, best first."""
        query = " ".join('"' + w.replace('"', '""') + '"' for w in words)
        rows = self._db.execute(
            "SELECT s.name, a.number, a.text FROM article_fts f JOIN article a ON a.id = f.rowid"
            " JOIN statute s ON s.id = a.statute_id WHERE article_fts MATCH ? ORDER BY rank LIMIT ?",
            (query, limit),
        )
        return [(ArticleRef(r["name"], r["number"]), r["text"]) for r in rows]


def likeness(one: str, other: str) -> float:
    """How much two texts share, from 0 to 1: the Dice coefficient of their pairs of characters (Dice 1945)."""
    a, b = Counter(pairwise(one)), Counter(pairwise(other))
    return 2 * (a & b).total() / max(1, a.total() + b.total())


def _article(r: sqlite3.Row, ref: ArticleRef | None) -> ArticleText:
    at = ArticleRef(r["name"], r["number"], ref.paragraph if ref else None, ref.item if ref else None)
    until = date.fromisoformat(r["valid_to"]) if r["valid_to"] else None
    return ArticleText(at, r["chapter"], r["text"], date.fromisoformat(r["version"]), date.fromisoformat(r["valid_from"]), until)


def _texts(raw: str) -> tuple[str, ...]:
    return tuple(json.loads(raw))


def _refs(raw: str) -> tuple[Reference, ...]:
    rows: list[dict[str, Any]] = json.loads(raw)
    return tuple(Reference(ArticleRef(r["law"], r["article"], r.get("paragraph"), r.get("item")), r["says"]) for r in rows)
