"""Promises that are measured, follow-ups that people plan, causes with what was changed, and a mark for each reader."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

KEEP_THE_MARK = """
INSERT INTO tickets_eventmark (reader, done_id, seen_id, seen_xid)
SELECT 'notifying', done_id, seen_id, seen_xid FROM tickets_notifyingmark
"""
DATE_WHAT_IS_FIXED = "UPDATE tickets_rootcause SET fixed_at = now() WHERE state = 'fixed'"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_language"),
        ("tickets", "0014_outreach_fields"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EventMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reader", models.CharField(max_length=40, unique=True)),
                ("done_id", models.BigIntegerField(help_text="With all events up to this one the reader is done.")),
                ("seen_id", models.BigIntegerField(help_text="The newest event of an earlier look.")),
                (
                    "seen_xid",
                    models.BigIntegerField(help_text="Events up to `seen_id` are of transactions before this one."),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FollowUpTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[("message", "Message to the customer"), ("task", "Task for one of us")], max_length=20
                    ),
                ),
                ("body", models.TextField(max_length=5000)),
                (
                    "when",
                    models.CharField(default="in 3 days", help_text="As an agent types it: “friday 9”.", max_length=60),
                ),
                (
                    "unless",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("customer_writes", "the customer writes"),
                                ("we_answer", "one of us answers"),
                                ("solved", "the ticket is solved"),
                                ("reopened", "the ticket is reopened"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "words",
                    models.CharField(
                        help_text="As customers read it: “A first answer within 10 minutes”.", max_length=160
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("first_answer", "First answer within"),
                            ("next_answer", "Every answer within"),
                            ("solved", "Solved within"),
                            ("handed_over", "No transfer without a hand-over note"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "minutes",
                    models.PositiveIntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]
                    ),
                ),
                ("is_round_the_clock", models.BooleanField(default=False, help_text="Count nights and holidays, too.")),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("chat", "Chat"),
                            ("email", "Email"),
                            ("form", "Form"),
                            ("phone", "Phone"),
                            ("api", "API"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[(1, "Low"), (2, "Normal"), (3, "High"), (4, "Urgent")],
                        help_text="From this priority on; empty: all.",
                        null=True,
                    ),
                ),
                (
                    "is_public",
                    models.BooleanField(default=False, help_text="Shown to customers, with how often it was kept."),
                ),
                ("is_on", models.BooleanField(default=True)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="PromiseRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("kept", "Kept"),
                            ("broken", "Broken"),
                            ("void", "Does not count"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("began_at", models.DateTimeField()),
                (
                    "due_at",
                    models.DateTimeField(blank=True, help_text="None: it is a matter of how, not of when.", null=True),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "broken_at",
                    models.DateTimeField(blank=True, help_text="It may be kept late: then both are set.", null=True),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="followup",
            name="follow_up_state_known",
        ),
        migrations.AddField(
            model_name="followup",
            name="assignee",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose task it is; empty: whoever has the ticket.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="tasks",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="body",
            field=models.TextField(blank=True, help_text="What is said, or what is to be done.", max_length=5000),
        ),
        migrations.AddField(
            model_name="followup",
            name="by",
            field=models.ForeignKey(
                blank=True,
                help_text="Who asked for it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="followup",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="time_zone",
            field=models.CharField(blank=True, help_text="The zone that `due_at` was chosen in.", max_length=64),
        ),
        migrations.AddField(
            model_name="followup",
            name="unless",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("customer_writes", "the customer writes"),
                        ("we_answer", "one of us answers"),
                        ("solved", "the ticket is solved"),
                        ("reopened", "the ticket is reopened"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="rootcause",
            name="archived_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="rootcause",
            name="change",
            field=models.CharField(
                blank=True, help_text="What we changed, in a sentence that customers read.", max_length=300
            ),
        ),
        migrations.AddField(
            model_name="rootcause",
            name="fixed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="rootcause",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="root_causes",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="followup",
            name="kind",
            field=models.CharField(
                choices=[
                    ("after_solving", "asks whether all is well"),
                    ("unseen_answers", "sends answers that the customer has not seen in the chat"),
                    ("message", "Message to the customer"),
                    ("task", "Task for one of us"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="followup",
            name="state",
            field=models.CharField(
                choices=[("scheduled", "Scheduled"), ("due", "Due"), ("done", "Done"), ("cancelled", "Cancelled")],
                default="scheduled",
                max_length=10,
            ),
        ),
        migrations.RunSQL(KEEP_THE_MARK, migrations.RunSQL.noop),
        migrations.DeleteModel(
            name="NotifyingMark",
        ),
        migrations.RunSQL(DATE_WHAT_IS_FIXED, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="rootcause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fixed_at__isnull", False), ("state", "fixed")),
                    models.Q(models.Q(("state", "fixed"), _negated=True), ("fixed_at__isnull", True)),
                    _connector="OR",
                ),
                name="root_cause_fixed_has_time",
            ),
        ),
        migrations.AddField(
            model_name="followuptemplate",
            name="team",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: everybody’s.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="template",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="follow_ups",
                to="tickets.followuptemplate",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(models.F("due_at"), condition=models.Q(("state", "due")), name="follow_up_task_due"),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(models.F("ticket"), models.F("due_at"), name="follow_up_of_ticket"),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["scheduled", "due", "done", "cancelled"])),
                name="follow_up_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["message", "task"]), _negated=True),
                    models.Q(("body", ""), _negated=True),
                    _connector="OR",
                ),
                name="follow_up_says_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("state", "due"), _negated=True), ("kind", "task"), _connector="OR"),
                name="follow_up_only_tasks_wait",
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="calendar",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose opening hours count; empty: those of the site that the customer wrote from.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="promises",
                to="accounts.calendar",
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="team",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="promises",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="promiserun",
            name="began",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tickets.event"),
        ),
        migrations.AddField(
            model_name="promiserun",
            name="ended",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tickets.event",
            ),
        ),
        migrations.AddField(
            model_name="promiserun",
            name="promise",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="tickets.promise"
            ),
        ),
        migrations.AddField(
            model_name="promiserun",
            name="ticket",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="promise_runs", to="tickets.ticket"
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("measure", "handed_over"), ("minutes", None)),
                    models.Q(models.Q(("measure", "handed_over"), _negated=True), ("minutes__gte", 1)),
                    _connector="OR",
                ),
                name="promise_has_minutes",
            ),
        ),
        migrations.AddIndex(
            model_name="promiserun",
            index=models.Index(models.F("due_at"), condition=models.Q(("state", "running")), name="promise_run_due"),
        ),
        migrations.AddIndex(
            model_name="promiserun",
            index=models.Index(models.F("ticket"), models.F("began_at"), name="promise_run_of_ticket"),
        ),
        migrations.AddIndex(
            model_name="promiserun",
            index=models.Index(models.F("promise"), models.F("began_at"), name="promise_run_lately"),
        ),
        migrations.AddConstraint(
            model_name="promiserun",
            constraint=models.UniqueConstraint(models.F("promise"), models.F("began"), name="promise_run_once"),
        ),
        migrations.AddConstraint(
            model_name="promiserun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "broken"), _negated=True), ("broken_at__isnull", False), _connector="OR"
                ),
                name="promise_broken_has_time",
            ),
        ),
    ]
