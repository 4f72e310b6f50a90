"""The `farun` command. Each subject has its own module; a wrong setting or file ends with one plain message."""

from __future__ import annotations

import sys

import click
import sqlalchemy as sa

from bot.cli import asking, library, operations, relay, roster
from bot.errors import FarunError
from knowledge.texts import TextError


@click.group(help="法润助手：村居法律咨询机器人。", context_settings={"help_option_names": ["-h", "--help"]})
def farun() -> None:
    """All commands."""


for module in (operations, library, asking, roster, relay):
    for command in module.COMMANDS:
        farun.add_command(command)


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
