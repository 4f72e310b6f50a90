"""The envelope around WeCom's callbacks: signature, clock, AES. wechatpy gives the cipher; the checks are ours.

wechatpy's own decrypt compares signatures with `!=`, takes any padding and length, and lets IndexError, struct.error
and UnicodeDecodeError out; here all that is `Rejected`. Scheme: developer.work.weixin.qq.com 90968, 101033.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from wechatpy.crypto.base import WeChatCipher
from wechatpy.crypto.pkcs7 import PKCS7Encoder
from wechatpy.utils import WeChatSigner

from bot.channels._guard import check_clock, same
from bot.errors import Rejected, SettingError

_RANDOM, _LENGTH = 16, 4


class Envelope:
    """Opens what the platform sends, seals what it gets back. `now` gives aware UTC, `window` is in seconds."""

    def __init__(
        self, token: str, aes_key: str, now: Callable[[], datetime], window: int, receive_id: str = ""
    ) -> None:
        self._token = token
        self._cipher = WeChatCipher(_key(aes_key))
        self._now = now
        self._window = window
        self._receive_id = receive_id.encode()

    def open(self, query: Mapping[str, str], encrypted: str) -> str:
        """The plain text of a call; `Rejected` unless signature, clock, cipher and receiver are right, in order."""
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not (timestamp + nonce + encrypted).isascii():
            raise Rejected("signed values are not ASCII", 400)
        if not same(self._sign(timestamp, nonce, encrypted), query.get("msg_signature", "")):
            raise Rejected("signature does not match")
        check_clock(timestamp, self._now(), self._window)
        return self._unpack(self._decrypt(encrypted))

    def seal(self, text: str, nonce: str) -> dict[str, str | int]:
        """The body of an answer. `timestamp` is a number of seconds and `nonce` that of the call (101033)."""
        timestamp = int(self._now().timestamp())
        encrypted = base64.b64encode(self._cipher.encrypt(PKCS7Encoder.encode(self._pack(text)))).decode()
        signature = self._sign(str(timestamp), nonce, encrypted)
        return {"encrypt": encrypted, "msgsignature": signature, "timestamp": timestamp, "nonce": nonce}

    def _sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        signer = WeChatSigner()
        signer.add_data(self._token, timestamp, nonce, encrypted)
        return str(signer.signature)

    def _decrypt(self, encrypted: str) -> bytes:
        try:
            blocks = base64.b64decode(encrypted, validate=True)
        except ValueError:
            raise Rejected("not base64", 400) from None
        if not blocks or len(blocks) % 16:
            raise Rejected("not whole AES blocks", 400)
        padded: bytes = self._cipher.decrypt(blocks)
        padding = padded[-1]
        if not 1 <= padding <= PKCS7Encoder.block_size or padded[-padding:] != bytes([padding]) * padding:
            raise Rejected("bad padding", 400)
        return padded[:-padding]

    def _pack(self, text: str) -> bytes:
        """random(16) + length(4, big endian) + message + receiveid."""
        random, message = secrets.token_hex(_RANDOM // 2).encode(), text.encode()
        return random + len(message).to_bytes(_LENGTH, "big") + message + self._receive_id

    def _unpack(self, frame: bytes) -> str:
        start = _RANDOM + _LENGTH
        end = start + int.from_bytes(frame[_RANDOM:start], "big")
        if not start <= end <= len(frame):
            raise Rejected("bad length field", 400)
        if not hmac.compare_digest(frame[end:], self._receive_id):
            raise Rejected("meant for another receiver")
        try:
            return frame[start:end].decode()
        except UnicodeDecodeError:
            raise Rejected("not UTF-8", 400) from None


def _key(aes_key: str) -> bytes:
    try:
        key = base64.b64decode(aes_key + "=")
    except ValueError:
        key = b""
    if len(aes_key) != 43 or len(key) != 32:
        raise SettingError("FARUN_WECOM_AIBOT_AES_KEY：要 43 个字符，从企业微信后台原样复制")
    return key
