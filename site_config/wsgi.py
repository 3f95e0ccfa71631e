"""WSGI: the pages, without live progress and without the embedded worker.

Imports started here run in a worker process (CELERY_BROKER_URL), or wait for an ASGI server.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")
application = get_wsgi_application()  # loads the apps: what is imported below needs them

from accounts import setup  # noqa: E402 - needs the apps

setup.announce()
