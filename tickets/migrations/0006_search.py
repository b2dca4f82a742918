"""What the search box looks in, and the triggers that notice whenever words of a ticket change.

Triggers rather than lines in actions: a customer is renamed in an app that knows no tickets, a tag or a file may come
from anywhere, and whatever is forgotten would be found by nobody. They only add to a list, which takes microseconds;
`tickets.actions.index_due` does the work a moment later. Batches have one row per ticket and statement.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

FUNCTIONS = """
CREATE FUNCTION words_due_by_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'tickets_ticket' THEN
        INSERT INTO tickets_wordsdue (number) SELECT number FROM changed;
    ELSE
        INSERT INTO tickets_wordsdue (number) SELECT DISTINCT ticket_id FROM changed;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION words_due_by_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'tickets_ticket' THEN
        INSERT INTO tickets_wordsdue (number) VALUES (NEW.number);
    ELSE
        INSERT INTO tickets_wordsdue (number) VALUES (NEW.ticket_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION words_due_by_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO tickets_wordsdue (number) SELECT ticket_id FROM tickets_message WHERE id = OLD.message_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tickets_wordsdue (number) SELECT ticket_id FROM tickets_message WHERE id = NEW.message_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION words_due_by_tag() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_wordsdue (number) SELECT ticket_id FROM tickets_ticket_tags WHERE tag_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION words_due_by_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_wordsdue (number) SELECT number FROM tickets_ticket WHERE customer_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION words_due_by_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO tickets_wordsdue (number) SELECT number FROM tickets_ticket WHERE customer_id = OLD.customer_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tickets_wordsdue (number) SELECT number FROM tickets_ticket WHERE customer_id = NEW.customer_id;
    END IF;
    RETURN NULL;
END $$;
"""
NO_FUNCTIONS = """
DROP FUNCTION words_due_by_statement() CASCADE;
DROP FUNCTION words_due_by_ticket() CASCADE;
DROP FUNCTION words_due_by_file() CASCADE;
DROP FUNCTION words_due_by_tag() CASCADE;
DROP FUNCTION words_due_by_customer() CASCADE;
DROP FUNCTION words_due_by_address() CASCADE;
"""
TRIGGERS = """
CREATE TRIGGER words_due_added AFTER INSERT ON tickets_message
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION words_due_by_statement();
CREATE TRIGGER words_due_deleted AFTER DELETE ON tickets_message
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION words_due_by_statement();
CREATE TRIGGER words_due_changed AFTER UPDATE OF body, kind, ticket_id ON tickets_message
    FOR EACH ROW WHEN (OLD.body <> NEW.body OR OLD.kind <> NEW.kind) EXECUTE FUNCTION words_due_by_ticket();

CREATE TRIGGER words_due_added AFTER INSERT ON tickets_ticket
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION words_due_by_statement();
CREATE TRIGGER words_due_changed AFTER UPDATE OF subject, customer_id ON tickets_ticket
    FOR EACH ROW WHEN (OLD.subject <> NEW.subject OR OLD.customer_id <> NEW.customer_id)
    EXECUTE FUNCTION words_due_by_ticket();

CREATE TRIGGER words_due_added AFTER INSERT ON tickets_ticket_tags
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION words_due_by_statement();
CREATE TRIGGER words_due_deleted AFTER DELETE ON tickets_ticket_tags
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION words_due_by_statement();
CREATE TRIGGER words_due_changed AFTER UPDATE OF name ON tickets_tag
    FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION words_due_by_tag();

CREATE TRIGGER words_due_added AFTER INSERT ON tickets_attachment
    FOR EACH ROW WHEN (NEW.message_id IS NOT NULL) EXECUTE FUNCTION words_due_by_file();
CREATE TRIGGER words_due_changed AFTER UPDATE OF name, message_id ON tickets_attachment
    FOR EACH ROW WHEN (OLD.name <> NEW.name OR OLD.message_id IS DISTINCT FROM NEW.message_id)
    EXECUTE FUNCTION words_due_by_file();
CREATE TRIGGER words_due_deleted AFTER DELETE ON tickets_attachment
    FOR EACH ROW WHEN (OLD.message_id IS NOT NULL) EXECUTE FUNCTION words_due_by_file();

CREATE TRIGGER words_due_changed AFTER UPDATE OF name ON customers_customer
    FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION words_due_by_customer();
CREATE TRIGGER words_due_changed AFTER INSERT OR UPDATE OF email, customer_id OR DELETE ON customers_address
    FOR EACH ROW EXECUTE FUNCTION words_due_by_address();
"""
# Everything there is, the newest last: those are read first.
BACKFILL = "INSERT INTO tickets_wordsdue (number) SELECT number FROM tickets_ticket ORDER BY number"


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_live_chat"),
        ("tickets", "0005_workspace"),
    ]

    operations = [
        migrations.CreateModel(
            name="WordsDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
            ],
            options={"verbose_name_plural": "words due"},
        ),
        migrations.CreateModel(
            name="TicketWords",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="tickets.ticket",
                    ),
                ),
                ("vector", django.contrib.postgres.search.SearchVectorField()),
            ],
        ),
        migrations.AddIndex(
            model_name="ticketwords",
            index=django.contrib.postgres.indexes.GinIndex("vector", name="ticket_words"),
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
    ]
