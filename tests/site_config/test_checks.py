import pytest
from django.core.checks import run_checks

from site_config import checks


@pytest.fixture
def split(settings):
    settings.EMBEDDED_WORKER = False
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    return settings


def found():
    return [message.id for message in run_checks(tags=[checks.TAG])]


@pytest.fixture
def embedded(settings):
    settings.EMBEDDED_WORKER = True
    settings.WEB_CONCURRENCY = 1
    settings.REDIS_URL = ""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    return settings


def test_one_embedded_process_is_in_order(embedded):
    assert found() == []


def test_several_web_processes_without_a_broker_are_an_error(embedded):
    embedded.WEB_CONCURRENCY = 2
    assert "colophon.E001" in found()
    [sentence] = checks.contradictions()
    assert "WEB_CONCURRENCY is 2" in sentence
    assert "Set CELERY_BROKER_URL" in sentence


def test_a_complete_split_is_in_order(split):
    split.WEB_CONCURRENCY = 4
    assert found() == []


def test_a_worker_that_cannot_reach_open_pages_is_a_warning(split):
    split.REDIS_URL = ""
    assert found() == ["colophon.W001"]
    assert checks.contradictions() == []


def test_caches_that_each_process_has_for_itself_are_a_warning(split):
    split.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert found() == ["colophon.W002"]


def test_a_deployed_site_needs_its_own_name(settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    assert [message.id for message in checks.the_site_has_a_name()] == ["colophon.W003"]
    settings.ALLOWED_HOSTS = ["books.example.org"]
    assert checks.the_site_has_a_name() == []
