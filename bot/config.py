"""Settings from the environment: the only module that reads it. A wrong value stops the start and names itself."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from pathlib import Path
from typing import Any

from bot.errors import SettingError


def _text(raw: str) -> str:
    return raw


def _flag(raw: str) -> bool:
    words = {"on": True, "off": False, "true": True, "false": False, "1": True, "0": False}
    if raw.lower() not in words:
        raise ValueError("要写 on 或 off")
    return words[raw.lower()]


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not re.fullmatch(r"\d{1,9}", raw) or not low <= int(raw) <= high:
            raise ValueError(f"要写 {low} 到 {high} 之间的整数")
        return int(raw)

    return parse


def _names(raw: str) -> tuple[str, ...]:
    names = tuple(sorted({n.strip().lstrip("@") for n in re.split("[,，]", raw) if n.strip()}, key=len, reverse=True))
    if not names:
        raise ValueError("至少写一个名字")
    return names


def _hours(raw: str) -> tuple[time, time]:
    try:
        start, end = (time.fromisoformat(part.strip()) for part in raw.split("-"))
    except ValueError:
        raise ValueError("要写成 21:30-07:30 这样") from None
    if start == end:
        raise ValueError("开始和结束不能是同一时刻")
    return start, end


def _office(raw: str) -> tuple[time, time]:
    start, end = _hours(raw)
    if start > end:
        raise ValueError("上班要早于下班")
    return start, end


def _secret(minimum: int) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if len(raw) < minimum:
            raise ValueError(f"太短，至少 {minimum} 个字符")
        return raw

    return parse


def _aes_key(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9+/]{43}", raw):
        raise ValueError("要 43 个字符，从企业微信后台原样复制")
    return raw


def _http(raw: str) -> str:
    if not re.match(r"https?://[^/\s]+", raw):
        raise ValueError("要以 http:// 或 https:// 开头")
    return raw.rstrip("/")


def _database(raw: str) -> str:
    if not raw.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("要以 sqlite:/// 或 postgresql:// 开头")
    return re.sub(r"^postgresql://", "postgresql+psycopg://", raw)


def _listen(raw: str) -> str:
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}", raw):
        raise ValueError("要写成 127.0.0.1:8700 这样")
    return raw


def _level(raw: str) -> str:
    if raw.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError("要写 debug、info、warning 或 error")
    return raw.lower()


def _setting(env: str, default: str, parse: Callable[[str], Any], zh: str, en: str, *, secret: bool = False) -> Any:
    return field(metadata={"env": env, "default": default, "parse": parse, "zh": zh, "en": en, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, checked. An empty value means the default; a secret may come from a file named by NAME_FILE."""

    data_dir: Path = _setting(
        "FARUN_DATA_DIR", "var", Path, "数据目录：状态库、知识库、检索索引", "where the databases and the index live"
    )
    database_url: str = _setting(
        "DATABASE_URL", "", lambda raw: _database(raw) if raw else "",
        "状态库地址；空着就用数据目录里的 farun.db", "state database; empty: farun.db in the data directory", secret=True,
    )
    listen: str = _setting("FARUN_LISTEN", "127.0.0.1:8700", _listen, "网页服务的地址和端口", "address and port to serve on")
    workers: int = _setting("FARUN_WORKERS", "2", _number(1, 64), "网页服务的进程数", "webhook processes")
    demo: bool = _setting(
        "FARUN_DEMO", "off", _flag, "打开模拟群 /demo/，正式环境不要开", "the simulated group at /demo/; off in production"
    )
    bot_names: tuple[str, ...] = _setting(
        "FARUN_BOT_NAMES", "法润助手", _names, "机器人在群里的名字，逗号分开", "the robot's names in the groups, comma separated"
    )
    gateway_secret: str = _setting(
        "FARUN_GATEWAY_SECRET", "", lambda raw: _secret(16)(raw) if raw else "",
        "中继通道的签名密钥，至少 16 个字符；空着就不开这个通道", "HMAC key of the gateway channel; empty: channel off", secret=True,
    )
    gateway_push_url: str = _setting(
        "FARUN_GATEWAY_PUSH_URL", "", lambda raw: _http(raw) if raw else "",
        "中继接收推送的网址；空着就只答不推", "the relay's address for pushes; empty: replies only",
    )
    gateway_max_bytes: int = _setting(
        "FARUN_GATEWAY_MAX_BYTES", "2000", _number(300, 20000), "中继一条消息最多多少字节", "longest gateway message, bytes"
    )
    gateway_per_minute: int = _setting(
        "FARUN_GATEWAY_PER_MINUTE", "600", _number(1, 1000000), "中继每分钟最多推多少条", "gateway pushes a minute"
    )
    wecom_aibot_token: str = _setting(
        "FARUN_WECOM_AIBOT_TOKEN", "", _text, "企业微信智能机器人的 Token；空着就不开这个通道",
        "Token of the WeCom robot; empty: channel off", secret=True,
    )
    wecom_aibot_aes_key: str = _setting(
        "FARUN_WECOM_AIBOT_AES_KEY", "", lambda raw: _aes_key(raw) if raw else "",
        "企业微信智能机器人的 EncodingAESKey，43 个字符", "EncodingAESKey of the WeCom robot, 43 characters", secret=True,
    )
    wecom_aibot_per_minute: int = _setting(
        "FARUN_WECOM_AIBOT_PER_MINUTE", "60", _number(1, 1000000), "智能机器人每分钟最多补发多少条",
        "late WeCom answers a minute",
    )
    clock_window: int = _setting(
        "FARUN_CLOCK_WINDOW", "300", _number(30, 3600), "请求时间戳允许差多少秒", "how far a request's clock may be off, seconds"
    )
    max_body: int = _setting(
        "FARUN_MAX_BODY", "65536", _number(4096, 10485760), "请求体最多多少字节", "largest request body, bytes"
    )
    silence_minutes: int = _setting(
        "FARUN_SILENCE_MINUTES", "10", _number(0, 1440), "顾问本人说话后机器人安静多少分钟",
        "minutes the robot keeps silent after the advisor has spoken",
    )
    conversation_minutes: int = _setting(
        "FARUN_CONVERSATION_MINUTES", "30", _number(1, 1440), "多少分钟内的追问算同一件事",
        "minutes in which a follow-up belongs to the same talk",
    )
    office_hours: tuple[time, time] = _setting(
        "FARUN_OFFICE_HOURS", "09:00-17:00", _office, "上班时间，期限按它计算", "office hours that deadlines count in"
    )
    assign_days: int = _setting(
        "FARUN_ASSIGN_DAYS", "1", _number(1, 30), "几个工作日内接单", "working days to take a ticket"
    )
    answer_days: int = _setting(
        "FARUN_ANSWER_DAYS", "5", _number(1, 60), "几个工作日内答复", "working days to answer a ticket"
    )
    extend_days: int = _setting(
        "FARUN_EXTEND_DAYS", "15", _number(1, 60), "延期一次最多几个工作日", "working days of the one extension"
    )
    urgent_minutes: int = _setting(
        "FARUN_URGENT_MINUTES", "60", _number(5, 1440), "紧急工单多少分钟内答复", "minutes to answer an urgent ticket"
    )
    hardship_percent: int = _setting(
        "FARUN_HARDSHIP_PERCENT", "50", _number(10, 100), "困难家庭群的期限打几折（百分数）",
        "deadlines of hardship groups, percent of the usual",
    )
    close_days: int = _setting(
        "FARUN_CLOSE_DAYS", "5", _number(1, 60), "答复后几天没有下文就结案", "days after an answer until a ticket is closed"
    )
    remind_hours: int = _setting(
        "FARUN_REMIND_HOURS", "4", _number(1, 72), "到期前几个工作小时提醒", "working hours before a deadline to remind"
    )
    signed_only: bool = _setting(
        "FARUN_SIGNED_ONLY", "off", _flag, "只用律师签过的条目答复，没签的转给法律顾问",
        "answer from entries that a lawyer has signed only; all others go to the advisor",
    )
    quiet_hours: tuple[time, time] = _setting(
        "FARUN_QUIET_HOURS", "21:30-07:30", _hours, "不推送的时段", "hours without pushes"
    )
    lease_seconds: int = _setting(
        "FARUN_LEASE_SECONDS", "120", _number(2, 3600), "发送进程失联多少秒后由别的进程接手",
        "seconds before a silent sender's work is taken over",
    )
    send_tries: int = _setting("FARUN_SEND_TRIES", "6", _number(1, 20), "一条消息最多试发几次", "tries for one delivery")
    retention_days: int = _setting(
        "FARUN_RETENTION_DAYS", "180", _number(7, 3650), "消息原文保留多少天", "days a message's text is kept"
    )
    log_level: str = _setting("FARUN_LOG_LEVEL", "info", _level, "日志详细程度", "log level")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check every setting; raise `SettingError` naming the first that is wrong."""
        env = os.environ if environ is None else environ
        _refuse_unknown(env)
        settings = cls(**{f.name: _read(env, f.metadata) for f in fields(cls)})
        if bool(settings.wecom_aibot_token) != bool(settings.wecom_aibot_aes_key):
            missing = "AES_KEY" if settings.wecom_aibot_token else "TOKEN"
            raise SettingError(f"FARUN_WECOM_AIBOT_{missing}：没有填。Token 和 EncodingAESKey 要一起填")
        if settings.gateway_push_url and not settings.gateway_secret:
            raise SettingError("FARUN_GATEWAY_SECRET：没有填。填了 FARUN_GATEWAY_PUSH_URL 就要有签名密钥")
        return settings

    @property
    def url(self) -> str:
        """The state database, as SQLAlchemy writes it."""
        return self.database_url or f"sqlite:///{self.data_dir / 'farun.db'}"

    @property
    def knowledge_db(self) -> Path:
        return self.data_dir / "knowledge.db"

    @property
    def index_dir(self) -> Path:
        return self.data_dir / "index"


def _read(env: Mapping[str, str], meta: Mapping[str, Any]) -> Any:
    name = meta["env"]
    raw = env.get(name, "").strip() or _from_file(env, name, secret=meta["secret"]) or meta["default"]
    try:
        return meta["parse"](raw)
    except ValueError as e:
        shown = "（不显示）" if meta["secret"] else f"“{raw}”"
        raise SettingError(f"{name}={shown}：{e}") from None


def _from_file(env: Mapping[str, str], name: str, *, secret: bool) -> str:
    path = env.get(f"{name}_FILE", "").strip() if secret else ""
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as e:
        raise SettingError(f"{name}_FILE：读不了 {path}（{e.strerror}）") from None


def _refuse_unknown(env: Mapping[str, str]) -> None:
    known = {f.metadata["env"] for f in fields(Settings)}
    known |= {f.metadata["env"] + "_FILE" for f in fields(Settings) if f.metadata["secret"]}
    for name in sorted(env):
        if name.startswith("FARUN_") and name not in known:
            raise SettingError(f"{name}：没有这个设置，检查一下拼写")


def child_environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment for a process that we start: ours, plus `more`."""
    return {**os.environ, "FARUN_DATA_DIR": str(settings.data_dir), **more}


def metrics_dir() -> str | None:
    """Where the web processes share their counters; set by `farun serve`."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")
