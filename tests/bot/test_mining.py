"""Proposals from what was asked and not answered, and from what the advisors said."""

from datetime import timedelta

import pytest

from bot.desk import mining
from bot.store import proposals
from bot.store.proposals import Asked
from tests.bot.test_conversation import ticket_number

SEED = ("玉米种子种下去不出苗，卖种子的不认账", "买的玉米种不发芽，种子店不承认", "种子店卖的玉米种子不出苗，老板不赔")


def asked(*texts, answer="", ticket=None):
    return [Asked(n, ticket, text, "consumer.goods", answer if n == 1 else "", ()) for n, text in enumerate(texts, 1)]


def test_questions_about_the_same_come_together_and_name_their_entry(retriever, library, clock):
    other = "邻居家的狗半夜叫个不停，吵得睡不着"
    made = mining.propose(asked(*SEED, other), retriever, library, clock())
    (seeds,) = [p for p in made if SEED[0] in p.questions]
    assert set(SEED) == set(seeds.questions)
    assert seeds.kind == "phrasing"
    assert seeds.entry_id == "consumer.goods.seeds-pesticide"
    assert other not in seeds.questions


def test_what_no_entry_answers_is_drafted_from_the_advisors_answer(retriever, library, clock):
    answer = "先别碰那块陨石，离远一点，等懂行的人来看。"
    (made,) = mining.propose(asked("陨石砸到我家田里，法律上归谁", answer=answer, ticket=12), retriever, library, clock())
    assert (made.kind, made.entry_id, made.tickets) == ("entry", None, (12,))
    draft = mining.drafted(made)
    assert draft["answer"] == answer
    assert draft["questions"] == ["陨石砸到我家田里，法律上归谁"]


def test_one_unclear_question_without_an_answer_proposes_nothing(retriever, library, clock):
    assert mining.propose(asked("陨石砸到我家田里，法律上归谁"), retriever, library, clock()) == []
    assert mining.propose([], retriever, library, clock()) == []


def test_questions_go_from_the_group_into_a_proposal_once(liu, wang, engine, clock):
    said = liu.ask("陨石砸到我家田里，法律上归谁")
    number = ticket_number(said)
    wang.say(f"接单 {number}")
    wang.say(f"答复 {number} 先别碰，打 110，让派出所看护，有事打我电话13812345678。")
    with engine.begin() as conn:
        (found,) = proposals.unanswered(conn, clock() - timedelta(days=1))
        assert "派出所看护" in found.answer
        assert "138123" not in found.answer
        made = proposals.Proposal(0, "entry", None, None, (found.text,), found.answer, (found.message_id,), (number,), "open", clock())
        key = proposals.add(conn, made)
        assert proposals.unanswered(conn, clock() - timedelta(days=1)) == []
        assert proposals.listed(conn)[0].tickets == (number,)
        assert proposals.decide(conn, key, "refused", "demo-zhang", clock())
        assert not proposals.decide(conn, key, "accepted", "demo-zhang", clock())
        assert proposals.listed(conn) == []


@pytest.mark.parametrize("most", [3, 40])
def test_ways_of_saying_are_added_once_and_not_beyond_what_an_entry_may_have(most, clock):
    p = proposals.Proposal(1, "phrasing", "a", None, ("问二", "问三", "问四"), "", (), (), "open", clock())
    found = mining.with_questions({"questions": ["问一", "问二"]}, p, most)["questions"]
    assert found == ["问一", "问二", "问三", "问四"][:most]
