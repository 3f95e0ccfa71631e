"""kill -9 in the middle of an import: it finishes by itself, every row applied exactly once."""

import os
import signal
import time

import pytest

from tests.services.conftest import kill, wait_for

pytestmark = pytest.mark.services
ROWS = 24_000  # twelve chunks


def test_one_process_killed_in_the_middle_goes_on_at_the_next_start(install):
    here = install()
    job = here.queue(ROWS)
    server, _port = here.serve()
    here.wait_for_rows(job, 4_000)
    kill(server)
    state, done = here.progress(job)
    assert (state, done < ROWS) == ("running", True)
    here.serve()
    here.wait_until_done(job)
    here.assert_applied_once(job, ROWS)


def test_one_process_killed_again_and_again_still_finishes(install):
    here = install()
    job = here.queue(ROWS)
    for rows in (2_000, 8_000, 14_000):
        server, _port = here.serve()
        here.wait_for_rows(job, rows)
        kill(server)
    here.serve()
    here.wait_until_done(job)
    here.assert_applied_once(job, ROWS)


def test_one_process_that_is_told_to_stop_gives_the_job_back_at_once(install):
    here = install()
    job = here.queue(ROWS)
    server, _port = here.serve()
    here.wait_for_rows(job, 2_000)
    began = time.monotonic()
    server.send_signal(signal.SIGTERM)
    server.wait(20)
    assert time.monotonic() - began < 8
    state, done = here.progress(job)
    assert (state, done < ROWS) == ("queued", True)
    here.serve()
    here.wait_until_done(job)
    here.assert_applied_once(job, ROWS)


def test_a_second_import_waits_its_turn_in_one_process(install):
    here = install()
    first, second = here.queue(12_000), here.queue(4_000, first=12_001)
    here.serve()
    here.wait_for_rows(first, 2_000)
    assert here.progress(second) == ("queued", 0)
    here.wait_until_done(second)
    assert here.progress(first) == ("done", 12_000)
    assert here.ask("SELECT COUNT(*), COUNT(DISTINCT isbn) FROM catalog_book") == (16_000, 16_000)


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_a_worker_killed_in_the_middle_is_replaced_by_the_next(
    install, postgres, redis, broker, request
):
    url = request.getfixturevalue(broker)
    here = install(DATABASE_URL=postgres, REDIS_URL=redis, CELERY_BROKER_URL=url)
    worker = here.work()
    job = here.queue(ROWS)
    here.wait_for_rows(job, 4_000)
    kill(worker)
    state, done = here.progress(job)
    assert (state, done < ROWS) == ("running", True)
    here.work()
    here.wait_until_done(job)
    here.assert_applied_once(job, ROWS)


def test_a_killed_child_of_a_worker_is_noticed_by_the_worker_itself(install, postgres, redis):
    """As the kernel does when memory runs out. Nobody restarts anything."""
    here = install(DATABASE_URL=postgres, REDIS_URL=redis, CELERY_BROKER_URL=redis)
    worker = here.work()
    job = here.queue(ROWS)
    here.wait_for_rows(job, 2_000)
    for child in _children(worker.pid):
        os.kill(child, signal.SIGKILL)
    here.wait_until_done(job)
    here.assert_applied_once(job, ROWS)


def test_a_worker_that_is_told_to_stop_gives_the_job_back(install, postgres, redis):
    here = install(DATABASE_URL=postgres, REDIS_URL=redis, CELERY_BROKER_URL=redis)
    worker = here.work()
    job = here.queue(ROWS)
    here.wait_for_rows(job, 2_000)
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    state, done = here.progress(job)
    assert (state, done < ROWS) == ("queued", True)
    here.work()
    here.wait_until_done(job)
    here.assert_applied_once(job, ROWS)


def test_the_web_server_leaves_jobs_to_the_worker(install, postgres, redis):
    here = install(DATABASE_URL=postgres, REDIS_URL=redis, CELERY_BROKER_URL=redis)
    job = here.queue(4_000)
    here.serve()
    time.sleep(1)
    assert here.progress(job) == ("queued", 0)
    here.work()
    here.wait_until_done(job)


def _children(pid: int) -> list[int]:
    """The pool of a prefork worker."""

    def look() -> list[int]:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]

    children: list[int] = wait_for(look, "the worker's children")
    return children
