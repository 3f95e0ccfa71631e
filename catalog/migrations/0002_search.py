"""The word index (one table for each kind of record) and the row that counts changes."""

from django.db import migrations, models
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
        # Newest first with titles from A to Z within a year.
        migrations.RemoveIndex(model_name="book", name="book_by_year"),
        migrations.AddIndex(
            model_name="book",
            index=models.Index(fields=["-sort_year", "sort_title", "id"], name="book_by_year"),
        ),
        migrations.AddIndex(
            model_name="author",
            index=models.Index(fields=["kind", "sort_key", "id"], name="author_by_kind"),
        ),
        migrations.AddIndex(
            model_name="publisher",
            index=models.Index(fields=["country", "name_key", "id"], name="publisher_by_country"),
        ),
    ]
