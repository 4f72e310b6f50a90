"""A matter that breaks its promise is answered by people until it recovers; villagers are told how good the robot is."""

from dataclasses import replace

import pytest

from bot import wording
from bot.store import accuracy, quarantine, verdicts
from faq.accuracy import Measured, lower_bound, measure
from faq.retriever import Retriever
from tests.bot.test_conversation import WAGES
from tests.conversation import VILLAGE

MATTER = "labour.wages.arrears"


def measured(right):
    return [Measured(MATTER, 30, 20, right, lower_bound(right, 20)), Measured("debt.loan", 30, 20, 20, lower_bound(20, 20))]


def test_a_matter_that_breaks_the_promise_goes_to_people_until_it_recovers(liu, engine, clock):
    assert "怎么办" in liu.ask(WAGES)
    with engine.begin() as conn:
        assert accuracy.keep(conn, measured(12), clock()) == [MATTER]
    clock.pass_(minutes=40)
    assert "我拿不准" in liu.ask(WAGES)
    with engine.begin() as conn:
        assert accuracy.keep(conn, measured(20), clock()) == []
        assert quarantine.listed(conn) == []
    clock.pass_(minutes=40)
    assert "怎么办" in liu.ask(WAGES)


def test_a_villager_who_asks_how_good_the_robot_is_hears_what_was_measured(liu, engine, clock):
    assert "仅供参考" in liu.ask("你准不准")
    with engine.begin() as conn:
        accuracy.keep(conn, measured(18), clock())
        when, rows = accuracy.last(conn)
    assert when == clock()
    assert [m.right for m in rows] == [18, 20]
    assert "40 个里，找对法律依据的有 38 个（95%）" in liu.ask("你说的准吗？")
    assert liu.say("这秤准不准") is None


def test_the_nightly_job_measures(engine, settings, clock):
    from schedulers import reminders

    assert reminders.measure(engine, settings, clock()) == []
    with engine.connect() as conn:
        assert len(accuracy.last(conn)[1]) > 50


@pytest.fixture
def in_village(people):
    return people("wang", VILLAGE)


def kept(engine):
    with engine.connect() as conn:
        return verdicts.listed(conn)


def test_an_advisor_judges_the_last_answer_in_the_room(liu, in_village, engine):
    assert in_village.say("认可") == wording.NOTHING_TO_JUDGE
    liu.ask(WAGES)
    assert in_village.say("认可") == wording.APPROVED
    (one,) = kept(engine)
    assert (one.matter, one.right, one.note) == (MATTER, True, "")
    assert in_village.say("纠错 先找劳动监察，电话 13812345678") == wording.CORRECTED
    (one,) = kept(engine)  # the last word on an answer counts
    assert not one.right
    assert one.note.startswith("先找劳动监察")
    assert "13812345678" not in one.note


def test_the_quoted_answer_is_judged_and_ordinary_words_judge_nothing(liu, in_village, engine, clock):
    first = liu.ask(WAGES)
    clock.pass_(days=3)
    assert in_village.say("纠错") == wording.NOTHING_TO_JUDGE
    assert in_village.say("认可这个协议就签字") is None
    assert kept(engine) == []
    assert in_village.say("纠错", quote=first) == wording.CORRECTED
    assert kept(engine)[0].question.endswith(WAGES)


def test_only_advisors_judge(liu, zhang, engine):
    liu.ask(WAGES)
    for who in (liu, zhang):
        who.say("认可")
        who.say("纠错 不对")
    assert kept(engine) == []


def test_what_was_judged_is_asked_again_and_counts(liu, in_village, engine, settings, index_dir, library, clock):
    liu.ask(WAGES)
    in_village.say("纠错 应当先投诉")
    retriever = Retriever(index_dir, library)
    with engine.connect() as conn:
        judged = accuracy.judged(conn, retriever)
    (mine,) = [m for m in measure([], library, judged) if m.asked]
    assert (mine.matter, mine.answered, mine.right) == (MATTER, 1, 0)
    (other,) = judged
    mended = replace(other, entry_id="labour.wages.arrears.not-this-one")  # another answer would be given today: nobody judged that
    assert [m.answered for m in measure([], library, [mended]) if m.asked] == [0]


def test_verdicts_are_forgotten_with_the_messages(liu, in_village, engine, parts, clock):
    from schedulers import reminders

    liu.ask(WAGES)
    in_village.say("认可")
    clock.pass_(days=parts.settings.retention_days + 1)
    reminders.forget(engine, parts.desk, clock())
    assert kept(engine) == []
