"""Why a question is answered as it is."""

import json

import pytest

from faq import explain
from faq.gate import sigmoid

WAGES = "老板拖欠我三个月工资，没签合同，咋办"


def test_the_parts_of_a_score_make_the_score(retriever):
    found = explain.explain(retriever, WAGES)
    for c in found.candidates:
        assert sum(c.parts.values()) == pytest.approx(c.hit.score, abs=1e-3)
    assert found.candidates[0].hit.entry_id == "labour.wages.arrears.no-contract"
    assert found.verdict == f"把握 {found.candidates[0].hit.confidence:.2f} 到了 {found.candidates[0].hit.enough:.2f}：答"
    assert "工资" in "".join(found.tokens)


@pytest.mark.parametrize("said", [WAGES, "今天太阳好晒啊"])
def test_how_a_message_is_put_and_an_answer_that_fits_make_it_legal(retriever, said):
    found = explain.explain(retriever, said)
    assert sigmoid(sum(found.legal_parts.values())) == pytest.approx(found.legal, abs=1e-6)
    assert f"怎么说的 {found.legal_parts['message']:+.3f}，有合适的答案 {found.legal_parts['answer']:+.3f}" in explain.as_text(found)


def test_the_nearest_saying_of_a_saying_is_itself(retriever, library):
    entry = library.entries()[7]
    (nearest, *_) = explain.explain(retriever, entry.questions[2]).nearest
    assert nearest[:2] == (entry.id, entry.questions[2])
    assert nearest[2] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("今天太阳好晒啊", "不作声"), ("陨石砸到我家田里，法律上归谁", "转给法律顾问|问是哪一件"), ("救命啊他拿刀砍人了", "危险")],
)
def test_the_verdict_says_what_decides(retriever, said, verdict):
    assert any(v in explain.explain(retriever, said).verdict for v in verdict.split("|"))


def test_corrections_are_told(retriever):
    found = explain.explain(retriever, "老板不发公资怎么办")
    assert "公资→工资" in explain.as_text(found)
    assert "发工资" in found.tokens
    assert explain.as_json(found)["corrections"][0]["meant"] == "工资"


def test_text_and_json_say_the_same(retriever):
    found = explain.explain(retriever, WAGES)
    data = json.loads(json.dumps(explain.as_json(found)))
    assert data["candidates"][0]["entry"] in explain.as_text(found)
    assert data["verdict"] in explain.as_text(found)
    assert len(data["references"]) == len(found.references)
