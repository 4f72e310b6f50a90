"""A ticket from the question to the rating, as its people type it."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from bot.desk import Desk
from bot.store import roster, schema, tickets
from schedulers import reminders
from tests.bot.test_conversation import UNSURE, ticket_number
from tests.conversation import VILLAGE


@pytest.fixture
def number(liu):
    return ticket_number(liu.ask(UNSURE))


def ticket(parts, number):
    with parts.engine.connect() as conn:
        return tickets.get(conn, number)


def test_the_advisor_answers_by_typing(liu, wang, number, parts):
    assert "接单成功" in wang.say(f"接单 {number}")
    assert "已发给提问人" in wang.say(f"答复 {number} 老契要看土改后登记，先到乡镇申请确权。")
    assert any("老契要看土改后登记" in t and "王律师" in t for t in liu.heard())
    assert ticket(parts, number).status == "answered"


def test_the_advisor_answers_by_quoting_the_notification(liu, wang, number, parts):
    (told,) = [t for t in wang.heard() if f"工单号 {number}" in t]
    assert "已发给提问人" in wang.say("先到乡镇申请确权。", quote=told)
    assert any("先到乡镇申请确权" in t for t in liu.heard())
    assert ticket(parts, number).owner_id == "demo-wang"


def test_the_advisor_answers_in_the_group_by_quoting(liu, people, number):
    in_group = people("wang", VILLAGE)
    assert in_group.say("先到乡镇申请确权。", quote=f"这件事我拿不准，已转给法律顾问王律师，工单号 {number}，")
    assert any("先到乡镇申请确权" in t for t in liu.heard())


def test_two_advisors_claim_one_wins(people, number, parts):
    said = {}

    def claim(who):
        said[who] = people(who).say(f"接单 {number}")

    threads = [threading.Thread(target=claim, args=(who,)) for who in ("wang", "li")]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted("接单成功" in s for s in said.values()) == [False, True]
    loser = next(s for s in said.values() if "接单成功" not in s)
    assert "已经由" in loser
    with parts.engine.connect() as conn:
        assert [e.kind for e in tickets.events(conn, number)].count("claimed") == 1


def test_an_advisor_of_another_group_sees_nothing(people, number, parts):
    with parts.engine.begin() as conn:
        conn.execute(sa.update(schema.group).where(schema.group.c.id == "demo-qingshui").values(deputy_id=None))
    assert "没有找到" in people("li").say(f"详情 {number}")
    assert "没有找到" in people("li").say(f"接单 {number}")


def test_a_villager_cannot_do_what_advisors_do(liu, number, parts):
    liu.say(f"接单 {number}")
    liu.say(f"结案 {number}")
    assert ticket(parts, number).status == "assigned"


def test_asking_back_and_the_answer_reach_each_other(liu, wang, number, parts):
    wang.say(f"接单 {number}")
    assert "追问" in wang.say(f"追问 {number} 老契上有没有四至？")
    assert any("有没有四至" in t for t in liu.heard())
    assert "已加到工单" in liu.ask("有的，东到大槐树，西到路边")
    assert any("东到大槐树" in t for t in wang.heard())
    assert "东到大槐树" in ticket(parts, number).question


def test_transfer_keeps_the_first_owner_and_tells_everybody(liu, wang, people, number, parts):
    wang.say(f"接单 {number}")
    assert "已转给李律师" in wang.say(f"转办 {number} 李律师")
    assert any("陨石" in t for t in people("li").heard())
    assert any("不用再说一遍" in t for t in liu.heard())
    t = ticket(parts, number)
    assert (t.first_owner_id, t.owner_id, t.status) == ("demo-wang", "demo-li", "assigned")
    assert "没有找到名叫" in people("li").say(f"转办 {number} 赵无极")


def test_close_and_rate(liu, wang, number, parts):
    wang.say(f"答复 {number} 先申请确权。")
    assert "已结案" in wang.say(f"结案 {number}")
    assert any("评价" in t for t in liu.heard())
    assert "写法" in liu.say(f"评价 {number} 6 6 6")
    assert "谢谢" in liu.say(f"评价 {number} 5 4 5")
    assert "没有等您评价" in liu.say(f"评价 {number} 5 5 5")
    with parts.engine.connect() as conn:
        row = conn.execute(sa.select(schema.ticket).where(schema.ticket.c.id == number)).one()
    assert (row.rating_attitude, row.rating_speed, row.rating_skill) == (5, 4, 5)


def test_a_low_rating_goes_to_another_handler_and_the_bureau(liu, wang, people, zhang, number, parts):
    wang.say(f"答复 {number} 不知道。")
    wang.say(f"结案 {number}")
    assert "换人重新办理" in liu.say(f"评价 {number} 1 1 1")
    t = ticket(parts, number)
    assert (t.status, t.owner_id, t.first_owner_id) == ("assigned", "demo-li", "demo-wang")
    assert any("评价偏低" in t for t in zhang.heard())
    assert any("陨石" in t for t in people("li").heard())


def test_another_villager_sees_and_touches_nothing(people, number, parts):
    zhao = people("zhao", VILLAGE)
    assert "没有查到" in zhao.say(f"进度 {number}")
    assert "没有找到" in zhao.say(f"撤回 {number}")
    assert "没有找到" in zhao.say(f"补充 {number} 井是我家的")
    assert "没有等您评价" in zhao.say(f"评价 {number} 1 1 1")
    assert ticket(parts, number).status == "assigned"


def test_the_asker_follows_and_withdraws(liu, wang, number, parts):
    assert "等待顾问接单" in liu.say(f"进度 {number}")
    assert "已撤回" in liu.say(f"撤回 {number}")
    assert any("提问人已撤回" in t for t in wang.heard())
    assert "现在是“已撤回”" in wang.say(f"答复 {number} 好的")


def test_the_advisor_extends_once(wang, number, parts):
    wang.say(f"接单 {number}")
    before = ticket(parts, number).answer_due_at
    assert "已延期" in wang.say(f"延期 {number}")
    assert ticket(parts, number).answer_due_at > before
    assert "不能再延期" in wang.say(f"延期 {number}")


def test_lists_and_details(wang, zhang, people, number):
    assert str(number) in wang.say("工单")
    assert "开单" in wang.say(f"详情 {number}")
    assert "陨石" in zhang.say(f"详情 {number}")
    village = people("chen").say("工单")
    assert str(number) in village and "陨石" not in village
    assert "已催办" in people("chen").say(f"催办 {number}")
    assert any("提醒" in t for t in wang.heard())
    assert "工单合计 1 张" in zhang.say("统计")


def test_a_ticket_is_not_read_out_in_the_group(people, number):
    assert "陨石" not in people("wang", VILLAGE).say(f"详情 {number}")
    assert "陨石" not in people("wang", VILLAGE).say("工单")


def test_the_officer_assigns(zhang, people, number, parts):
    assert "已派给李律师" in zhang.say(f"指派 {number} 李律师")
    assert ticket(parts, number).owner_id == "demo-li"


def test_a_command_without_a_number_is_about_the_only_ticket(wang, number):
    assert "接单成功" in wang.say("接单")


def test_on_leave_the_deputy_gets_it_and_without_one_the_bureau(liu, people, zhang, parts, clock):
    day = clock().date()
    with parts.engine.begin() as conn:
        conn.execute(sa.insert(schema.leave).values(person_id="demo-wang", first_day=day, last_day=day))
    assert "李律师" in liu.ask(UNSURE)
    with parts.engine.begin() as conn:
        conn.execute(sa.insert(schema.leave).values(person_id="demo-li", first_day=day, last_day=day))
    said = people("zhao", VILLAGE).ask(UNSURE)
    assert "工单号" in said and "律师" not in said.replace("法律顾问", "")
    assert any("没有在岗的法律顾问" in t for t in zhang.heard())


def remind(parts):
    return reminders.remind(parts.engine, Desk(parts.settings, parts.library), parts.now())


def test_deadlines_are_reminded_before_and_after_and_climb_the_regions(liu, wang, zhang, number, parts, clock):
    assert remind(parts) == 0
    t = ticket(parts, number)
    clock.at = t.assign_due_at.replace() - __import__("datetime").timedelta(hours=3)
    remind(parts)
    remind(parts)
    assert sum("【提醒】" in x for x in wang.heard()) == 1
    clock.at = t.assign_due_at
    clock.pass_(minutes=1)
    remind(parts)
    remind(parts)
    assert sum("【超时】" in x for x in wang.heard()) == 1
    assert sum("超过接单时限" in x for x in zhang.heard()) == 1
    with parts.engine.connect() as conn:
        kinds = [e.kind for e in tickets.events(conn, number)]
    assert kinds.count("reminded") == 2 and kinds.count("overdue") == 1


def test_hardship_groups_have_half_the_time(in_hardship, liu, parts):
    a = ticket(parts, ticket_number(liu.ask(UNSURE)))
    in_hardship.ask("老板欠我钱")
    b = ticket(parts, ticket_number(in_hardship.say("转人工") or ""))
    calendar = Desk(parts.settings, parts.library)
    with parts.engine.connect() as conn:
        c = calendar.calendar(conn)
    assert a.answer_due_at == c.add_days(a.opened_at, 5)
    assert b.answer_due_at == c.add_days(b.opened_at, 5, 50)


def test_answered_and_quiet_is_closed_by_itself(liu, wang, number, parts, clock):
    wang.say(f"答复 {number} 先申请确权。")
    desk = Desk(parts.settings, parts.library)
    assert reminders.close_quiet(parts.engine, desk, clock.pass_(days=4)) == 0
    assert reminders.close_quiet(parts.engine, desk, clock.pass_(days=2)) == 1
    assert any("评价" in t for t in liu.heard())


# ------------------------------------------------------------------ binding


def new_group(parts, clock):
    with parts.engine.begin() as conn:
        conn.execute(
            sa.insert(schema.group).values(
                id="xinzhai", name="新寨村法润民生群", kind="village", mode="auto", region_id="demo-town", advisor_id="demo-wang"
            )
        )
        return roster.new_code(conn, "xinzhai", clock())


def test_a_group_is_bound_by_typing_a_code(people, parts, clock):
    code = new_group(parts, clock)
    room = people("wang", "room-new")
    assert people("liu", "room-new").say(f"绑定 {code}") == "绑定要由法律顾问或司法局的人来发。"
    assert people("liu", "room-new").ask("老板欠我工资怎么办") in (None, "")
    assert "绑定成功" in room.say(f"绑定 {code}")
    assert "依据" in people("liu", "room-new").ask("老板拖欠我三个月工资，没签合同，咋办")
    assert "绑定码不对" in people("wang", "room-other").say(f"绑定 {code}")


def test_a_code_ages_and_is_not_for_strangers(people, parts, clock):
    code = new_group(parts, clock)
    assert "绑定码不对" in people("li", "room-new").say(f"绑定 {code}")
    clock.pass_(days=8)
    assert "绑定码不对" in people("wang", "room-new").say(f"绑定 {code}")


# ------------------------------------------------------------------ notices


def test_the_officer_pushes_a_notice_once_a_day(zhang, people, parts):
    assert "1. " in zhang.say("推送") and "还有" in zhang.say("推送")
    assert "养老" in zhang.say("推送 养老") and "没有这样的" in zhang.say("推送 外星人")
    assert "已排队发给" in zhang.say("推送 1")
    assert "没有重复发" in zhang.say("推送 1")
    assert sum("【风险提示】" in t for t in people("liu", VILLAGE).heard()) == 1
    assert "没有第 999 条" in zhang.say("推送 999")
