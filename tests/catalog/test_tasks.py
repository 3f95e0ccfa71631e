"""Celery's side of an import."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from catalog import tasks
from catalog.models import ImportJob
from catalog.services import importing, jobs

pytestmark = pytest.mark.django_db


def waiting_job() -> ImportJob:
    return ImportJob.objects.create(filename="books.csv", state="queued", options={})


def test_a_task_delivered_twice_runs_the_job_once(monkeypatch):
    ran: list[ImportJob] = []
    monkeypatch.setattr(importing, "run", ran.append)
    job = waiting_job()
    tasks.run_import(job.pk)
    tasks.run_import(job.pk)
    assert ran == [job]
    assert len(ran[0].claimed_by) == 32


def test_a_task_for_a_job_that_is_no_more_does_nothing(monkeypatch):
    monkeypatch.setattr(importing, "run", pytest.fail)
    tasks.run_import(123456)


def test_a_worker_that_shuts_down_takes_nothing_new(monkeypatch):
    monkeypatch.setattr(importing, "run", pytest.fail)
    job = waiting_job()
    jobs.STOP.set()
    try:
        tasks.run_import(job.pk)
    finally:
        jobs.STOP.clear()
    job.refresh_from_db()
    assert job.state == "queued"


def test_the_watch_looks_for_abandoned_jobs_until_it_is_stopped(monkeypatch, settings, caplog):
    settings.JOB_ABANDONED_SECONDS = 0.04
    looked: list[timedelta] = []
    watch = tasks.Watch()

    def look(age: timedelta) -> list[int]:
        looked.append(age)
        if len(looked) == 1:
            raise OperationalError("the database restarts")
        watch.stop()
        return []

    monkeypatch.setattr(jobs, "requeue_abandoned", look)
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    watch.run()
    assert looked == [timedelta(seconds=0.04)] * 2
    assert "trying again" in caplog.text
