"""What a new version of a law touches: which articles that we cite read otherwise, and who cites them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import date

from knowledge.citation import ArticleRef
from knowledge.library import SAME, ArticleText, Case, Entry, Library, Materials, Notice, likeness


@dataclass(frozen=True, slots=True)
class Touched:
    """A cited article that changes on `since`. `after` is None where it is gone; `moved` is where its rule stands now."""

    ref: ArticleRef
    since: date
    before: ArticleText
    after: ArticleText | None
    moved: ArticleText | None
    cited_by: tuple[str, ...]

    def diff(self) -> str:
        """The two texts sentence by sentence: `-` what goes, `+` what comes."""
        one, other = (_sentences(a.text if a else "") for a in (self.before, self.after))
        return "\n".join(line for line in difflib.ndiff(one, other) if line[0] in "-+ " and line.strip())


def citations(library: Library) -> dict[ArticleRef, list[str]]:
    """Who cites what: ids of entries, cases, notices and material lists by article, whatever paragraph."""
    found: dict[ArticleRef, list[str]] = {}
    cited: list[Entry | Case | Notice | Materials] = [*library.entries(), *library.cases(), *library.notices(), *library.materials()]
    for item in cited:
        for r in item.refs:
            ids = found.setdefault(ArticleRef(r.ref.law, r.ref.article), [])
            ids += [] if item.id in ids else [item.id]
    return found


def touched(old: Library, new: Library, today: date) -> list[Touched]:
    """Every cited article that reads otherwise in `new` than in `old`, today or from a later day on; in order of the days."""
    found = [_change(old, new, ref, ids, today) for ref, ids in citations(old).items()]
    return sorted((t for t in found if t), key=lambda t: (t.since, t.ref))


def _change(old: Library, new: Library, ref: ArticleRef, ids: list[str], today: date) -> Touched | None:
    before = old.article(ref, today)
    if before is None:
        return None
    for day in [today, *(d for d in new.starts(ref.law) if d > today)]:
        after, expected = new.article(ref, day), old.article(ref, day)
        if _text(after) not in (before.text, _text(expected)):
            moved = new.counterpart(before, day)
            same = moved if moved and likeness(moved.text, before.text) >= SAME else None
            return Touched(ref, day, before, after, same, tuple(ids))
    return None


def _text(article: ArticleText | None) -> str:
    return article.text if article else ""


def _sentences(text: str) -> list[str]:
    return [s for s in re.split(r"(?<=[。；：])\s*|\n", text) if s]
