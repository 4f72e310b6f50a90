"""Structured logs: one event a line as JSON, every text through privacy.mask, no secret ever."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from dataclasses import fields
from typing import Any

import structlog

from bot.config import Settings
from bot.privacy import mask


def configure(settings: Settings) -> None:
    """Set the log up once a process."""
    secrets = tuple(
        value for f in fields(Settings) if f.metadata["secret"] and (value := str(getattr(settings, f.name)))
    )
    level = getattr(logging, settings.log_level.upper())

    def clean(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: _clean(value, secrets) for key, value in event.items()}

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            clean,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _clean(value: Any, secrets: tuple[str, ...]) -> Any:
    if not isinstance(value, str):
        return value
    for secret in secrets:
        value = value.replace(secret, "***")
    return mask(value).text
