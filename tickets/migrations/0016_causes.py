"""Causes that were merged, and an index that counts the tickets of each."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_language"),
        ("tickets", "0015_promises"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="rootcause",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                help_text="The one that goes on. This row stays, for what still knows its slug; its tickets move over.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="tickets.rootcause",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("root_cause__isnull", False), ("trashed_at", None)),
                fields=["root_cause", "created_at"],
                include=("number", "team", "assignee"),
                name="ticket_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="rootcause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("merged_into", None),
                    models.Q(("archived_at__isnull", False), models.Q(("merged_into", models.F("id")), _negated=True)),
                    _connector="OR",
                ),
                name="root_cause_merged_is_archived",
            ),
        ),
        migrations.AddConstraint(
            model_name="rootcause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("parent", None), models.Q(("parent", models.F("id")), _negated=True), _connector="OR"
                ),
                name="root_cause_not_below_itself",
            ),
        ),
    ]
