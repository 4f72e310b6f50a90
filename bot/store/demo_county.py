"""The rows of the demonstration county. Each is written once; what is there already stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from bot.store import insert
from bot.store.schema import group, identity, person, region

Row = Mapping[str, object]


def plant(
    conn: sa.Connection, regions: Sequence[Row], people: Sequence[Row], identities: Sequence[Row], groups: Sequence[Row]
) -> None:
    """Add what is missing, parents first; marked as demonstration where the table has that mark."""
    for table, rows in ((region, regions), (person, people), (identity, identities), (group, groups)):
        mark = {"demo": True} if "demo" in table.c else {}
        for row in rows:
            conn.execute(insert(conn, table).values({**row, **mark}).on_conflict_do_nothing())
