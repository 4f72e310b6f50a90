"""The `farun` command. Each subject has its own module; a wrong setting or file ends with one plain message."""

from __future__ import annotations

import sys
from importlib import import_module

import click
import sqlalchemy as sa

from bot.errors import FarunError
from knowledge.texts import TextError

MODULES = {
    "run": "operations", "serve": "operations", "migrate": "operations", "doctor": "doctor", "backup": "operations",
    "export": "operations", "deliveries": "operations", "build": "library", "law": "library", "search": "library",
    "evaluate": "library", "library": "editing", "accuracy": "library", "ask": "asking", "mask": "asking", "roster": "roster", "gateway-say": "relay",
}  # fmt: skip


class _Commands(click.Group):
    """Imports only the module of the command that is called: `farun run` starts in half the time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in MODULES:
            return None
        commands: list[click.Command] = import_module(f"bot.cli.{MODULES[name]}").COMMANDS
        return next(c for c in commands if c.name == name)


@click.group(cls=_Commands, help="法润助手：村居法律咨询机器人。", context_settings={"help_option_names": ["-h", "--help"]})
def farun() -> None:
    """All commands."""


def main() -> None:
    """Run a command; our own errors are messages, not traces."""
    try:
        farun()
    except (FarunError, TextError) as e:
        click.echo(str(e), err=True)
        sys.exit(1)
    except sa.exc.DBAPIError as e:
        click.echo(f"DATABASE_URL：状态库用不了（{str(e.orig).splitlines()[0]}）。没建过就先运行 farun migrate", err=True)
        sys.exit(1)
