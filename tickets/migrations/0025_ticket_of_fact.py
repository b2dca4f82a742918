"""What reports ask of each ticket by its number, from an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0024_ticket_of_assignee")]

    operations = [
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["number"], include=("root_cause", "customer"), name="ticket_of_fact"),
        ),
    ]
