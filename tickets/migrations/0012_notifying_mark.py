"""What happened before is told to nobody: the mark begins at the newest event."""

from django.db import migrations, models

BEGIN = """
INSERT INTO tickets_notifyingmark (done_id, seen_id, seen_xid, only_row)
SELECT COALESCE(MAX(id), 0), COALESCE(MAX(id), 0), 0, true FROM tickets_event
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0011_copied")]

    operations = [
        migrations.CreateModel(
            name="NotifyingMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "done_id",
                    models.BigIntegerField(help_text="Of all events up to this one those concerned were told."),
                ),
                ("seen_id", models.BigIntegerField(help_text="The newest event of an earlier look.")),
                (
                    "seen_xid",
                    models.BigIntegerField(help_text="Events up to `seen_id` are of transactions before this one."),
                ),
                ("only_row", models.BooleanField(default=True, editable=False, unique=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("only_row", True)), name="notifying_mark_is_single")
                ]
            },
        ),
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
    ]
