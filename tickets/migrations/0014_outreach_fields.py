from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0013_search_before")]

    operations = [
        migrations.AddField(
            "outreach",
            "fields",
            models.JSONField(blank=True, default=dict, help_text="What the company's own fields hold on each ticket."),
        ),
    ]
