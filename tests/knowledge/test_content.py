"""The library's own texts: every reference exists and is in force, every number is from the table, nothing is promised."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from bot import wording
from faq.segment import characters
from knowledge import checks, items
from knowledge.build import CONTENT, Sources, build
from knowledge.citation import NATION, ArticleRef
from knowledge.statutes import from_jsonl
from knowledge.texts import TextError, load, load_all

ROOT = Path(__file__).parent.parent.parent
ENTRIES = ROOT / "faq" / "entries"
SHARED = ROOT.parent / "shared" / "data" / "statutes-lawrefbook-2025-04.jsonl.gz"
TODAY = date.today()


@cache
def outside() -> dict[tuple[str, str], str]:
    """Regulations and interpretations of the evaluation corpus, where it lies beside the checkout."""
    if not SHARED.exists():
        return {}
    return {(s.law, a.number): a.text for s in from_jsonl(SHARED) for a in s.articles}


@pytest.fixture(scope="module")
def everything():
    return items.read(ENTRIES, CONTENT)


def read_by_person():
    rows = load(CONTENT / "read-by-person.yaml", "read-by-person").data["read"]
    return {(row["id"], row["what"]) for row in rows}


def test_nothing_is_wrong_with_any_text(library, everything):
    """References in force that say what we claim, numbers from the table, no promise, sentences that can be read out."""
    known = lambda ref: outside().get((ref.law, ref.article))  # noqa: E731
    found = [
        (key, fault) for those in everything.of.values() for key, item in those.items() for fault in checks.faults(item, library, TODAY, known)
    ]
    assert [f for f in found if f not in read_by_person()] == []


def test_references_outside_the_corpus_exist(library, everything):
    refs = {(r["law"], r["article"]) for those in everything.of.values() for item in those.values() for r in item.get("refs", ())}
    unknown = {r for r in refs if library.resolve(r[0]) is None}
    assert unknown
    if outside():
        assert not unknown - set(outside())


def test_every_figure_has_its_article_or_a_reason(library, everything):
    """A term, a sum, a rate or an age in an entry stands in an article it cites, or a person has said why it need not."""
    found = set()
    for key, item in everything.of["entry"].items():
        texts = [_text(library, r) for r in item["refs"]]
        if all(texts):
            found |= {(key, figure) for figure in checks.figures_without_source(item, texts)}
    allowed = read_by_person()
    assert found <= allowed, found - allowed
    if outside():
        assert allowed <= found, f"no longer needed: {allowed - found}"


def _text(library, row):
    law = library.resolve(row["law"])
    article = library.article(ArticleRef(law or row["law"], row["article"]), TODAY)
    return article.text if article else outside().get((row["law"], row["article"]))


def test_no_two_entries_have_nearly_the_same_question(everything):
    assert checks.near_duplicates(everything.of["entry"].values()) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"answer": "这官司您一定能赢。"}, "不能这么说"),
        ({"steps": ["打 12399 问一问。"]}, "电话 12399"),
        ({"aloud": "一" * 61}, "太长"),
        ({"refs": [{"law": "民法典", "article": "2000", "says": "借款人应当返还借款"}]}, "没有这一条"),
        ({"refs": [{"law": "养犬法", "article": "1", "says": "养犬应当登记"}]}, "没有《养犬法》"),
        ({"refs": [{"law": "民法典", "article": "675", "says": "邻居之间不得私搭乱建"}]}, "说的不是"),
        ({"refs": [{"law": "民法典", "article": "675", "paragraph": 9, "says": "借款人应当按照约定的期限返还借款"}]}, "没有这一款"),
    ],
)
def test_each_check_finds_its_fault(library, change, says):
    sound = {"id": "x", "answer": "借了钱要还。", "refs": [{"law": "民法典", "article": "675", "says": "借款人应当按照约定的期限返还借款"}]}
    assert checks.faults(sound, library, TODAY) == []
    assert says in checks.faults({**sound, **change}, library, TODAY)[0]


def test_a_figure_no_article_names_is_found():
    item = {"answer": "要在三十日内申请，过了一年就不受理。", "steps": [], "id": "x"}
    assert checks.figures_without_source(item, ["应当自知道之日起三十日内提出。"]) == ["一年"]
    assert checks.figures_without_source(item, ["三十日", "1年"]) == []


def test_terms_are_explained_once_and_the_longest_first():
    terms = {"保全": "先冻住", "财产保全": "先把钱物冻住", "举证": "拿证据", "仲裁": "裁决"}
    (line,) = wording.explained("可以申请财产保全，要自己举证，再去仲裁。", terms)
    assert line == "词解：财产保全，就是先把钱物冻住；举证，就是拿证据。"
    assert wording.explained("可以申请财产保全（先冻住）。", {"财产保全": "x"}) == []


def test_every_matter_says_what_it_is_and_what_not(library):
    names = {m.name for m in library.matters.values()}
    for m in library.matters.values():
        assert m.scope
        assert m.not_
        assert m.handlers, m.code
        for other in re.findall(r"看([\u4e00-\u9fff]{2,12}?)(?=[，。；、]|$)", m.not_):
            assert other in names or any(n in other for n in names), (m.code, other)


def test_there_is_enough_of_everything(library):
    entries = library.entries()
    assert len(entries) >= 500
    assert len({e.matter for e in entries}) >= 45
    assert all(len(e.questions) >= 8 and len(e.steps) >= 2 and e.refs and e.review_due for e in entries)
    assert len(library.cases()) >= 150
    assert len(library.notices()) >= 120
    assert len(library.materials()) >= 40
    assert len(library.service_points(["demo-county"])) >= 8


def test_no_entry_claims_a_review_that_has_not_happened():
    for text in load_all(ENTRIES, "entries"):
        for n, e in enumerate(text.data["entries"]):
            reviewed = e["status"] != "drafted"
            assert reviewed == bool(e["reviewed_on"] and e.get("reviewer")), f"{text.path.name}:{text.line('entries', n)}"


def test_a_case_is_an_illustration_or_names_its_source():
    for text in load_all(CONTENT / "cases", "cases"):
        for case in text.data["cases"]:
            assert case.get("illustration") or case.get("source"), case["id"]


def test_questions_are_all_different_but_for_marks(library):
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
