"""What was counted as hassle, and was none."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recovery", "0005_telling_languages"),
        ("tickets", "0016_causes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HassleDismissal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("repeat_contact", "Had to write again within 7 days"),
                            ("channel_change", "Had to change the channel"),
                            ("transfer", "Was passed on"),
                            ("reopened", "Came back, because it was not solved"),
                            ("waiting", "Waited an hour longer than promised"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hassle_dismissals",
                        to="tickets.event",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hassle_dismissals",
                        to="tickets.ticket",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(models.F("ticket"), name="hassle_dismissal_of")],
                "constraints": [
                    models.UniqueConstraint(models.F("event"), models.F("part"), name="hassle_dismissed_once"),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="hassle_dismissed_why"
                    ),
                ],
            },
        ),
    ]
