"""The words of names, for finding misspelled ones; filled from the records that are there."""

from django.db import connections, migrations

from catalog.search.backends import BACKENDS
from catalog.search.base import AUTHORS, PUBLISHERS, SPELLING
from catalog.search.documents import text_words
from catalog.search.spelling import rows

BATCH = 2_000


def create(apps, schema_editor):
    index = BACKENDS[schema_editor.connection.vendor](connections[schema_editor.connection.alias])
    schema_editor.execute(index.spelling_creation())
    for table, model, fields in (
        (AUTHORS, "Author", ("name", "sort_name")),
        (PUBLISHERS, "Publisher", ("name",)),
    ):
        names = apps.get_model("catalog", model).objects.order_by("pk")
        last = 0
        while batch := list(names.filter(pk__gt=last).values_list("pk", *fields)[:BATCH]):
            words = {word for _pk, *texts in batch for text in texts for word in text_words(text)}
            if learnt := rows(table, words):
                index.add_spellings(learnt)
            last = batch[-1][0]


def drop(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE {SPELLING}")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_editing")]

    operations = [
        # Not in a transaction of its own: MariaDB has none for tables.
        migrations.RunPython(create, drop, atomic=False),
    ]
