"""What is told in each language, and whose mail is on its way."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recovery", "0004_cases_told"),
        ("tickets", "0016_causes"),
    ]

    operations = [
        migrations.AddField(
            model_name="telling",
            name="translations",
            field=models.JSONField(
                blank=True, default=dict, help_text="The words by language code, where they differ from the company’s."
            ),
        ),
        migrations.AlterField(
            model_name="tellingrow",
            name="done_at",
            field=models.DateTimeField(blank=True, help_text="When it was known how it ended.", null=True),
        ),
        migrations.AddIndex(
            model_name="tellingrow",
            index=models.Index(
                models.F("telling"),
                models.F("id"),
                condition=models.Q(("done_at", None), ("state", "told")),
                name="telling_in_the_post",
            ),
        ),
    ]
