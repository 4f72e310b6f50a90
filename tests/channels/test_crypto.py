"""The envelope of WeCom's callbacks: what Tencent seals opens, and nothing else does."""

from __future__ import annotations

import base64
import json
import random

import pytest

from bot.channels import _guard
from bot.channels._crypto import Envelope
from bot.errors import Rejected, SettingError

TOKEN, AES_KEY = "faruntoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
VECTOR = {
    "timestamp": "1700000000",
    "nonce": "n0nce",
    "msg_signature": "87dca46640e39f5e4ef0a4d582af97212b03f5da",
}
ENCRYPTED = "Q3stYC6hdFzMh9T8HCvyDE1ph2surQQ12Zr6PL6Jj3V/pXSWKMFxAAewjo5olPAETjZoI3QhsM1/d1vIUtq1AA=="
PLAIN = '{"msgid":"M1","msgtype":"text"}'


@pytest.fixture
def envelope(clock):
    return Envelope(TOKEN, AES_KEY, clock, 300)


def refusal(envelope, query, encrypted):
    with pytest.raises(Rejected) as e:
        envelope.open(query, encrypted)
    assert 400 <= e.value.status <= 499
    return e.value


def test_the_published_vector_opens(envelope):
    assert envelope.open(VECTOR, ENCRYPTED) == PLAIN


def test_our_independent_platform_agrees_with_the_published_vector(wecom):
    assert wecom.signature("1700000000", "n0nce", ENCRYPTED) == VECTOR["msg_signature"]


# ---- Tencent's own package, both ways ----

TEXTS = ["", "借条没写利息", "😀👨‍👩‍👧", PLAIN, *("字" * n + "x" * m for n in range(12) for m in range(3)), "x" * 65536]


@pytest.mark.parametrize("receive_id", ["", "ww1234567890abcdef"])
def test_what_tencents_package_seals_opens_here(tencent, clock, receive_id):
    jobs = [{"do": "seal", "text": t, "id": receive_id, "timestamp": "1700000000", "nonce": "n0nce"} for t in TEXTS]
    envelope = Envelope(TOKEN, AES_KEY, clock, 300, receive_id)
    assert [envelope.open(sealed, sealed["encrypt"]) for sealed in tencent(jobs)] == TEXTS


@pytest.mark.parametrize("receive_id", ["", "ww1234567890abcdef"])
def test_what_we_seal_opens_in_tencents_package(tencent, clock, receive_id):
    envelope = Envelope(TOKEN, AES_KEY, clock, 300, receive_id)
    jobs = [{"do": "open", **envelope.seal(text, "n0nce")} for text in TEXTS]
    assert tencent(jobs) == [{"genuine": True, "text": text, "id": receive_id} for text in TEXTS]


def test_tencents_package_takes_our_whole_answer(tencent, aibot, wecom, fixture_file):
    message = aibot.receive(wecom.call(fixture_file("wecom_aibot/text")))
    (opened,) = tencent([{"do": "open", **json.loads(aibot.respond(message, "利息不受支持").body)}])
    assert opened["genuine"]
    assert json.loads(opened["text"])["stream"]["content"] == "利息不受支持"


# ---- what an answer is made of ----


def test_an_answer_carries_the_calls_nonce_and_a_number_of_seconds(envelope, clock):
    sealed = envelope.seal("x", "1596101234")
    assert list(sealed) == ["encrypt", "msgsignature", "timestamp", "nonce"]
    assert sealed["nonce"] == "1596101234"
    assert sealed["timestamp"] == int(clock().timestamp()) and isinstance(sealed["timestamp"], int)


def test_the_same_words_never_look_the_same_twice(envelope):
    assert envelope.seal("x", "n")["encrypt"] != envelope.seal("x", "n")["encrypt"]


# ---- item 13: wrong receiveid, bad base64, bad padding and their like are refused ----


