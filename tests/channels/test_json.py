"""JSON from outside is strict, and what is refused is never shown."""

from __future__ import annotations

import pytest

from bot.channels._json import MAX_DEPTH, Fields, dump
from bot.errors import Rejected

# Item 13: deep nesting, duplicate keys and their like: 4xx, never 500.
ODD = [
    b"", b" ", b"null", b"[]", b'"x"', b"1", b"{", b"{}{}", b"{'a':1}", b'{"a":1,}', b"\xef\xbb\xbf{}", b'{"a":"\xff"}',
    '{"a":1}'.encode("utf-16"), b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":1,"a":2}',
    b'{"a":{"b":1,"b":1}}', b'{"a":' + b"9" * 10_000 + b"}", b"[" * 100_000, b'{"a":' * 30_000, b'{"a":"\x01"}', b"<xml/>",
    b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
]  # fmt: skip


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_odd_json_is_refused(body):
    with pytest.raises(Rejected) as e:
        Fields.load(body)
    assert e.value.status == 400


def test_nesting_as_deep_as_allowed_is_read():
    Fields.load(b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}")


@pytest.mark.parametrize("value", [None, "", "x" * 9, "a\nb", "a\x00", "\ud800", "a\u2028", 1, True, [], {}])
def test_an_id_is_one_short_line(value):
    with pytest.raises(Rejected, match=r"^bad a$"):
        Fields({"a": value}).id("a", 8)


def test_an_optional_id_may_be_absent_null_or_empty():
    assert [Fields(v).id("a", 8, "") for v in ({}, {"a": None}, {"a": ""}, {"a": "x"})] == ["", "", "", "x"]


@pytest.mark.parametrize("value", [None, 1, [], {}, True, "x" * 9])
def test_a_text_is_a_string_of_limited_length(value):
    with pytest.raises(Rejected, match=r"^bad a$"):
        Fields({"a": value}).text("a", 8)


def test_a_text_is_cleaned_and_not_refused():
    assert Fields.load(b'{"a":"\\u0000\\ud83d\\r\\n"}').text("a") == "\ufffd\n"
    assert Fields.load(b'{"a":"\\ud83d\\ude00"}').text("a") == "😀"


@pytest.mark.parametrize(
    ("read", "values"),
    [
        ("flag", [0, 1, "true", [], {}]),
        ("number", [None, True, "1", [], {}]),
        ("whole", [None, True, "1", 1.5, 10**9, -(10**9), []]),
        ("child", [0, "x", [], True]),
        ("children", [0, "x", {}, [1], ["x"], [None], [[]]]),
    ],
)
def test_other_types_are_refused(read, values):
    for value in values:
        with pytest.raises(Rejected, match=r"^bad a$"):
            getattr(Fields({"a": value}), read)("a")


@pytest.mark.parametrize("value", [0, "bot", {}, [1], [None], ["x"] * 4])
def test_a_list_of_words_is_that(value):
    with pytest.raises(Rejected, match=r"^bad a$"):
        Fields({"a": value}).words("a", 3)


def test_what_is_sent_is_compact_utf8():
    assert dump({"a": "借条", "b": [1, None]}) == '{"a":"借条","b":[1,null]}'.encode()
