"""Whether a visitor agreed to what is kept of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_live_chat")]

    operations = [
        migrations.AddField(
            model_name="visitor",
            name="has_consented",
            field=models.BooleanField(editable=False, help_text="To what is kept of them, if asked.", null=True),
        ),
    ]
