from django.db import migrations, models

LANGUAGES = [("en", "English"), ("de", "Deutsch")]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_signature")]

    operations = [
        migrations.AddField(
            "desk",
            "language",
            models.CharField(
                choices=LANGUAGES,
                default="en",
                help_text="Mails are written in it, unless their reader has chosen another one that we write.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            "user", "language", models.CharField(blank=True, choices=LANGUAGES, max_length=10)
        ),
    ]
