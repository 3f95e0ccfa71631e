"""The settings file as a whole, read by fresh processes as a deployment would."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY = "k3y-" + "0123456789abcdef" * 4
PRODUCTION = {
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "books.example.org",
    "BEHIND_PROXY": "true",
    "CELERY_BROKER_URL": "amqp://guest:guest@127.0.0.1:5672//",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "CACHE_URL": "redis://127.0.0.1:6379/1",
}


def run(*arguments, tmp_path, **values):
    """A process that knows nothing but the given variables."""
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "VAR_DIR": str(tmp_path),
        **values,
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


SHOW = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "site_config.settings"
import django; django.setup()
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in dir(settings) if name.isupper()},
                 default=str))
"""


def read(tmp_path, **values):
    result = run("-c", SHOW, tmp_path=tmp_path, **values)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_nothing_but_a_key_gives_a_safe_embedded_site(tmp_path):
    settings = read(tmp_path, SECRET_KEY=KEY)
    assert settings["DEBUG"] is False
    assert settings["EMBEDDED_WORKER"] is True
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "colophon.sqlite3")
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        assert settings[name] is True, name
    assert settings["SECURE_HSTS_SECONDS"] > 0
    assert settings["SECURE_PROXY_SSL_HEADER"] is None


def test_the_policy_allows_nothing_inline_and_no_other_host(tmp_path):
    policy = read(tmp_path, SECRET_KEY=KEY)["SECURE_CSP"]
    assert policy["default-src"] == ["'self'"]
    sources = {source for sources in policy.values() for source in sources}
    assert sources <= {"'self'", "'none'", "data:"}
    assert not any("data:" in policy.get(name, []) for name in ("script-src", "default-src"))


def test_each_variable_of_production_moves_a_part_out_of_the_process(tmp_path):
    settings = read(
        tmp_path,
        **PRODUCTION,
        DATABASE_URL="postgres://u:p@h:5432/books?sslmode=require",
        S3_BUCKET="covers",
        S3_ENDPOINT_URL="https://s3.example.org",
    )
    database = settings["DATABASES"]["default"]
    assert database["CONN_MAX_AGE"] == 0
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 10
    assert settings["EMBEDDED_WORKER"] is False
    assert "Redis" in settings["CHANNEL_LAYERS"]["default"]["BACKEND"]
    assert settings["SESSION_ENGINE"].endswith("cached_db")
    assert settings["STORAGES"]["default"]["OPTIONS"]["bucket_name"] == "covers"
    assert settings["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


def test_uploads_in_a_bucket_are_private_and_never_overwritten(tmp_path):
    options = read(tmp_path, SECRET_KEY=KEY, S3_BUCKET="covers")["STORAGES"]["default"]["OPTIONS"]
    assert options["file_overwrite"] is False
    assert options["default_acl"] is None


def test_the_deployment_check_is_clean_with_production_settings(tmp_path):
    result = run("manage.py", "check", "--deploy", tmp_path=tmp_path, **PRODUCTION)
    assert "no issues" in result.stdout, result.stderr
    assert result.returncode == 0


@pytest.mark.parametrize("command", ["check", "migrate", "runserver"])
def test_a_wrong_value_stops_the_command_line_with_one_sentence(tmp_path, command):
    result = run("manage.py", command, tmp_path=tmp_path, SECRET_KEY=KEY, TIME_ZONE="Vienna")
    assert result.returncode != 0
    assert result.stderr.splitlines() == [
        "Colophon cannot start. TIME_ZONE must be the name of a time zone, such as "
        "Europe/Vienna; not “Vienna”."
    ]


@pytest.mark.parametrize("module", ["uvicorn", "celery"])
def test_a_wrong_value_stops_a_server_with_one_sentence(tmp_path, module):
    arguments = {
        "uvicorn": ("-m", "uvicorn", "site_config.asgi:application", "--port", "0"),
        "celery": ("-m", "celery", "-A", "site_config", "worker"),
    }[module]
    result = run(*arguments, tmp_path=tmp_path, SECRET_KEY=KEY, MAX_IMPORT_MB="lots")
    assert result.returncode != 0
    assert "MAX_IMPORT_MB must be a whole number, not “lots”." in result.stderr
    assert "Traceback" not in result.stderr


def names_read_by_settings():
    """The first argument of every `env.…("NAME")` in settings.py."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "site_config/settings.py").read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "env"
        ):
            name = node.args[0]
            assert isinstance(name, ast.Constant)
            names.add(name.value)
    return names


def names_in(path, pattern):
    return set(re.findall(pattern, (ROOT / path).read_text(), re.MULTILINE))


def test_the_example_lists_every_variable_and_no_other():
    assert names_in(".env.example", r"^([A-Z0-9_]+)=") == names_read_by_settings()


def test_the_manual_explains_every_variable():
    assert names_in("docs/operators.md", r"^\| `([A-Z0-9_]+)`") == names_read_by_settings()


def test_the_example_is_a_file_that_works(tmp_path):
    settings = read(tmp_path, SECRET_KEY=KEY, ENV_FILE=str(ROOT / ".env.example"))
    assert settings["ALLOWED_HOSTS"] == ["books.example.org"]


def test_two_embedded_processes_do_not_start(tmp_path):
    """Servers run no system checks, so the application refuses by itself."""
    arguments = ("-m", "uvicorn", "site_config.asgi:application", "--port", "0", "--workers", "1")
    result = run(*arguments, tmp_path=tmp_path, SECRET_KEY=KEY, WEB_CONCURRENCY="2")
    assert result.returncode != 0
    assert "WEB_CONCURRENCY is 2" in result.stderr
    assert "Traceback" not in result.stderr


def test_wsgi_announces_the_first_visit_too(tmp_path):
    assert run("manage.py", "migrate", tmp_path=tmp_path, SECRET_KEY=KEY).returncode == 0
    result = run("-c", "import site_config.wsgi", tmp_path=tmp_path, SECRET_KEY=KEY)
    assert "/accounts/welcome/?token=" in result.stdout
