"""The library's own texts: every reference exists and is in force, every number is from the table, nothing is promised."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from faq.segment import characters
from knowledge.build import CONTENT, Sources, build
from knowledge.citation import NATION, ArticleRef
from knowledge.statutes import from_jsonl
from knowledge.texts import TextError, load, load_all

ROOT = Path(__file__).parent.parent.parent
ENTRIES = ROOT / "faq" / "entries"
SHARED = ROOT.parent / "shared" / "data" / "statutes-lawrefbook-2025-04.jsonl.gz"
TODAY = date.today()
FORBIDDEN = ["一定能赢", "肯定能赢", "包赢", "必胜", "稳赢", "保证能", "肯定能", "一定会判", "百分之百"]


def texts(library):
    """Everything that is shown to people: (id, text, references)."""
    for e in library.entries():
        shown = [e.answer, *e.steps, e.deadline, e.aloud, *e.papers, *e.where, *(t for _, t in e.audience)]
        yield e.id, "\n".join(shown), e.refs
    for c in library.cases():
        yield c.id, "\n".join([c.facts, c.question, c.outcome, c.lesson]), c.refs
    for n in library.notices():
        yield n.id, n.text, n.refs
    for m in library.materials():
        shown = [m.title, *m.where, *m.steps, m.time, m.cost, *(part for item in m.items for part in item)]
        yield m.id, "\n".join(shown), m.refs


@cache
def outside() -> dict[tuple[str, str], str]:
    """Regulations and interpretations of the evaluation corpus, where it lies beside the checkout."""
    if not SHARED.exists():
        return {}
    return {(s.law, a.number): a.text for s in from_jsonl(SHARED) for a in s.articles}


def test_every_reference_is_an_article_in_force(library):
    known = {row[0] for row in library._db.execute("SELECT DISTINCT name FROM statute")}
    missing = []
    for name, _, refs in texts(library):
        for r in refs:
            if r.ref.law in known and library.article(r.ref, TODAY) is None:
                missing.append(f"{name}: {r.ref}")
    assert not missing, missing


def test_references_outside_the_corpus_are_regulations_or_interpretations_that_exist(library):
    known = {row[0] for row in library._db.execute("SELECT DISTINCT name FROM statute")}
    cited = {(r.ref.law, r.ref.article, name) for name, _, refs in texts(library) for r in refs if r.ref.law not in known}
    kinds = re.compile(r"条例|规定|解释|办法|规则|意见|批复|细则|决定$")
    assert not [c for c in cited if not kinds.search(c[0])]
    if outside():
        assert not [c for c in cited if (c[0], c[1]) not in outside()]


def test_a_reference_says_what_its_article_says(library):
    """At least a third of the two-character terms of `says` stand in the article itself."""
    weak = []
    for name, _, refs in texts(library):
        for r in refs:
            article = library.article(r.ref, TODAY)
            text = article.text if article else outside().get((r.ref.law, r.ref.article))
            if text:
                says, pool = characters(r.says), characters(text)
                pairs = {says[i : i + 2] for i in range(len(says) - 1)}
                share = sum(p in pool for p in pairs) / len(pairs)
                if share < 1 / 3:
                    weak.append(f"{name}: {r.ref} {share:.2f}")
    assert not weak, weak


def test_a_paragraph_that_is_named_exists(library):
    wrong = []
    for name, _, refs in texts(library):
        for r in refs:
            article = library.article(r.ref, TODAY)
            if article and r.ref.paragraph:
                paragraphs = [p for p in article.text.split("\n") if not re.match(r"[（(][一二三四五六七八九十]+[）)]", p)]
                if r.ref.paragraph > len(paragraphs):
                    wrong.append(f"{name}: {r.ref}")
    assert not wrong, wrong


def test_telephone_numbers_come_from_the_one_table(library):
    wrong = []
    for name, text, _ in texts(library):
        wrong += [
            f"{name}: {n}"
            for n in re.findall(r"(?<![\d.])(1\d{2}|1\d{4}|96\d{3})(?![\d.]|\s*(?:元|万|年|天|日|个|亩|块|米|斤|岁|户|平|条|%|％|多))", text)
            if n not in library.hotlines and not re.search(rf"{n}\s*(?:元|块|天|亩|平|斤|岁|米)", text)
        ]
    assert not wrong, wrong


def test_nothing_is_promised(library):
    wrong = [f"{name}: {w}" for name, text, _ in texts(library) for w in FORBIDDEN if w in text]
    assert not wrong, wrong


def test_sentences_are_short_enough_to_be_read_out(library):
    long = [
        f"{e.id}: {s}"
        for e in library.entries()
        for s in re.split(r"[。！？；\n]", "\n".join([e.answer, *e.steps, e.aloud]))
        if len(s) > 60
    ]
    assert not long, long


def test_there_is_enough_of_everything(library):
    entries = library.entries()
    assert len(entries) >= 500
    assert len({e.matter for e in entries}) >= 45
    assert all(len(e.questions) >= 8 and len(e.steps) >= 2 and e.refs and e.review_due for e in entries)
    assert len(library.cases()) >= 150
    assert len(library.notices()) >= 120
    assert len(library.materials()) >= 40


def test_no_entry_claims_a_review_that_has_not_happened():
    for text in load_all(ENTRIES, "entries"):
        for n, e in enumerate(text.data["entries"]):
            reviewed = e["status"] != "drafted"
            assert reviewed == bool(e["reviewed_on"] and e.get("reviewer")), f"{text.path.name}:{text.line('entries', n)}"


def test_a_case_is_an_illustration_or_names_its_source():
    for text in load_all(CONTENT / "cases", "cases"):
        for case in text.data["cases"]:
            assert case.get("illustration") or case.get("source"), case["id"]


def test_questions_are_all_different(library):
    seen: dict[str, str] = {}
    for e in library.entries():
        for q in e.questions:
            key = characters(q)
            assert seen.setdefault(key, e.id) == e.id, f"{q}: {e.id} and {seen[key]}"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.replace("    answer:", "    anwser:", 1), r"第 \d+ 行.*anwser"),
        (lambda t: t.replace("matter: debt.loan", "matter: debt.loans", 1), "debt.loans.*不在 matters.yaml"),
        (lambda t: t.replace('article: "675"', "article: 675条", 1), r"第 \d+ 行.*写法不对"),
        (lambda t: t.replace("    steps:", "    steps: [", 1), r"第 \d+ 行：YAML 写法不对"),
        (lambda t: t + t[t.index("  - id:") :], "重复"),
        (lambda t: t.replace("review_due: 2027-05-31", "review_due: 2027-13-31", 1), "2027-13-31|month"),
    ],
)
def test_a_broken_entry_file_names_its_line_and_builds_nothing(tmp_path, change, says):
    source = (ENTRIES / "debt.loan.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "entries"
    broken.mkdir()
    (broken / "debt.loan.yaml").write_text(change(source), encoding="utf-8")
    target = tmp_path / "knowledge.db"
    with pytest.raises(TextError, match=says) as caught:
        build(Sources((), broken), target, str.split)
    assert "debt.loan.yaml" in str(caught.value)
    assert not target.exists()


def test_not_utf8_is_said(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("matter: 借钱".encode("gb18030"))
    with pytest.raises(TextError, match="UTF-8"):
        load(path, "entries")


def test_schemas_are_published_for_editors():
    for path in (ROOT / "knowledge" / "schema").glob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["$schema"].startswith("https://json-schema.org/")


def test_short_law_names_become_full_ones(library):
    laws = {r.ref.law for e in library.entries() for r in e.refs}
    assert f"{NATION}民法典" in laws
    assert "民法典" not in laws


def test_article_refs_are_plain_data():
    assert ArticleRef("中华人民共和国民法典", "1079").short_law == "民法典"
