"""The day a question speaks of."""

from datetime import date

import pytest

from bot.dialogue.days import spoken_of

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2019年借的钱现在还不还", date(2019, 12, 31)),
        ("去年三月份签的合同", date(2025, 3, 28)),
        ("二〇二四年十二月五号打的架", date(2024, 12, 28)),
        ("2024年5月3日打的架", date(2024, 5, 3)),
        ("我1998年结的婚，2020年5月离的", date(1998, 12, 31)),
        ("前年底干的活", date(2024, 12, 31)),
        ("工资3000元欠了2年", None),
        ("2027年到期的合同", None),
        ("老板欠我工资", None),
        ("2024年2月31日的事", None),
    ],
)
def test_the_day_spoken_of(text, day):
    assert spoken_of(text, TODAY) == day
