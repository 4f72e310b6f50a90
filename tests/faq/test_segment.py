"""The tokenizer: one spelling, whole terms, nothing but words."""

import pytest

from faq import segment


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("ＡＢＣ　１２３", "abc 123"),
        ("工资工资！！！！！", "工资工资!!"),
        ("欠\u200b钱\ufeff不还", "欠钱不还"),
        ("我是〔姓名〕的邻居", "我是 的邻居"),
        ("  咋办  ", "咋办"),
    ],
)
def test_one_spelling(typed, plain):
    assert segment.normalise(typed) == plain


@pytest.mark.parametrize("term", ["人身安全保护令", "宅基地", "包工头", "外嫁女", "法律援助", "劳动仲裁", "承包经营权"])
def test_terms_of_the_user_dictionary_stay_whole(term):
    assert term in segment.words(f"我想问{term}怎么弄")


def test_stop_words_and_punctuation_go():
    assert segment.words("请问，怎么办？？？") == []


def test_characters_are_one_run():
    assert segment.characters("欠 我 3000 元！") == "欠我3000元"


def test_empty_text_has_no_words():
    assert segment.words("") == []
    assert segment.words("😀，。") == []