def test_a_wrong_signature_is_refused_before_anything_is_decoded(envelope):
    wrong = refusal(envelope, {**VECTOR, "msg_signature": "0" * 40}, "&&& not base64 &&&")
    assert (wrong.reason, wrong.status) == ("signature does not match", 403)


@pytest.mark.parametrize("missing", ["msg_signature", "timestamp", "nonce"])
def test_a_missing_parameter_is_refused(envelope, missing):
    refusal(envelope, {k: v for k, v in VECTOR.items() if k != missing}, ENCRYPTED)


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
@pytest.mark.parametrize("value", ["", "é", "法", "\udc80", "\x00", "x" * 100_000, VECTOR["msg_signature"].upper()])
def test_an_odd_parameter_is_refused(envelope, name, value):
    refusal(envelope, {**VECTOR, name: value}, ENCRYPTED)


def test_signatures_are_compared_in_constant_time(envelope, monkeypatch):
    asked = []
    real = _guard.hmac.compare_digest
    monkeypatch.setattr(_guard.hmac, "compare_digest", lambda a, b: asked.append((a, b)) or real(a, b))
    envelope.open(VECTOR, ENCRYPTED)
    refusal(envelope, {**VECTOR, "msg_signature": "87" + "0" * 38}, ENCRYPTED)
    signature = VECTOR["msg_signature"].encode()
    assert [a for a, _ in asked].count(signature) == 2


@pytest.mark.parametrize(
    "encrypted", ["", "A", "AAA", "====", "QUJD*", "QUJD\n", "QUJD QUJD", "法润", "QUJD", "-_-_" * 16]
)
def test_bad_base64_is_refused(envelope, wecom, encrypted):
    if encrypted.isascii():
        refusal(envelope, wecom.query(encrypted), encrypted)
    else:
        refusal(envelope, VECTOR, encrypted)


@pytest.mark.parametrize("stray", ["*", "\n", " ", "=", "-"])
def test_a_good_ciphertext_with_a_stray_character_is_refused(envelope, wecom, stray):
    encrypted = ENCRYPTED[:11] + stray + ENCRYPTED[11:]
    assert refusal(envelope, wecom.query(encrypted), encrypted).reason == "not base64"


@pytest.mark.parametrize("length", [1, 15, 17, 31, 33])
def test_broken_blocks_are_refused(envelope, wecom, length):
    encrypted = base64.b64encode(b"x" * length).decode()
    assert refusal(envelope, wecom.query(encrypted), encrypted).reason == "not whole AES blocks"


@pytest.mark.parametrize(
    "tail",
    [
        b"\x00" * 32,
        b"\x21" * 33 + b"\x21" * 31,
        b"\xff" * 32,
        b"\x03\x02\x03".rjust(32, b"\x01"),
        b"\x02".rjust(32, b"\x01"),
    ],
)
def test_bad_padding_is_refused(envelope, wecom, tail):
    frame = wecom.padded(wecom.frame(b"{}"))[:-32] + tail.rjust(64, b"x")
    encrypted = wecom.sealed(frame)
    assert refusal(envelope, wecom.query(encrypted), encrypted).reason == "bad padding"


def test_padding_longer_than_the_message_is_refused(envelope, wecom):
    encrypted = wecom.sealed(bytes([32]) * 16)
    assert refusal(envelope, wecom.query(encrypted), encrypted).reason == "bad padding"


@pytest.mark.parametrize("frame", [b"", b"x" * 15, b"x" * 19])
def test_a_frame_without_room_for_its_length_is_refused(envelope, wecom, frame):
    encrypted = wecom.sealed(wecom.padded(frame))
    assert refusal(envelope, wecom.query(encrypted), encrypted).reason == "bad length field"


@pytest.mark.parametrize("length", [3, 100, 2**31, 2**32 - 1])
def test_a_length_beyond_the_frame_is_refused(envelope, wecom, length):
    encrypted = wecom.sealed(wecom.padded(wecom.frame(b"{}", length=length)))
    assert refusal(envelope, wecom.query(encrypted), encrypted).reason == "bad length field"


