from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_pickers")]

    operations = [
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=9)),
                ("record_id", models.PositiveBigIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={"verbose_name": "submission", "verbose_name_plural": "submissions"},
        ),
    ]
