"""What a village group hears from the robot."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.store import quarantine, schema
from tests.conversation import VILLAGE, deliver

WAGES = "老板拖欠我三个月工资，没签合同，咋办"
UNSURE = "陨石砸到我家田里，法律上归谁"
VAGUE = ("房子漏水谁赔", "不给工资", "退钱", "工伤", "离职 钱", "借条", "合同到期", "宅基地", "狗", "地被占了", "物业费", "工资", "社保")


def ticket_number(text: str) -> int:
    return int(re.search(r"工单号 (\d+)", text)[1])


def stored(parts, external_id):
    with parts.engine.connect() as conn:
        return conn.execute(sa.select(schema.message).where(schema.message.c.external_id == external_id)).one()


def test_an_everyday_question_is_answered_with_steps_and_articles(liu):
    said = liu.ask(WAGES)
    assert "1. " in said and "2. " in said
    assert re.search(r"依据：1\. 《\S+》第\d+条", said)
    assert "我是机器人" in said and "不代替律师意见" in said
    assert "王律师" in said and "转人工" in said


def test_in_auto_mode_nobody_has_to_name_the_robot(liu):
    assert "依据" in (liu.say(WAGES) or "")


def test_in_mention_mode_it_hears_only_its_name(in_enterprise):
    assert in_enterprise.say(WAGES) is None
    assert "依据" in in_enterprise.ask("货款要不回来怎么办")


@pytest.mark.parametrize(
    "line",
    ["早上好，祝大家平安健康", "明天停水，大家接点水", "[红包]恭喜发财", "谁家有多的秧苗", "😂😂😂", "接龙 1.刘婶 2.老孙", "王律师今天来村里了"],
)
def test_chatter_is_met_with_silence(liu, line):
    assert liu.say(line) is None


def test_chatter_is_not_kept(liu, parts):
    liu.say("早上好，祝大家平安健康", id="m1")
    row = stored(parts, "m1")
    assert (row.action, row.text, row.reply) == ("silence", None, None)


def test_said_to_the_robot_chatter_gets_one_line(liu):
    assert "只懂法律上的事" in liu.ask("今天天气真好呀")


def test_the_robot_does_not_hear_itself_named_inside_a_word(liu):
    assert liu.say("@所有人 明天上午九点开会") is None


# ------------------------------------------------------------------ emergencies


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("我不想活了，农药都买好了，孩子你们帮我照看", ["110", "12356"]),
        ("他又在打我，拿着刀，快来人", ["110"]),
        ("我妈正在银行给骗子转钱，说是公安局的，拦不住", ["96110", "110"]),
        ("孩子在集上走丢了，五岁，穿红衣服", ["110"]),
        ("灶屋起火了，里头还有老人", ["119"]),
    ],
)
def test_danger_comes_before_everything(liu, line, numbers):
    said = liu.say(line) or ""
    assert all(n in said for n in numbers), said
    assert len(said) < 160


def test_danger_alerts_the_advisor_and_the_bureau_at_once(liu, wang, zhang):
    liu.say("他又在打我，拿着刀，快来人")
    assert any("【紧急】" in text for text in wang.heard())
    assert any("有人遇到危险" in text for text in zhang.heard())


def test_what_is_cried_out_next_goes_to_the_same_ticket(liu, wang, parts):
    liu.say("他又在打我，拿着刀，快来人")
    liu.say("快来人啊他要砍死我，堵在灶屋门口")
    with parts.engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.ticket)) == 1
    assert any("堵在灶屋门口" in text for text in wang.heard())


def test_danger_is_heard_while_the_robot_is_quiet(liu, people):
    people("wang", VILLAGE).say("乡亲们，这件事我来说两句")
    assert liu.say(WAGES) is None
    assert "110" in (liu.say("有人拿刀在追我老公，救命啊") or "")


def test_danger_goes_before_a_command(liu):
    assert "110" in (liu.say("转人工 他拿刀堵在门口要砍我，快救命") or "")


# ------------------------------------------------------------------ privacy


def test_a_sensitive_matter_is_not_talked_over_in_the_group(liu):
    said = liu.ask("我想跟我老公离婚，他不同意，怎么办")
    assert "私下" in said
    assert "离婚" not in said and "依据" not in said


def test_in_private_the_talk_goes_on_where_it_began(liu, people):
    liu.ask("我老公赌博欠了一屁股债，债主找我要，我要不要还")
    said = people("liu").say("你好") or ""
    assert "接着您在群里问的" in said and "依据" in said
    assert "接着您在群里问的" not in (people("liu").say("你好") or "")


def test_another_villager_does_not_inherit_the_private_question(liu, people):
    liu.ask("我想跟我老公离婚，他不同意，怎么办")
    assert "离婚" not in (people("zhao").say("你好") or "")


def test_personal_data_is_masked_before_it_is_stored(liu, parts):
    said = liu.ask("我身份证110101199003070070，电话13812345678，老板欠我工资", id="m1")
    row = stored(parts, "m1")
    assert "13812345678" not in row.text and "110101199003070" not in row.text
    assert "私下" in said
    with parts.engine.connect() as conn:
        lines = conn.execute(sa.select(schema.simulated_line.c.text)).scalars().all()
    assert not any("13812345678" in line for line in lines)


def test_a_hardship_group_is_always_private(in_hardship):
    assert "私下" in in_hardship.ask(WAGES)


# ------------------------------------------------------------------ follow-ups, options, articles


def test_articles_of_an_answer_can_be_read(liu):
    liu.ask(WAGES)
    assert re.search(r"《\S+》第\d+条.*施行的版本", liu.say("法条 1") or "", re.S)
    assert "感情确已破裂" in (liu.say("法条 民法典 1079") or "")
    assert "没有找到" in (liu.say("法条 民法典 9999") or "") or "没有原文" in (liu.say("法条 民法典 9999") or "")
    assert "没有找到" in (liu.say("法条 外星法 1") or "")


def test_one_villagers_talk_is_not_anothers(liu, people):
    liu.ask(WAGES)
    assert "还没有可看的依据" in (people("zhao", VILLAGE).say("法条 1") or "")


def asked_back(liu, parts) -> str:
    """What the first short question is answered with that is asked back."""
    for vague in VAGUE:
        said = liu.ask(vague, id=f"v-{vague}")
        if stored(parts, f"v-{vague}").action == "clarify":
            return said
    pytest.fail("no short question was asked back")


def test_two_close_candidates_are_asked_back_and_a_digit_chooses(liu, parts):
    said = asked_back(liu, parts)
    assert "1. " in said and "0. 都不是" in said
    chosen = liu.say("1", id="chosen") or ""
    assert "依据" in chosen or "私下" in chosen
    assert stored(parts, "chosen").action == "answer"


def test_none_of_the_options_goes_to_the_advisor(liu, parts):
    asked_back(liu, parts)
    assert "工单号" in (liu.say("0") or "")


# ------------------------------------------------------------------ handing over


def test_what_rests_on_a_changed_law_is_held_back_until_somebody_has_looked(liu, parts):
    assert "依据" in liu.ask(WAGES, id="before")
    entry = stored(parts, "before").entry_id
    with parts.engine.begin() as conn:
        quarantine.hold(conn, {entry: "法律有变"}, parts.now().date(), parts.now())
    said = liu.ask(WAGES)
    assert "还在核对" in said and "工单号" in said and "依据" not in said
    with parts.engine.begin() as conn:
        assert quarantine.clear(conn, entry, "王律师", parts.now())
    assert "依据" in liu.ask(WAGES)


def test_a_change_that_is_not_in_force_yet_holds_nothing_back(liu, parts):
    liu.ask(WAGES, id="before")
    entry = stored(parts, "before").entry_id
    with parts.engine.begin() as conn:
        quarantine.hold(conn, {entry: "法律有变"}, parts.now().date() + timedelta(days=30), parts.now())
    assert "依据" in liu.ask(WAGES)


def test_a_later_change_does_not_free_what_an_earlier_one_holds_back(parts):
    today = parts.now().date()
    with parts.engine.begin() as conn:
        for since in (today, today + timedelta(days=90)):
            quarantine.hold(conn, {"debt.loan.interest": f"{since} 起有变"}, since, parts.now())
        assert quarantine.held(conn, today) == {"debt.loan.interest"}


def test_a_question_about_an_earlier_year_hears_what_the_law_was(liu):
    said = liu.ask("2005年老板拖欠我三个月工资，没签合同，咋办")
    assert "按现在的法律是这样" in said
    assert said.count("您说的是 2005 年的事") == 1
    # 劳动合同法 is older than the oldest version we hold: that it began with that version would be untrue.
    assert "《劳动合同法》我手上最早的是2013年7月1日起施行的版本" in said and "才施行" not in said


def test_papers_for_an_errand_are_told_once(liu):
    said = liu.say("材料 法律援助") or ""
    assert "身份证（原件和复印件）" in said and "依据" in said
    assert "要办哪一样" in (liu.say("材料") or "")
    assert liu.say("材料费这个月又涨价了") is None


def test_an_unsure_question_opens_a_ticket(liu, wang):
    said = liu.ask(UNSURE)
    number = ticket_number(said)
    assert "王律师" in said and "答复您" in said
    (told,) = [t for t in wang.heard() if f"工单号 {number}" in t]
    assert "陨石" in told and "刘婶" in told and "清水村" in told


def test_asking_for_a_person_hands_over_the_last_question(liu, wang):
    liu.ask(WAGES)
    number = ticket_number(liu.say("转人工") or "")
    assert any(f"工单号 {number}" in t and "三个月工资" in t for t in wang.heard())


def test_after_the_advisor_spoke_the_robot_is_quiet_for_a_while(liu, people, clock):
    people("wang", VILLAGE).say("这个事我来答，先去劳动监察投诉")
    assert liu.say(WAGES) is None
    assert "依据" in liu.ask(WAGES)  # named, it answers
    clock.pass_(minutes=11)
    assert "依据" in (liu.say(WAGES + "啊") or "")


# ------------------------------------------------------------------ retries and rooms


def test_a_retry_gets_the_stored_reply(liu, parts):
    first = liu.ask(UNSURE, id="same")
    assert liu.ask(UNSURE, id="same") == first
    with parts.engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.ticket)) == 1
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.message)) == 1


def test_an_unbound_room_is_met_with_silence_and_listed(people, parts):
    stranger = people("liu", "room-nobody-knows")
    assert stranger.ask(WAGES) is None or stranger.ask(WAGES) == ""
    assert stranger.say("救命啊他拿刀砍我") is None
    with parts.engine.connect() as conn:
        assert conn.execute(sa.select(schema.unbound_room.c.room_id)).scalars().all() == ["room-nobody-knows"]


def test_a_broken_body_is_refused(liu):
    for body in (b"{", b"[]", b'{"id": 1}', b"\xff\xfe", b'{"id":"a","room":"r","sender":"s","text":5}', b"[" * 100000):
        assert 400 <= liu.client.post("/hook/simulated", data=body).status_code < 500
    assert liu.client.post("/hook/nobody", data=b"{}").status_code == 404
    assert liu.client.post("/hook/simulated", data=b"x" * 100_000).status_code == 413


def test_long_replies_are_split_in_order(liu, parts):
    said = liu.say("法条 刑法 266") or ""
    assert said
    long = liu.say("法条 民法典 1087") or ""
    assert len(long.encode()) <= 2000
    whole = liu.say("法条 刑法 191") or ""
    assert len(whole.encode()) <= 2000
    deliver(parts)


def test_where_to_go_is_told_with_hours(liu):
    said = liu.say("服务点 法律援助") or ""
    assert "法律援助中心" in said and "周一至周五" in said and "电话" in said
    assert "这附近有" in (liu.say("服务点") or "")
    assert liu.say("服务点好态度差") is None
