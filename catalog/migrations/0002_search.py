"""The word index (one table for each kind of record) and the row that counts changes."""

from django.db import migrations
from django.utils import timezone

from catalog.search.backends import BACKENDS
from catalog.search.base import TABLES


def create(apps, schema_editor):
    for table in TABLES:
        for sql in BACKENDS[schema_editor.connection.vendor].creation(table):
            schema_editor.execute(sql)
    apps.get_model("catalog", "CatalogueState").objects.create(pk=1, changed_at=timezone.now())


def drop(apps, schema_editor):
    for table in TABLES:
        for sql in BACKENDS[schema_editor.connection.vendor].removal(table):
            schema_editor.execute(sql)
    apps.get_model("catalog", "CatalogueState").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        # Not in a transaction of its own: MariaDB has none for tables.
        migrations.RunPython(create, drop, atomic=False),
    ]
