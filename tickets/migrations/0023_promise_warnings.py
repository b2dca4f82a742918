"""Whoever has a ticket is told before a promise breaks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0022_letter_known_as")]

    operations = [
        migrations.AddField(
            model_name="promiserun",
            name="warn_at",
            field=models.DateTimeField(
                blank=True, help_text="When a quarter of it is left. None: said already, or a matter of how.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="promiserun",
            index=models.Index(
                models.F("warn_at"),
                condition=models.Q(("ended_at", None), ("state", "running"), ("warn_at__isnull", False)),
                name="promise_run_warn",
            ),
        ),
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
                    ("promise", "A promise on a ticket of yours has little time left"),
                    ("recovery", "Somebody is to be made good with, by you or with your approval"),
                ],
                max_length=9,
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "mentioned",
                            "assigned",
                            "invited",
                            "replied",
                            "followed",
                            "rated",
                            "woke",
                            "held",
                            "due",
                            "promise",
                            "recovery",
                        ],
                    )
                ),
                name="notification_kind_known",
            ),
        ),
    ]
