"""Contradictions between settings: each is right alone, together they lose work or messages."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks

TAG = "colophon"


def _is_local_memory_cache() -> bool:
    return str(settings.CACHES["default"]["BACKEND"]).endswith("LocMemCache")


@register(TAG)
def one_process_while_the_worker_is_embedded(**kwargs: Any) -> list[CheckMessage]:
    if not settings.EMBEDDED_WORKER or settings.WEB_CONCURRENCY == 1:
        return []
    return [
        Error(
            f"WEB_CONCURRENCY is {settings.WEB_CONCURRENCY}, but without CELERY_BROKER_URL the web "
            "process is also the worker, and there may be only one.",
            hint="Set CELERY_BROKER_URL and start the worker of the Procfile, or take "
            "WEB_CONCURRENCY away.",
            id="colophon.E001",
        )
    ]


@register(TAG)
def live_pages_reach_every_process(**kwargs: Any) -> list[CheckMessage]:
    if settings.EMBEDDED_WORKER or settings.REDIS_URL:
        return []
    return [
        Warning(
            "CELERY_BROKER_URL is set but REDIS_URL is not: the worker cannot tell open pages how "
            "far an import has come, so for each of them the database is asked twice a second.",
            hint="Set REDIS_URL.",
            id="colophon.W001",
        )
    ]


@register(TAG)
def processes_share_their_cache(**kwargs: Any) -> list[CheckMessage]:
    several = not settings.EMBEDDED_WORKER or settings.WEB_CONCURRENCY > 1
    if not several or not _is_local_memory_cache():
        return []
    return [
        Warning(
            "Several processes run, each with a cache in its own memory: what one of them "
            "counts or forgets the others do not learn.",
            hint="Set CACHE_URL, for instance to redis://host:6379/1 or pymemcache://host:11211.",
            id="colophon.W002",
        )
    ]


@register(TAG, Tags.security, deploy=True)
def the_site_has_a_name(**kwargs: Any) -> list[CheckMessage]:
    if set(settings.ALLOWED_HOSTS) - {"localhost", "127.0.0.1", "[::1]"}:
        return []
    return [
        Warning(
            "ALLOWED_HOSTS names this machine only: everybody else gets “bad request”.",
            hint="Set ALLOWED_HOSTS to the name under which the site is reached.",
            id="colophon.W003",
        )
    ]


def contradictions() -> list[str]:
    """What forbids starting a server, as sentences; servers run no system checks themselves."""
    found = run_checks(tags=[TAG])
    return [f"{message.msg} {message.hint}" for message in found if message.is_serious()]
