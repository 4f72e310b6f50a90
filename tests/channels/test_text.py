"""Names come off, mail addresses and everybody stay, and nobody's words turn into orders."""

from __future__ import annotations

import random
import time

import pytest

from bot.channels._text import clean, cut, for_markdown, opens_with_name, plain, strip_names

NAMES = ("法润", "法润助手", "farun", "C++法")

# ---- item 8: taking the robot's name off ----


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("@法润助手 借条没写利息", "借条没写利息"),
        ("@法润助手\u2005借条没写利息", "借条没写利息"),
        ("@法润助手\u00a0借条没写利息", "借条没写利息"),
        ("@法润助手借条没写利息", "借条没写利息"),
        ("＠法润助手 借条没写利息", "借条没写利息"),
        ("@法润 借条没写利息", "借条没写利息"),
        ("@法润助手", ""),
        ("@法润助手 @法润助手\u2005在吗", "在吗"),
        ("借条没写利息 @法润助手", "借条没写利息"),
        ("请@法润助手 看看", "请看看"),
        ("请 @法润助手 看看", "请 看看"),
        ("@farun 在吗", "在吗"),
        ("@farun在吗", "在吗"),
        ("@C++法 在吗", "在吗"),
        ("@法润助手@所有人 开会", "@所有人 开会"),
    ],
)
def test_the_robots_name_comes_off(heard, text):
    assert strip_names(heard, NAMES) == (text, True)


@pytest.mark.parametrize(
    "heard",
    [
        "借条没写利息",
        "@所有人 明天开会",
        "@李婶 明天开会",
        "@李婶\u2005法润助手说得对",
        "发到 a@b.com",
        "发到 zhang@法润助手.com",
        "发到 zhang@farun.com",
        "@farunner 在吗",
        "@farun_2 在吗",
        "@farun.com 打不开",
        "法润助手 在吗",
        "@ 法润助手",
        "",
    ],
)
def test_other_names_everybody_and_mail_addresses_stay(heard):
    assert strip_names(heard, NAMES) == (heard, False)


def test_the_longest_name_wins_whatever_the_order():
    for names in (("法润", "法润助手"), ("法润助手", "法润")):
        assert strip_names("@法润助手借条", names) == ("借条", True)


def test_without_names_nothing_comes_off():
    assert strip_names("@法润助手 在吗", ()) == ("@法润助手 在吗", False)
    assert strip_names("@ 在吗", ("",)) == ("@ 在吗", False)


def test_only_a_name_at_the_beginning_opens_a_message():
    assert opens_with_name("@法润助手 在吗", NAMES)
    assert opens_with_name("\n ＠法润在吗", NAMES)
    assert not opens_with_name("「李婶：@法润助手 在吗」\n- - - -\n她问的", NAMES)


# ---- what may come in ----


def test_what_no_database_takes_is_cleaned_away():
    assert clean("借\x00条\x07\ud83d没\u202e写\ufeff") == "借条\ufffd没写"
    assert clean("一\r\n二\r三\u2028四\x0b五\t六\n") == "一\n二\n三\n四\n五\t六\n"
    assert clean("👨‍👩‍👧 《民法典》第六百八十条") == "👨‍👩‍👧 《民法典》第六百八十条"


# ---- item 11: nobody's words turn into orders ----

ORDERS = ["<@", "@all", "@ALL", "@所有人", "@全体成员", "@everyone", "]]>"]


@pytest.mark.parametrize(
    "said",
    [
        "<@zhangsan>", "<@all>", "@all", "x@all 开会", "@All.", "@allan", "@所有人", "张三@所有人", "a@所有人", "@全体成员",
        "@everyone", "]]><MsgType>", "@\x00all", "<\x00@zhangsan>", "]\u202e]\x01>", "@\ufeff所有人", "@all.com",
    ],
)  # fmt: skip
def test_no_mention_and_no_end_of_cdata_goes_out(said):
    for safe in (plain(said), for_markdown(said)):
        assert not [order for order in ORDERS if order.lower() in safe.lower()], safe


@pytest.mark.parametrize(
    "said",
    [
        "借条没写利息的，视为没有利息（《民法典》第六百八十条）。\n1. 先协商\n2. 再打 12348", "发到 zhang@all.com", "me@everyone.cn",
        "法律上的事，@我 就行", "x < y", "[微笑]", "a@b.com",
    ],
)  # fmt: skip
def test_ordinary_words_go_out_as_they_are(said):
    assert plain(said) == said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[点这里](https://evil.example)", "［点这里］(https://evil.example)"),
        ("![图](https://evil.example/x.png)", "!［图］(https://evil.example/x.png)"),
        ("<https://evil.example>", "＜https://evil.example＞"),
        ('<font color="warning">假通知</font>', '＜font color="warning"＞假通知＜/font＞'),
        ("<think>想</think>", "＜think＞想＜/think＞"),
        ("&lt;@all&gt; &#60;", "＆lt;＠all＆gt; ＆#60;"),
        ("# 公告\n## 二\n> 引用\n甲\n---\n乙\n===", "＃ 公告  \n＃＃ 二  \n＞ 引用  \n甲  \n－－－  \n乙  \n＝＝＝"),
        ("**假**~~删~~`码`", "＊＊假＊＊～～删～～｀码｀"),
        ("_斜_ __粗__ a_b", "＿斜＿ ＿＿粗＿＿ a_b"),
        ("|甲|乙|", "｜甲｜乙｜"),
        ("[a]: https://evil.example", "［a］: https://evil.example"),
    ],
)
def test_markup_is_shown_and_not_obeyed(said, shown):
    assert for_markdown(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "借款 3000-5000 元，约定利率不超过合同成立时一年期 LPR 四倍。",
        "1. 身份证\n\n2. 借条",
        "https://flk.npc.gov.cn/_a_?x=a_b&y=_c#_d",
        "工单号 12",
    ],
)
def test_our_own_answers_look_the_same_in_markdown(said):
    assert for_markdown(said) == said


def test_lines_stay_lines_in_markdown():
    assert for_markdown("一\n二\n\n三\n") == "一  \n二\n\n三\n"


def test_escaping_takes_time_in_proportion():
    for text in (
        "_" * 50_000,
        "@" * 50_000,
        "\n#" * 25_000,
        "&a" * 25_000,
        "-" * 50_000,
        " \t" * 25_000,
        "a\n" * 25_000,
    ):
        began = time.perf_counter()
        for_markdown(text)
        strip_names(text, NAMES)
        assert time.perf_counter() - began < 1


# ---- item 10: bytes, never half a character ----


def test_a_long_text_is_cut_between_characters():
    rng = random.Random(680)
    for _ in range(500):
        text = "".join(rng.choice("a字😀é\n") for _ in range(rng.randrange(40)))
        limit = rng.randrange(3, 60)
        short = cut(text, limit)
        assert len(short.encode()) <= limit
        assert short == text or (short[-1] == "…" and text.startswith(short[:-1]))
        assert len(text.encode()) > limit or short == text
