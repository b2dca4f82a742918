"""Whose an address is, found at once: its trigrams are those of all addresses with the same provider."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_workspace_in_full")]

    operations = [
        migrations.AddIndex(
            "address", models.Index(django.db.models.functions.text.Upper("email"), name="address_exactly")
        ),
    ]