@pytest.mark.parametrize(
    ("ours", "theirs"), [("", b"ww1"), ("ww1", b""), ("ww1", b"ww2"), ("ww1", b"ww11"), ("ww1", b"\xff")]
)
def test_a_wrong_receiver_is_refused(wecom, clock, ours, theirs):
    encrypted = wecom.sealed(wecom.padded(wecom.frame(b"{}", theirs)))
    refused = refusal(Envelope(TOKEN, AES_KEY, clock, 300, ours), wecom.query(encrypted), encrypted)
    assert (refused.reason, refused.status) == ("meant for another receiver", 403)


def test_a_message_that_is_not_utf8_is_refused(envelope, wecom):
    encrypted = wecom.sealed(wecom.padded(wecom.frame(b"\xff\xfe")))
    assert refusal(envelope, wecom.query(encrypted), encrypted).reason == "not UTF-8"


def test_what_was_sealed_with_another_key_is_refused(clock, wecom):
    other = Envelope(TOKEN, AES_KEY[::-1], clock, 300)
    for n in range(50):
        encrypted = wecom.sealed(wecom.padded(wecom.frame(b"x" * n)))
        refusal(other, wecom.query(encrypted), encrypted)


# ---- the clock ----


@pytest.mark.parametrize("seconds", [-300, -1, 0, 299, 300])
def test_a_call_within_the_window_is_heard(envelope, clock, seconds):
    clock.move(seconds)
    assert envelope.open(VECTOR, ENCRYPTED) == PLAIN


@pytest.mark.parametrize("seconds", [-86400, -301, 301, 3600, 10**9])
def test_a_stale_or_future_call_is_refused(envelope, clock, seconds):
    clock.move(seconds)
    refused = refusal(envelope, VECTOR, ENCRYPTED)
    assert (refused.reason, refused.status) == ("timestamp is stale or in the future", 403)


@pytest.mark.parametrize(
    "stamp", ["", "now", "1e9", "-1", " 1700000000", "1700000000.0", "0x10", "1_700_000_000", "9" * 5000]
)
def test_a_timestamp_that_is_no_number_is_refused(envelope, wecom, stamp):
    refused = refusal(envelope, wecom.query(ENCRYPTED, timestamp=stamp), ENCRYPTED)
    assert refused.reason == "timestamp is not a number of seconds"


def test_milliseconds_are_not_seconds(envelope, wecom):
    refusal(envelope, wecom.query(ENCRYPTED, timestamp="1700000000000"), ENCRYPTED)


# ---- keys ----


@pytest.mark.parametrize("key", ["", "short", "法" * 43, AES_KEY + "=", AES_KEY[:-1], "*" * 43])
def test_an_odd_key_stops_the_start_and_is_not_shown(clock, key):
    with pytest.raises(SettingError) as e:
        Envelope(TOKEN, key, clock, 300)
    assert "AES_KEY" in str(e.value)
    assert not key or key not in str(e.value)


# ---- nothing but Rejected ----


def test_random_damage_is_only_ever_refused(envelope, wecom):
    """Item 13, for anything signed with our token: the plain text or Rejected, nothing else."""
    rng = random.Random(12348)
    for _ in range(3000):
        blocks = bytearray(wecom.padded(wecom.frame(rng.randbytes(rng.randrange(60)))))
        for _ in range(rng.randrange(4)):
            blocks[rng.randrange(len(blocks))] = rng.randrange(256)
        encrypted = wecom.sealed(bytes(blocks))
        if rng.random() < 0.3:
            at = rng.randrange(len(encrypted))
            encrypted = encrypted[:at] + rng.choice("A/+= \n*é") + encrypted[at + rng.randrange(3) :]
        query = wecom.query(encrypted) if encrypted.isascii() else VECTOR
        try:
            assert isinstance(envelope.open(query, encrypted), str)
        except Rejected as e:
            assert 400 <= e.status <= 499
