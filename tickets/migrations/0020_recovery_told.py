"""A notification of what is to be made good."""

from django.db import migrations, models

KINDS = ["mentioned", "assigned", "invited", "replied", "followed", "rated", "woke", "held", "due", "recovery"]


class Migration(migrations.Migration):
    dependencies = [("tickets", "0019_promise_terms")]

    operations = [
        migrations.RemoveConstraint(model_name="notification", name="notification_kind_known"),
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
                    ("recovery", "Somebody is to be made good with, by you or with your approval"),
                ],
                max_length=9,
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", KINDS)), name="notification_kind_known"),
        ),
    ]
