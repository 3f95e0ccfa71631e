"""One settings file. Each deployment choice is an environment variable; `.env` is read first.

With nothing set but SECRET_KEY everything is embedded: SQLite, an in-process worker, in-memory
live pages. `.env.example` explains every variable.
"""

import importlib.util
import os
import warnings
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from site_config.env import Environment, bucket_origins, show_setting_errors_in_one_line

BASE_DIR = Path(__file__).resolve().parent.parent
show_setting_errors_in_one_line()
environ.Env.read_env(os.environ.get("ENV_FILE", str(BASE_DIR / ".env")), overwrite=False)
env = Environment()

# --- Identity -------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret_key("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
PORT = env.number("PORT", default=8000, minimum=1, maximum=65535)  # said when no manager is there
CATALOG_PUBLIC = env.flag("CATALOG_PUBLIC", default=True)
MAX_IMPORT_MB = env.number("MAX_IMPORT_MB", default=50, minimum=1)
MAX_PICTURE_MB = env.number("MAX_PICTURE_MB", default=10, minimum=1)
MAX_FILE_MB = env.number("MAX_FILE_MB", default=25, minimum=1)
FILES_KEPT_DAYS = env.number("FILES_KEPT_DAYS", default=30, minimum=1)

# --- Transport and browser ------------------------------------------------------------------
HTTPS = env.flag("HTTPS", default=True)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", default=365 * 24 * 3600) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.flag("HSTS_SUBDOMAINS", default=False)
# Subdomains and browsers' preload lists concern a whole domain: its owner decides, not we.
SILENCED_SYSTEM_CHECKS = (
    [] if SECURE_HSTS_INCLUDE_SUBDOMAINS else ["security.W005", "security.W021"]
)
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)
if BEHIND_PROXY:  # otherwise anybody could claim that a plain request came over https
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")

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
    "simple_history",
    "site_config.apps.SiteConfig",
    "accounts",
    "catalog",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "site_config.middleware.content_security_policy",
    "site_config.middleware.forms_in_utf8",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "site_config.middleware.htmx_manners",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.CatalogueLoginMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
# The name that Django 6 reads; until then site_config.middleware does. `data:` are Bootstrap's
# own little arrows and ticks, which its style sheet carries inside.
SECURE_CSP = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}
ROOT_URLCONF = "site_config.urls"
ASGI_APPLICATION = "site_config.asgi.application"
WSGI_APPLICATION = "site_config.wsgi.application"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_500  # a book may have 200 credits of seven fields each
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SIMPLE_HISTORY_DATE_INDEX = False  # our own indexes of snapshots begin with what is asked for
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
CSRF_FAILURE_VIEW = "accounts.views.csrf_failure"
LOGIN_REDIRECT_URL = "catalog:book_list"
LOGOUT_REDIRECT_URL = "catalog:book_list"

_loaders: list[Any] = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
if not DEBUG:
    _loaders = [("django.template.loaders.cached.Loader", _loaders)]
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
            "loaders": [("template_partials.loader.Loader", _loaders)],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Database -------------------------------------------------------------------------------
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")
_database = env.database("DATABASE_URL", default=VAR_DIR / "colophon.sqlite3")
_database_pool = env.number("DATABASE_POOL", default=10, minimum=2)
_options: dict[str, Any]
if _database["ENGINE"].endswith("sqlite3"):
    _options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-20000;"
            "PRAGMA mmap_size=134217728;PRAGMA journal_size_limit=27103364;"
            "PRAGMA temp_store=MEMORY;"
        ),
    }
elif _database["ENGINE"].endswith("postgresql"):
    # A pool instead of persistent connections: under ASGI those leak, one a thread.
    _database |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
    _options = {"pool": {"min_size": 1, "max_size": _database_pool}}
else:
    import pymysql

    pymysql.version_info = (2, 2, 7, "final", 0)  # what Django asks of mysqlclient
    pymysql.install_as_MySQLdb()
    _options = {"charset": "utf8mb4", "isolation_level": "read committed"}
_database["OPTIONS"] = _options | _database.get("OPTIONS", {})  # the URL's ?sslmode=… and such
DATABASES = {"default": _database}

