"""A wrong setting stops the start and names itself."""

import pytest

from bot.config import Settings
from bot.errors import SettingError


def test_defaults_are_enough():
    settings = Settings.from_env({})
    assert settings.url == "sqlite:///var/farun.db"
    assert settings.demo is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FARUN_WORKERS", "viele"), ("FARUN_WORKERS", "0"), ("FARUN_DEMO", "vielleicht"), ("FARUN_LISTEN", "8000"),
        ("DATABASE_URL", "mysql://x"), ("FARUN_QUIET_HOURS", "21-7"), ("FARUN_OFFICE_HOURS", "17:00-09:00"),
        ("FARUN_GATEWAY_SECRET", "short"), ("FARUN_GATEWAY_PUSH_URL", "ftp://x"), ("FARUN_BOT_NAMES", " , "),
        ("FARUN_LOG_LEVEL", "loud"), ("FARUN_RETENTION_DAYS", "-1"), ("FARUN_CLOCK_WINDOW", "1e3"),
    ],
)  # fmt: skip
def test_an_odd_value_is_named(name, value):
    with pytest.raises(SettingError, match=name):
        Settings.from_env({name: value})


def test_a_misspelt_setting_is_named():
    with pytest.raises(SettingError, match="FARUN_WORKER：没有这个设置"):
        Settings.from_env({"FARUN_WORKER": "2"})


def test_half_a_channel_is_named():
    with pytest.raises(SettingError, match="FARUN_WECOM_AIBOT_AES_KEY"):
        Settings.from_env({"FARUN_WECOM_AIBOT_TOKEN": "t"})
    with pytest.raises(SettingError, match="FARUN_WECOM_AIBOT_TOKEN"):
        Settings.from_env({"FARUN_WECOM_AIBOT_AES_KEY": "a" * 43})
    with pytest.raises(SettingError, match="FARUN_GATEWAY_SECRET"):
        Settings.from_env({"FARUN_GATEWAY_PUSH_URL": "http://relay"})


def test_a_secret_may_come_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("a-secret-from-a-file\n", encoding="utf-8")
    assert Settings.from_env({"FARUN_GATEWAY_SECRET_FILE": str(path)}).gateway_secret == "a-secret-from-a-file"
    with pytest.raises(SettingError, match="FARUN_GATEWAY_SECRET_FILE"):
        Settings.from_env({"FARUN_GATEWAY_SECRET_FILE": str(tmp_path / "none")})


def test_a_secrets_value_is_never_shown():
    with pytest.raises(SettingError) as caught:
        Settings.from_env({"FARUN_WECOM_AIBOT_TOKEN": "t", "FARUN_WECOM_AIBOT_AES_KEY": "not-a-key-but-secret"})
    assert "not-a-key-but-secret" not in str(caught.value)


def test_an_empty_value_means_the_default():
    assert Settings.from_env({"FARUN_WORKERS": ""}).workers == 2


def test_names_are_longest_first():
    assert Settings.from_env({"FARUN_BOT_NAMES": "小法，法润助手"}).bot_names == ("法润助手", "小法")
