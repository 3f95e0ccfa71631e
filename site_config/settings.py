"""One settings file. Each deployment choice is an environment variable; `.env` is read first.

With nothing set but SECRET_KEY everything is embedded: SQLite, an in-process worker, in-memory
live pages. `.env.example` explains every variable.
"""

import importlib.util
import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from site_config.env import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(os.environ.get("ENV_FILE", str(BASE_DIR / ".env")), overwrite=False)
env = Environment()

# --- Identity -------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY must be a long random text. `make run` writes one into .env for you."
    )
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
HTTPS = env.flag("HTTPS", default=True)
PORT = env.number("PORT", default=8000, minimum=1)  # where the server listens, for announcements
CATALOG_PUBLIC = env.flag("CATALOG_PUBLIC", default=True)
MAX_IMPORT_MB = env.number("MAX_IMPORT_MB", default=50, minimum=1)

# --- Applications ---------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "site_config.static.LeanStaticFilesConfig",
    "channels",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "crispy_forms",
    "crispy_bootstrap5",
    "accounts",
    "catalog",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.CatalogueLoginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "site_config.urls"
ASGI_APPLICATION = "site_config.asgi.application"
WSGI_APPLICATION = "site_config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "catalog:book_list"
LOGOUT_REDIRECT_URL = "catalog:book_list"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Database -------------------------------------------------------------------------------
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)
DATABASE_URL = env.url(
    "DATABASE_URL",
    ("sqlite", "postgres", "postgresql", "mysql"),
    f"sqlite:///{VAR_DIR / 'colophon.sqlite3'}",
)
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-20000;"
            "PRAGMA mmap_size=134217728;PRAGMA journal_size_limit=27103364;"
            "PRAGMA temp_store=MEMORY;"
        ),
    }
elif _database["ENGINE"].endswith("postgresql"):
    _database["CONN_MAX_AGE"] = 0  # a pool instead: under ASGI persistent connections leak
    _database["OPTIONS"] = {
        "pool": {"min_size": 1, "max_size": env.number("DATABASE_POOL", 10, minimum=2)}
    }
else:
    import pymysql

    pymysql.version_info = (2, 2, 7, "final", 0)  # what Django asks of mysqlclient
    pymysql.install_as_MySQLdb()
    _database["OPTIONS"] = {"charset": "utf8mb4", "isolation_level": "read committed"}

# --- Background work, live pages, cache -----------------------------------------------------
REDIS_URL = env.url("REDIS_URL", ("redis", "rediss"))
CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL", ("redis", "rediss", "amqp", "amqps", "memory"), "memory://"
)
EMBEDDED_WORKER = CELERY_BROKER_URL == "memory://"  # the web process is also the worker
if EMBEDDED_WORKER:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.1}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CHANNEL_LAYERS = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}
CACHE_URL = env.text("CACHE_URL", "locmemcache://")
CACHES = {"default": environ.Env.cache_url_config(CACHE_URL)}
SESSION_ENGINE = (
    "django.contrib.sessions.backends.cached_db"
    if env.text("CACHE_URL")
    else "django.contrib.sessions.backends.db"
)

# --- Files ----------------------------------------------------------------------------------
MEDIA_ROOT = env.text("MEDIA_ROOT", str(VAR_DIR / "media"))
MEDIA_URL = "/media/"


def _package_dir(package: str, *parts: str) -> Path:
    """A folder inside (or beside) an installed package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured(f"The package {package} is not installed.")
    return Path(spec.origin).parent.joinpath(*parts).resolve()


STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("bootstrap", _package_dir("bootstrap_wrapper", "..", "bootstrap")),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# --- Language and time ----------------------------------------------------------------------
LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en")
LANGUAGES = [("en", _("English"))]
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
LOCALE_PATHS = [BASE_DIR / "locale"]
