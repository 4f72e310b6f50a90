"""What the tests share: the real library, both database engines, a frozen clock, a group to talk in."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import store
from bot.channels.simulated import Simulated
from bot.cli.building import build_library
from bot.config import Settings
from bot.store import simulated
from bot.webhook import Parts
from faq.retriever import Retriever
from knowledge.library import Library

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The built library: var/ of the checkout, built when it is absent or out of date."""
    settings = Settings.from_env({"FARUN_DATA_DIR": str(ROOT / "var")})
    build_library(settings, say=False)
    return settings.data_dir


@pytest.fixture(scope="session")
def library(data_dir: Path) -> Library:
    return Library(data_dir / "knowledge.db")


@pytest.fixture(scope="session")
def index_dir(data_dir: Path) -> Path:
    return data_dir / "index"


@pytest.fixture(scope="session")
def retriever(index_dir: Path, library: Library) -> Retriever:
    found = Retriever(index_dir, library)
    found.warm()
    return found


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of our own on a free port; its URL without a database name."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))[-1]
    folder = Path(tempfile.mkdtemp(prefix="farun-postgresql-"))  # pytest's own folders are closed to other users
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    root = os.geteuid() == 0
    if root:  # the server refuses to run as root
        shutil.chown(folder, "postgres")

    def run(*words: str) -> None:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words] if root else [*words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    data = folder / "data"
    run(f"{binaries}/initdb", "-D", str(data), "-U", "farun", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    run(f"{binaries}/pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    yield f"postgresql+psycopg://farun@127.0.0.1:{port}/"
    run(f"{binaries}/pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database of either engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'farun.db'}"
        shutil.copy(_migrated(request), tmp_path / "farun.db")
        yield url
        return
    server = request.getfixturevalue("postgresql")
    template = request.getfixturevalue("postgresql_template")
    admin = sa.create_engine(server + "postgres", isolation_level="AUTOCOMMIT")
    name = f"t{os.urandom(6).hex()}"
    with admin.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield server + name
    with admin.connect() as conn:
        conn.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _migrated(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue("sqlite_template")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = store.connect(f"sqlite:///{path}")
    store.upgrade(engine)
    engine.dispose()  # the last connection folds the write-ahead log into the file
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql: str) -> str:
    admin = sa.create_engine(postgresql + "postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(sa.text("CREATE DATABASE template_farun"))
    admin.dispose()
    engine = store.connect(postgresql + "template_farun")
    store.upgrade(engine)
    engine.dispose()
    return "template_farun"


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    made = store.connect(database_url)
    yield made
    made.dispose()


@dataclass
class Clock:
    """A clock that stands until it is moved. Starts on a Monday morning in Shanghai."""

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 2, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **how: float) -> datetime:
        self.at += timedelta(**how)
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(database_url: str, data_dir: Path) -> Settings:
    return Settings.from_env({"DATABASE_URL": database_url, "FARUN_DATA_DIR": str(data_dir), "FARUN_DEMO": "on"})


@pytest.fixture
def parts(settings: Settings, engine: sa.Engine, retriever: Retriever, library: Library, clock: Clock) -> Parts:
    """The parts of the webhook around the simulated channel, with the demonstration county."""
    from bot.demo import county

    county.seed(engine, clock())
    channel = Simulated(simulated.Transcript(engine, clock), settings.bot_names, clock)
    return Parts(settings, engine, {"simulated": channel}, retriever, library, clock)


Say = Callable[..., str | None]
