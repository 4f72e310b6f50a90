"""How gunicorn runs the web processes: threads for the pages' event streams, our own JSON log."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bot.config import Settings
from bot.logs import configure
from faq import segment

# Before the workers are forked: the code and the dictionaries are loaded once and shared. No connection is open yet.
import_module("bot.app")
segment.warm()

worker_class = "gthread"
threads = 16
timeout = 60
graceful_timeout = 3  # the pages' event streams would use up any longer one
keepalive = 30
accesslog = None
loglevel = "warning"


def post_fork(_server: Any, _worker: Any) -> None:
    """Each worker logs as the settings say."""
    configure(Settings.from_env())
