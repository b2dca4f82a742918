"""The indexes with which `before:` and `tag:` begin at the right end, however many tickets there are."""

from django.db import migrations, models

# The newest tickets with a tag first. Django's own index knows only which tickets have it.
BY_TAG = "CREATE INDEX ticket_tags_newest ON tickets_ticket_tags (tag_id, ticket_id)"


class Migration(migrations.Migration):
    dependencies = [("tickets", "0017_follow_ups_told")]

    operations = [
        migrations.AddIndex("ticket", models.Index(models.F("number") / 1000, "created_at", name="ticket_thousands")),
        migrations.RemoveIndex("ticket", "ticket_number_created"),
        migrations.RunSQL(BY_TAG, "DROP INDEX ticket_tags_newest"),
    ]
