"""Real servers and workers in processes of their own, on real databases and brokers.

Where a service does not listen these tests skip and say so; with CI=true they fail, since there
everything is to be tested.
"""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pymysql
import pytest

from tests.catalog.services.shelf import as_csv, books, isbn

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
MYSQL = os.environ.get("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/mysql")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/11")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
PATIENCE = 90  # seconds; a busy machine is slow, not broken


def need(url: str) -> None:
    """Skip the test where nothing listens at this address; fail in CI."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()
    except OSError as error:
        reason = f"{parts.scheme} does not listen on {parts.hostname}:{parts.port} ({error})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def wait_for(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"Waited {patience} s in vain: {what}")


@dataclass
class Installation:
    """One Colophon with its own folder and database, run as its users run it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        keep = ("PATH", "HOME", "LANG", "PYTHONPATH", "PYTHONWARNINGS")
        self.env = {
            **{name: os.environ[name] for name in keep if name in os.environ},
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "only-for-tests-" + uuid4().hex + uuid4().hex,
            "HTTPS": "false",
            "VAR_DIR": str(self.folder),
            "JOB_ABANDONED_SECONDS": "3",
            **self.env,
        }

    # --- Running things ---------------------------------------------------------------------

    def manage(self, *args: str) -> str:
        return self._run([sys.executable, "manage.py", *args])

    def script(self, code: str) -> str:
        """Run Python inside the project and return what it prints."""
        setup = (
            "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'site_config.settings';"
            "django.setup()\n"
        )
        return self._run([sys.executable, "-c", setup + code])

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=PATIENCE * 2
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def serve(self) -> tuple[subprocess.Popen[bytes], int]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = self.start(
            "server", "uvicorn", "site_config.asgi:application", "--port", str(port),
            "--log-level", "info", "--timeout-graceful-shutdown", "5",
        )  # fmt: skip
        wait_for(lambda: _listens(port) or self._died(server), "the server to start")
        return server, port

    def work(self) -> subprocess.Popen[bytes]:
        worker = self.start(
            "worker", "celery", "-A", "site_config", "worker", "--pool", "prefork",
            "--concurrency", "2", "--loglevel", "info", "-n", f"{uuid4().hex}@test",
        )  # fmt: skip
        ready = len(self.log("worker").split(" ready.")) + 1
        wait_for(
            lambda: len(self.log("worker").split(" ready.")) >= ready or self._died(worker),
            "the worker to start",
        )
        return worker

    def _died(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            logs = [path.read_text() for path in self.folder.glob("*.log")]
            pytest.fail(f"The process ended: {''.join(logs)[-3000:]}")
        return False

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def end(self) -> None:
        for process in self.processes:
            kill(process)

    # --- Looking ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def database(self) -> Iterator[Any]:
        url = urlsplit(self.env.get("DATABASE_URL", "sqlite://"))
        if url.scheme == "sqlite":
            connection: Any = sqlite3.connect(self.folder / "colophon.sqlite3", timeout=20)
        elif url.scheme == "mysql":
            connection = pymysql.connect(
                host=url.hostname, port=url.port or 3306, user=url.username or "root",
                password=url.password or "", database=url.path[1:], autocommit=True,
            )  # fmt: skip
        else:
            connection = psycopg.connect(url.geturl(), autocommit=True)
        try:
            yield connection
        finally:
            connection.close()

    def ask(self, sql: str) -> tuple[Any, ...]:
        with self.database() as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            row: tuple[Any, ...] = cursor.fetchone()
            return row

    def progress(self, pk: int) -> tuple[str, int]:
        state, done = self.ask(
            f"SELECT state, rows_done FROM catalog_importjob WHERE id = {pk}"  # noqa: S608
        )
        return state, done

    def wait_for_rows(self, pk: int, rows: int) -> None:
        def far_enough() -> bool:
            state, done = self.progress(pk)
            assert state in ("queued", "running"), state
            return done >= rows

        wait_for(far_enough, f"{rows} rows of import {pk}")

    def wait_until_done(self, pk: int) -> None:
        def done() -> bool:
            state, rows = self.progress(pk)
            if state in ("failed", "cancelled"):
                pytest.fail(
                    f"The import is {state} after {rows} rows: {self.log('worker')[-2000:]}"
                )
            return state == "done"

        wait_for(done, f"the end of import {pk}")

    # --- Jobs -------------------------------------------------------------------------------

    def queue(self, rows: int, first: int = 1) -> int:
        """Upload a file with this many books, as the page does, and press start."""
        path = self.folder / f"{uuid4().hex}.csv"
        path.write_bytes(as_csv(books(first + rows - 1)[first - 1 :]))
        return int(
            self.script(
                f"""
from django.core.files.base import File
from catalog.services import importing
with open({str(path)!r}, "rb") as file:
    job = importing.create_job(file=File(file, "books.csv"), filename="books.csv")
mapping = {{c["index"]: c["field"] for c in job.options["columns"]}}
importing.start(job, mapping=mapping, on_duplicate="add")
print(job.pk)
"""
            )
        )

    def assert_applied_once(self, pk: int, rows: int) -> None:
        """Every row of the file is in the catalogue once: rows, books, credits, counts, index.

        With the rule “add” a chunk that was applied twice would show in every one of these.
        """
        job = self.ask(
            "SELECT rows_done, created, updated, skipped, rejected FROM catalog_importjob"  # noqa: S608
            f" WHERE id = {pk}"
        )
        assert job == (rows, rows, 0, 0, 0)
        kept = self.ask(
            "SELECT COUNT(*), COUNT(DISTINCT number), COUNT(DISTINCT book_id), MIN(number),"  # noqa: S608
            f" MAX(number) FROM catalog_importrow WHERE job_id = {pk}"
        )
        assert kept == (rows, rows, rows, 2, rows + 1)
        for table in ("catalog_book", "catalog_contribution"):
            assert self.ask(f"SELECT COUNT(*) FROM {table}") == (rows,)  # noqa: S608
        assert self.ask("SELECT COUNT(DISTINCT isbn) FROM catalog_book") == (rows,)
        assert self.ask("SELECT count FROM catalog_tally WHERE facet = 'total'") == (rows,)
        some = [isbn(number) for number in range(1, rows + 1, 500)]
        found = self.script(
            f"from catalog.models import Book\n"
            f"print([Book.objects.search(isbn).count() for isbn in {some}])"
        )
        assert json.loads(found) == [1] * len(some)


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9, children included."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """`install(DATABASE_URL=…)`: a fresh installation; its processes end with the test."""
    made: list[Installation] = []

    def make(**env: str) -> Installation:
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        installation = Installation(folder, env)
        made.append(installation)
        installation.manage("migrate", "--verbosity", "0")
        return installation

    yield make
    for installation in made:
        installation.end()


@contextlib.contextmanager
def new_postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    need(POSTGRES)
    name = f"colophon_services_{uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def new_mysql() -> Iterator[str]:
    need(MYSQL)
    name = f"colophon_services_{uuid4().hex[:12]}"
    url = urlsplit(MYSQL)
    connection = pymysql.connect(
        host=url.hostname, port=url.port or 3306, user=url.username or "root",
        password=url.password or "",
    )  # fmt: skip
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        yield url._replace(path=f"/{name}").geturl()
        cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture
def postgres() -> Iterator[str]:
    with new_postgres() as url:
        yield url


@pytest.fixture
def mysql() -> Iterator[str]:
    with new_mysql() as url:
        yield url


@pytest.fixture
def redis() -> Iterator[str]:
    """The address of a Redis database with nothing of Celery's in it."""
    import redis as client

    need(REDIS)
    with client.Redis.from_url(REDIS) as connection:
        connection.delete("celery", "unacked", "unacked_index", "unacked_mutex")
        yield REDIS
        connection.delete("celery", "unacked", "unacked_index", "unacked_mutex")


@pytest.fixture
def rabbitmq() -> Iterator[str]:
    """The address of a RabbitMQ whose queue is empty."""
    from kombu import Connection

    need(RABBITMQ)

    def purge() -> None:
        with Connection(RABBITMQ) as connection, contextlib.suppress(Exception):
            channel: Any = connection.default_channel
            channel.queue_purge("celery")

    purge()
    yield RABBITMQ
    purge()
