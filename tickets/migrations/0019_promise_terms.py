"""A promise ends where another takes its place, may pause while we wait for the customer, and locks no ticket."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_breathers"),
        ("tickets", "0018_search_sooner"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="promiserun",
            name="promise_run_lately",
        ),
        migrations.AddField(
            model_name="promise",
            name="ended_at",
            field=models.DateTimeField(
                editable=False, help_text="Nothing that happens from then on begins it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="is_paused_while_pending",
            field=models.BooleanField(
                default=False,
                help_text="Do not count the time in which the ticket is pending: we wait for the customer.",
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="replaced_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="replaces", to="tickets.promise"
            ),
        ),
        migrations.AddField(
            model_name="promiserun",
            name="left",
            field=models.DurationField(blank=True, help_text="Paused: how much of it is left.", null=True),
        ),
        migrations.AlterField(
            model_name="promiserun",
            name="due_at",
            field=models.DateTimeField(
                blank=True, help_text="None: a matter of how, not of when; or paused.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="promiserun",
            name="ticket",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="promise_runs",
                to="tickets.ticket",
            ),
        ),
        migrations.AddIndex(
            model_name="promiserun",
            index=models.Index(fields=["promise", "began_at"], include=("state",), name="promise_run_lately"),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("is_on", True)),
                    models.Q(("ended_at__isnull", False), ("is_on", False)),
                    _connector="OR",
                ),
                name="promise_off_has_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_paused_while_pending", False), ("measure", "solved"), _connector="OR"),
                name="promise_pauses_if_solved",
            ),
        ),
    ]
