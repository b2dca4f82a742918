"""What was said on a ticket is found on the one that it was merged into: both are due when that changes."""

from django.db import migrations

TRIGGER = """
CREATE FUNCTION words_due_by_merging() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_wordsdue (number)
    SELECT number FROM unnest(ARRAY[OLD.merged_into_id, NEW.merged_into_id]) AS number WHERE number IS NOT NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER words_due_merged AFTER UPDATE OF merged_into_id ON tickets_ticket
    FOR EACH ROW WHEN (OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id)
    EXECUTE FUNCTION words_due_by_merging();
"""
# Of a column that is new to a large table the planner knows nothing, and would read all of it each time.
KNOW_THE_COLUMN = "ANALYZE tickets_ticket (merged_into_id)"


class Migration(migrations.Migration):
    dependencies = [("tickets", "0008_merging")]

    operations = [
        migrations.RunSQL(TRIGGER, "DROP FUNCTION words_due_by_merging() CASCADE"),
        migrations.RunSQL(KNOW_THE_COLUMN, migrations.RunSQL.noop),
    ]
