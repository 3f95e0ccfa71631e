"""The Celery application; `site_config/__init__.py` makes it the default."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")  # before Celery(): its
# Django fixup, which closes database connections between tasks, looks at it there

from celery import Celery

app = Celery("site_config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
