"""A notification of what is due, and the list of what is planned in one index."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0016_causes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="notification",
            name="notification_kind_known",
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("mentioned", "Somebody mentions you"),
                    ("assigned", "A ticket becomes yours"),
                    ("invited", "Somebody asks you for help"),
                    ("replied", "A customer writes on a ticket of yours"),
                    ("followed", "Something happens on a ticket that you follow"),
                    ("rated", "A customer rates a ticket of yours"),
                    ("woke", "A ticket that you snoozed is back"),
                    ("held", "A reply of yours is held"),
                    ("due", "A follow-up of yours is due, or could not leave"),
                ],
                max_length=9,
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                models.F("due_at"),
                models.F("id"),
                condition=models.Q(("kind__in", ["message", "task"]), ("state__in", ["scheduled", "due"])),
                name="follow_up_planned",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["mentioned", "assigned", "invited", "replied", "followed", "rated", "woke", "held", "due"],
                    )
                ),
                name="notification_kind_known",
            ),
        ),
    ]
