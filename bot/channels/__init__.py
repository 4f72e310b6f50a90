"""The platforms we speak. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.channels.base import Channel
from bot.channels.gateway import Gateway
from bot.channels.simulated import Simulated, Transcript
from bot.channels.wecom_aibot import WecomAibot
from bot.config import Settings

CHANNELS = ("simulated", "gateway", "wecom_aibot")


def build(settings: Settings, transcript: Transcript, now: Callable[[], datetime]) -> Mapping[str, Channel]:
    """The channels that the settings switch on, by name."""
    s = settings
    built: dict[str, Channel] = {}
    if s.demo:
        built["simulated"] = Simulated(transcript, s.bot_names, now)
    if s.gateway_secret:
        built["gateway"] = Gateway(
            s.gateway_secret, s.gateway_push_url, s.bot_names, now, window=s.clock_window,
            max_bytes=s.gateway_max_bytes, per_minute=s.gateway_per_minute,
        )  # fmt: skip
    if s.wecom_aibot_token:
        built["wecom_aibot"] = WecomAibot(
            s.wecom_aibot_token, s.wecom_aibot_aes_key, s.bot_names, now, window=s.clock_window,
            per_minute=s.wecom_aibot_per_minute,
        )  # fmt: skip
    return built
