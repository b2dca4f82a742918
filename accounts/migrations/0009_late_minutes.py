"""The company's minutes order the list where nothing is promised; they are no promise themselves."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_breathers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="desk",
            name="promise_minutes",
            field=models.PositiveSmallIntegerField(
                default=10,
                help_text="After this many minutes the list says that a customer waits too long, where nothing is promised.",
            ),
        ),
    ]
