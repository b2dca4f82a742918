"""How many of a kind left lately, asked before each that is about to leave."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outbox", "0004_mail_language")]

    operations = [
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(
                models.F("kind"),
                models.F("sent_at"),
                condition=models.Q(("sent_at__isnull", False)),
                name="mail_sent_of_kind",
            ),
        ),
    ]
