from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_recent_changes")]

    operations = [
        migrations.AddField(
            model_name="bulkedit",
            name="left",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