# --- Background work, live pages, cache -----------------------------------------------------
REDIS_URL = env.url("REDIS_URL", ("redis", "rediss"))
CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL", ("redis", "rediss", "amqp", "amqps", "memory"), "memory://"
)
EMBEDDED_WORKER = CELERY_BROKER_URL == "memory://"  # the web process is also the worker
WEB_CONCURRENCY = env.number("WEB_CONCURRENCY", default=1, minimum=1)  # uvicorn reads it too
# A job whose worker has not been heard of for so long is given to another one.
JOB_ABANDONED_SECONDS = env.number("JOB_ABANDONED_SECONDS", default=120, minimum=2)
if EMBEDDED_WORKER:
    CELERY_BROKER_URL = "memory://embedded/"  # without a host name kombu warns at each start
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
CACHES = {"default": env.cache("CACHE_URL")}
SESSION_ENGINE = (
    "django.contrib.sessions.backends.db"
    if CACHES["default"]["BACKEND"].endswith("LocMemCache")
    else "django.contrib.sessions.backends.cached_db"
)

# --- Files ----------------------------------------------------------------------------------
MEDIA_ROOT = str(env.folder("MEDIA_ROOT", VAR_DIR / "media"))
MEDIA_URL = "/media/"
S3_BUCKET = env.text("S3_BUCKET")
_s3_options: dict[str, Any] = {
    "bucket_name": S3_BUCKET,
    "endpoint_url": env.url("S3_ENDPOINT_URL", ("https", "http")) or None,
    "access_key": env.text("S3_ACCESS_KEY_ID") or None,  # None: boto3 looks where it always does
    "secret_key": env.text("S3_SECRET_ACCESS_KEY") or None,
    "region_name": env.text("S3_REGION") or None,
    "file_overwrite": False,  # two uploads of one name are two files
    "default_acl": None,  # as the bucket says; links are signed and expire
}
if S3_BUCKET:  # pages show pictures that the bucket sends itself
    SECURE_CSP["img-src"] += bucket_origins(
        S3_BUCKET, _s3_options["endpoint_url"], _s3_options["region_name"]
    )


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
    "default": (
        {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _s3_options}
        if S3_BUCKET
        else {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    ),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Under ASGI Django reads a static file whole before it sends it; hashed names make that rare.
warnings.filterwarnings(
    "ignore", "StreamingHttpResponse must consume synchronous iterators", Warning
)

# --- Mail and log ---------------------------------------------------------------------------
vars().update(env.email("EMAIL_URL"))  # EMAIL_BACKEND, EMAIL_HOST and so on
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "colophon@localhost")
ADMINS = MANAGERS = env.people("ADMINS")  # they get a mail for each error on a page
_level = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "development": {"format": "{levelname:<7} {name}: {message}", "style": "{"},
        "production": {
            "format": "{asctime} {levelname} {name} [{process}] {message}",
            "style": "{",
        },
    },
    "filters": {"production": {"()": "django.utils.log.RequireDebugFalse"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",  # stderr: whoever runs the process collects it
            "formatter": "development" if DEBUG else "production",
        },
        "mail": {
            "class": "django.utils.log.AdminEmailHandler",
            "level": "ERROR",
            "filters": ["production"],
        },
    },
    "root": {"handlers": ["console"], "level": _level},
    "loggers": {
        "django": {"handlers": [], "level": _level, "propagate": True},
        "django.request": {"handlers": ["mail"] if ADMINS else [], "propagate": True},
        # The embedded worker greets its broker in memory, which nobody has asked about.
        "celery.worker": {"level": "WARNING" if EMBEDDED_WORKER else _level},
        # Requests for hosts that are not ours: scanners, all day long.
        "django.security.DisallowedHost": {"handlers": [], "level": "CRITICAL"},
    },
}

# --- Language and time ----------------------------------------------------------------------
LANGUAGES = [("en", _("English"))]
LANGUAGE_CODE = env.choice("LANGUAGE_CODE", tuple(code for code, _name in LANGUAGES), "en")
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
