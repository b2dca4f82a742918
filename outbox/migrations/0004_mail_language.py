from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0003_shown_recipients'),
    ]

    operations = [
        migrations.AddField(
            model_name='mail',
            name='language',
            field=models.CharField(default='en', max_length=10),
        ),
    ]
