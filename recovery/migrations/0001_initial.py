"""The tables of making good."""

import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0007_language'),
        ('customers', '0003_workspace_in_full'),
        ('tickets', '0015_promises'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Hook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.URLField(max_length=500)),
                ('secret', models.CharField(editable=False, max_length=64)),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('apology', 'Apology by a named person'), ('explanation', 'Explanation'), ('redo', 'Do it again'), ('replacement', 'Replacement'), ('loan', 'Loan or stop-gap until it is right'), ('credit', 'Credit'), ('refund', 'Refund'), ('voucher', 'Voucher'), ('upgrade', 'Upgrade'), ('gift', 'Gift'), ('call', 'Call from a senior person'), ('other', 'Something else')], max_length=12), default=list, size=None)),
                ('is_on', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='TriggerRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('trigger', models.CharField(choices=[('rating', 'A bad rating'), ('promise', 'A broken promise'), ('reopened', 'Reopened again'), ('transfers', 'Passed on too often'), ('unanswered', 'Wrote again and again without an answer'), ('hassle', 'Too much hassle'), ('abandoned', 'Left the queue of a chat'), ('second', 'A second failure'), ('agent', 'An agent’s own judgement')], max_length=12, unique=True)),
                ('is_on', models.BooleanField(default=True)),
                ('threshold', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('cooldown_days', models.PositiveSmallIntegerField(default=30)),
            ],
        ),
        migrations.CreateModel(
            name='Allowance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('agent', 'Agent'), ('lead', 'Lead'), ('manager', 'Manager'), ('admin', 'Admin')], max_length=10, unique=True)),
                ('single', models.DecimalField(decimal_places=4, max_digits=16)),
                ('weekly', models.DecimalField(decimal_places=4, max_digits=16)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('single__gte', 0), ('weekly__gte', 0)), name='allowance_sane')],
            },
        ),
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('detected', 'Detected'), ('contacted', 'Contacted'), ('offered', 'Offered'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('expired', 'Expired'), ('verified', 'Verified'), ('closed', 'Closed')], default='detected', max_length=10)),
                ('trigger', models.CharField(choices=[('rating', 'A bad rating'), ('promise', 'A broken promise'), ('reopened', 'Reopened again'), ('transfers', 'Passed on too often'), ('unanswered', 'Wrote again and again without an answer'), ('hassle', 'Too much hassle'), ('abandoned', 'Left the queue of a chat'), ('second', 'A second failure'), ('agent', 'An agent’s own judgement')], max_length=12)),
                ('why', models.JSONField(default=dict, help_text='The values that the reason is told with.')),
                ('is_second_failure', models.BooleanField(default=False, help_text='Nothing automatic, a senior person, by phone first.')),
                ('arm', models.CharField(choices=[('free', 'As the agent sees fit'), ('holdout', 'Nothing by itself'), ('apology', 'Apology only'), ('money', 'Money'), ('choice', 'A choice')], default='free', max_length=8)),
                ('opened_at', models.DateTimeField()),
                ('contact_due_at', models.DateTimeField()),
                ('resolution_due_at', models.DateTimeField()),
                ('contacted_at', models.DateTimeField(blank=True, null=True)),
                ('offered_at', models.DateTimeField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, help_text='Accepted, declined or expired.', null=True)),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('close_note', models.CharField(blank=True, max_length=500)),
                ('reopened_count', models.PositiveSmallIntegerField(default=0)),
                ('watch_until', models.DateTimeField(blank=True, help_text='Until then their tickets are ours first: priority up, the same agent.', null=True)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recovery_cases', to='customers.customer')),
                ('follows', models.ForeignKey(blank=True, help_text='The first.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='followed_by', to='recovery.case')),
                ('opened_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='recovery_cases', to=settings.AUTH_USER_MODEL)),
                ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='recovery_case', to='tickets.ticket')),
            ],
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('trigger', models.CharField(choices=[('rating', 'A bad rating'), ('promise', 'A broken promise'), ('reopened', 'Reopened again'), ('transfers', 'Passed on too often'), ('unanswered', 'Wrote again and again without an answer'), ('hassle', 'Too much hassle'), ('abandoned', 'Left the queue of a chat'), ('second', 'A second failure'), ('agent', 'An agent’s own judgement')], max_length=12)),
                ('outcome', models.CharField(choices=[('opened', 'Opened a case'), ('open_already', 'There is a case already'), ('cooling', 'Asked not long ago'), ('held_out', 'Held out, to see what happens without'), ('off', 'The trigger is switched off'), ('blocked', 'The customer is blocked'), ('gone', 'The ticket was merged or thrown away')], max_length=12)),
                ('why', models.JSONField(default=dict, help_text='The values that it is told with.')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='decisions', to='recovery.case')),
                ('event', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.event')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recovery_decisions', to='tickets.ticket')),
            ],
        ),
        migrations.CreateModel(
            name='Failure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('money', 'Money: charged wrongly'), ('product', 'Product: wrong or faulty'), ('service', 'Service: done badly or not at all'), ('delay', 'Delay: too late'), ('information', 'Information: wrong or missing'), ('attention', 'Attention: rude or ignored')], max_length=12)),
                ('severity', models.PositiveSmallIntegerField(choices=[(1, 'A nuisance'), (2, 'Annoying'), (3, 'Serious'), (4, 'Grave'), (5, 'A disaster')], validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('is_our_fault', models.BooleanField(blank=True, help_text='Must be answered before an offer.', null=True)),
                ('was_kept', models.BooleanField(default=True, help_text='They kept or used what they got, in spite of it.')),
                ('currency', models.CharField(max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}\\Z', 'Use the three letters of the currency, such as EUR.')])),
                ('value', models.DecimalField(decimal_places=4, help_text='What they paid, or were to pay, for it.', max_digits=16)),
                ('loss', models.DecimalField(decimal_places=4, help_text='What of that they did not get.', max_digits=16)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('noted_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='failure', to='tickets.ticket')),
            ],
        ),
        migrations.CreateModel(
            name='HassleMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('part', models.CharField(choices=[('asked_twice', 'Was asked the same twice'), ('trip', 'Made a trip for nothing')], max_length=16)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hassle_marks', to='tickets.message')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hassle_marks', to='tickets.ticket')),
            ],
        ),
        migrations.CreateModel(
            name='Lot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('trigger', models.CharField(choices=[('rating', 'A bad rating'), ('promise', 'A broken promise'), ('reopened', 'Reopened again'), ('transfers', 'Passed on too often'), ('unanswered', 'Wrote again and again without an answer'), ('hassle', 'Too much hassle'), ('abandoned', 'Left the queue of a chat'), ('second', 'A second failure'), ('agent', 'An agent’s own judgement')], max_length=12)),
                ('arm', models.CharField(choices=[('free', 'As the agent sees fit'), ('holdout', 'Nothing by itself'), ('apology', 'Apology only'), ('money', 'Money'), ('choice', 'A choice')], max_length=8)),
                ('drawn_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recovery_lots', to='customers.customer')),
            ],
        ),
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveSmallIntegerField(default=1)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('awaiting', 'Awaiting approval'), ('sent', 'Sent'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('expired', 'Expired'), ('withdrawn', 'Withdrawn')], default='draft', max_length=10)),
                ('words', models.TextField(help_text="What failed, and that we are sorry, in the agent's own words.", max_length=5000)),
                ('is_commercial', models.BooleanField(default=False, help_text='It carries promotion: whoever unsubscribed gets none.')),
                ('currency', models.CharField(max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}\\Z', 'Use the three letters of the currency, such as EUR.')])),
                ('gap', models.DecimalField(decimal_places=4, help_text='Loss and hassle, when it was made: beyond is value over gap.', max_digits=16)),
                ('nonce', models.UUIDField(default=uuid.uuid4, editable=False, help_text='Its link is signed over this.', unique=True)),
                ('arm', models.CharField(choices=[('free', 'As the agent sees fit'), ('holdout', 'Nothing by itself'), ('apology', 'Apology only'), ('money', 'Money'), ('choice', 'A choice')], default='free', max_length=8)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, choices=[('just_fix', 'Just fix it'), ('call_me', 'Call me'), ('no', 'No, thank you')], max_length=8)),
                ('answer_note', models.CharField(blank=True, help_text='A number to call, or what they said.', max_length=500)),
                ('end_reason', models.CharField(blank=True, max_length=200)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='recovery_offers', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='recovery.case')),
            ],
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(choices=[('reserve', 'Reserved'), ('issue', 'Issued'), ('redeem', 'Redeemed'), ('expire', 'Expired'), ('void', 'Voided')], max_length=8)),
                ('amount', models.DecimalField(decimal_places=4, max_digits=16)),
                ('currency', models.CharField(max_length=3)),
                ('own_amount', models.DecimalField(blank=True, decimal_places=4, max_digits=16, null=True)),
                ('own_currency', models.CharField(max_length=3)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger', to='recovery.offer')),
            ],
        ),
        migrations.CreateModel(
            name='LedgerAlarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=300)),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.CharField(blank=True, help_text='How it was settled.', max_length=500)),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('offer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alarms', to='recovery.offer')),
            ],
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField()),
                ('reasons', models.JSONField(default=list, help_text='Which limits it is beyond: [["single", "25.00", "60.00"], …].')),
                ('amount', models.DecimalField(decimal_places=4, help_text="In the company's currency; the dearest option.", max_digits=16)),
                ('due_at', models.DateTimeField(help_text='Then the deputy is told, too.')),
                ('deputy_told_at', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('asked', 'Asked'), ('granted', 'Approved'), ('refused', 'Refused'), ('moot', 'Not needed any more')], default='asked', max_length=8)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('offer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='approval', to='recovery.offer')),
            ],
        ),
        migrations.CreateModel(
            name='Option',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('kind', models.CharField(choices=[('apology', 'Apology by a named person'), ('explanation', 'Explanation'), ('redo', 'Do it again'), ('replacement', 'Replacement'), ('loan', 'Loan or stop-gap until it is right'), ('credit', 'Credit'), ('refund', 'Refund'), ('voucher', 'Voucher'), ('upgrade', 'Upgrade'), ('gift', 'Gift'), ('call', 'Call from a senior person'), ('other', 'Something else')], max_length=12)),
                ('words', models.CharField(max_length=500)),
                ('value', models.DecimalField(decimal_places=4, help_text="In the offer's currency; what it is worth to the customer.", max_digits=16)),
                ('done_at', models.DateTimeField(blank=True, help_text='When what was promised was done.', null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='options', to='recovery.offer')),
            ],
            options={
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='offer',
            name='chosen',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='recovery.option'),
        ),
        migrations.CreateModel(
            name='Payout',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('pending', 'Waiting'), ('sending', 'Being sent'), ('done', 'Taken by the shop'), ('failed', 'Failed'), ('by_hand', 'Done by hand')], default='pending', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, help_text='What the shop said last.', max_length=200)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('hook', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='payouts', to='recovery.hook')),
                ('option', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='payout', to='recovery.option')),
            ],
        ),
        migrations.CreateModel(
            name='Policy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_stopped', models.BooleanField(default=False, help_text='Nothing leaves: no offer, no survey, no notice.')),
                ('stopped_at', models.DateTimeField(blank=True, null=True)),
                ('target_give', models.PositiveSmallIntegerField(default=4, validators=[django.core.validators.MinValueValidator(1)])),
                ('target_gap', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1)])),
                ('cap_percent', models.PositiveSmallIntegerField(default=150, help_text='No offer is worth more than this share of the price at stake.')),
                ('prices', models.JSONField(blank=True, default=dict, help_text='What each part of the hassle is worth.')),
                ('hassle_threshold', models.DecimalField(decimal_places=4, default=Decimal('15'), help_text='From this hassle on a case opens by itself.', max_digits=16)),
                ('first_touch_hours', models.PositiveSmallIntegerField(default=24)),
                ('resolution_hours', models.PositiveSmallIntegerField(default=48)),
                ('second_failure_days', models.PositiveSmallIntegerField(default=60)),
                ('watch_days', models.PositiveSmallIntegerField(default=30)),
                ('offer_days', models.PositiveSmallIntegerField(default=14, help_text='How long an offer stands.')),
                ('survey_days', models.PositiveSmallIntegerField(default=3, help_text='Days until we ask whether it is right now.')),
                ('approval_hours', models.PositiveSmallIntegerField(default=8, help_text='Then the deputy is asked.')),
                ('daily_cap', models.PositiveIntegerField(default=200, help_text='Mails of this kind in a day, for the company.')),
                ('customer_days', models.PositiveSmallIntegerField(default=30, help_text='A customer gets one unasked mail of this kind in so many days.')),
                ('apology_days', models.PositiveSmallIntegerField(default=90, help_text='At most one apology to a customer in so many days: a second one backfires.')),
                ('quiet_from', models.TimeField(default=datetime.time(20, 0), help_text='In the customer’s zone.')),
                ('quiet_until', models.TimeField(default=datetime.time(8, 0))),
                ('customer_cap', models.DecimalField(decimal_places=4, default=Decimal('300'), help_text='For one customer in 90 days; beyond it, approval.', max_digits=16)),
                ('holdout_percent', models.PositiveSmallIntegerField(default=5, validators=[django.core.validators.MaxValueValidator(50)])),
                ('variants', models.JSONField(blank=True, default=dict, help_text='Shares of apology, money and choice, where they are compared.')),
                ('only_row', models.BooleanField(default=True, editable=False, unique=True)),
                ('stopped_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Pool',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('currency', models.CharField(max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}\\Z', 'Use the three letters of the currency, such as EUR.')])),
                ('value', models.DecimalField(decimal_places=4, max_digits=16)),
                ('codes_expire_at', models.DateTimeField(blank=True, null=True)),
                ('warn_below', models.PositiveIntegerField(default=10, help_text='Say so when fewer codes are left.')),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('value__gt', 0)), name='pool_value_positive')],
            },
        ),
        migrations.CreateModel(
            name='Rate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3, unique=True, validators=[django.core.validators.RegexValidator('^[A-Z]{3}\\Z', 'Use the three letters of the currency, such as EUR.')])),
                ('rate', models.DecimalField(decimal_places=8, max_digits=18)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['currency'],
            },
        ),
        migrations.CreateModel(
            name='Remedy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('apology', 'Apology by a named person'), ('explanation', 'Explanation'), ('redo', 'Do it again'), ('replacement', 'Replacement'), ('loan', 'Loan or stop-gap until it is right'), ('credit', 'Credit'), ('refund', 'Refund'), ('voucher', 'Voucher'), ('upgrade', 'Upgrade'), ('gift', 'Gift'), ('call', 'Call from a senior person'), ('other', 'Something else')], max_length=12)),
                ('name', models.CharField(help_text='As our people find it.', max_length=80)),
                ('words', models.CharField(help_text='As the customer reads it.', max_length=500)),
                ('currency', models.CharField(blank=True, help_text="Empty: the company's.", max_length=3)),
                ('value', models.DecimalField(blank=True, decimal_places=4, help_text='Empty: what fills the gap, within the limits.', max_digits=16, null=True)),
                ('failures', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('money', 'Money: charged wrongly'), ('product', 'Product: wrong or faulty'), ('service', 'Service: done badly or not at all'), ('delay', 'Delay: too late'), ('information', 'Information: wrong or missing'), ('attention', 'Attention: rude or ignored')], max_length=12), blank=True, default=list, size=None)),
                ('severity_from', models.PositiveSmallIntegerField(default=1)),
                ('severity_to', models.PositiveSmallIntegerField(default=5)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('is_owed', models.BooleanField(default=False, help_text='Law or contract grants it anyway: never held out.')),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('pool', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='remedies', to='recovery.pool')),
            ],
            options={
                'verbose_name_plural': 'remedies',
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='option',
            name='remedy',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='options', to='recovery.remedy'),
        ),
        migrations.CreateModel(
            name='Survey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('scheduled', 'Scheduled'), ('sent', 'Sent'), ('answered', 'Answered'), ('cancelled', 'Cancelled'), ('expired', 'Expired')], default='scheduled', max_length=10)),
                ('nonce', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('due_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=120)),
                ('is_right', models.BooleanField(blank=True, help_text='Is it right now?', null=True)),
                ('satisfaction', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('fairness', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('ease', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('treatment', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('effort', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('comment', models.CharField(blank=True, max_length=2000)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='surveys', to='recovery.case')),
                ('offer', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='survey', to='recovery.offer')),
            ],
        ),
        migrations.CreateModel(
            name='TeamBudget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('monthly', models.DecimalField(decimal_places=4, max_digits=16)),
                ('deputy', models.ForeignKey(blank=True, help_text='Approves when nobody else does.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='recovery_budget', to='accounts.team')),
            ],
        ),
        migrations.CreateModel(
            name='Telling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.TextField(max_length=5000)),
                ('since', models.DateTimeField(help_text='Whoever suffered it from then on is told.')),
                ('send_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('stopped_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('cause', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tellings', to='tickets.rootcause')),
            ],
        ),
        migrations.CreateModel(
            name='TellingRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('told', 'Told'), ('left_out', 'Left out')], default='waiting', max_length=8)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='customers.customer')),
                ('telling', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='recovery.telling')),
                ('ticket', models.ForeignKey(help_text='The newest one with it.', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket')),
            ],
        ),
        migrations.CreateModel(
            name='Voucher',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=80)),
                ('state', models.CharField(choices=[('free', 'In stock'), ('held', 'Held for an offer'), ('issued', 'Issued'), ('redeemed', 'Redeemed'), ('void', 'Withdrawn')], default='free', max_length=8)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('option', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='voucher', to='recovery.option')),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='vouchers', to='recovery.pool')),
            ],
        ),
        migrations.CreateModel(
            name='Watch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='watched', to='recovery.case')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket')),
            ],
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.F('resolution_due_at'), condition=models.Q(('state', 'closed'), _negated=True), name='case_due'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.F('owner'), models.F('resolution_due_at'), condition=models.Q(('state', 'closed'), _negated=True), name='case_of_owner'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.F('customer'), models.F('opened_at'), name='case_of_customer'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.F('opened_at'), name='case_lately'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.F('watch_until'), condition=models.Q(('watch_until__isnull', False)), name='case_watched'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state', 'closed')), models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at__isnull', True)), _connector='OR'), name='case_closed_has_time'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(models.OrderBy(models.F('at'), descending=True), name='decision_newest'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(models.F('ticket'), name='decision_on_ticket'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.UniqueConstraint(models.F('trigger'), models.F('event'), name='decision_once_per_event'),
        ),
        migrations.AddIndex(
            model_name='failure',
            index=models.Index(models.F('noted_at'), name='failure_lately'),
        ),
        migrations.AddConstraint(
            model_name='failure',
            constraint=models.CheckConstraint(condition=models.Q(('severity__gte', 1), ('severity__lte', 5)), name='failure_severity'),
        ),
        migrations.AddConstraint(
            model_name='failure',
            constraint=models.CheckConstraint(condition=models.Q(('loss__gte', 0), ('loss__lte', models.F('value')), ('value__gte', 0)), name='failure_loss_within'),
        ),
        migrations.AddIndex(
            model_name='hasslemark',
            index=models.Index(models.F('ticket'), name='hassle_mark_of'),
        ),
        migrations.AddConstraint(
            model_name='hasslemark',
            constraint=models.UniqueConstraint(models.F('message'), models.F('part'), name='hassle_marked_once'),
        ),
        migrations.AddConstraint(
            model_name='hasslemark',
            constraint=models.CheckConstraint(condition=models.Q(('part__in', ['asked_twice', 'trip'])), name='hassle_mark_known'),
        ),
        migrations.AddConstraint(
            model_name='lot',
            constraint=models.UniqueConstraint(models.F('customer'), models.F('trigger'), name='lot_drawn_once'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(models.F('at'), name='ledger_lately'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(models.F('offer'), models.F('step'), name='ledger_step_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(models.F('offer'), condition=models.Q(('step__in', ['redeem', 'expire', 'void'])), name='ledger_one_end'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='ledger_amount_sane'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('step__in', ['reserve', 'issue', 'redeem', 'expire', 'void'])), name='ledger_step_known'),
        ),
        migrations.AddConstraint(
            model_name='ledgeralarm',
            constraint=models.UniqueConstraint(models.F('offer'), models.F('what'), condition=models.Q(('settled_at', None)), name='alarm_once'),
        ),
        migrations.AddIndex(
            model_name='approval',
            index=models.Index(models.F('due_at'), condition=models.Q(('state', 'asked')), name='approval_waiting'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by', None), ('asked_by', None), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='approval_by_another'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['granted', 'refused']), _negated=True), ('decided_at__isnull', False), _connector='OR'), name='approval_decided_has_time'),
        ),
        migrations.AddIndex(
            model_name='offer',
            index=models.Index(models.F('expires_at'), condition=models.Q(('state', 'sent')), name='offer_expiring'),
        ),
        migrations.AddIndex(
            model_name='offer',
            index=models.Index(models.F('by'), models.F('made_at'), name='offer_by_lately'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.UniqueConstraint(models.F('case'), models.F('version'), name='offer_version_once'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.UniqueConstraint(models.F('case'), condition=models.Q(('state__in', ['draft', 'awaiting', 'sent'])), name='offer_one_is_live'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('chosen__isnull', False), ('state', 'accepted')), models.Q(models.Q(('state', 'accepted'), _negated=True), ('chosen', None)), _connector='OR'), name='offer_accepted_has_choice'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), models.Q(('expires_at__isnull', False), ('sent_at__isnull', False)), _connector='OR'), name='offer_sent_has_times'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('gap__gte', 0)), name='offer_gap_sane'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(models.F('next_at'), condition=models.Q(('state__in', ['pending', 'sending'])), name='payout_due'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('only_row', True)), name='policy_is_single'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('holdout_percent__lte', 50), ('target_gap__gte', 1), ('target_give__gte', 1)), name='policy_sane'),
        ),
        migrations.AddConstraint(
            model_name='rate',
            constraint=models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='rate_positive'),
        ),
        migrations.AddConstraint(
            model_name='remedy',
            constraint=models.CheckConstraint(condition=models.Q(('value', None), ('value__gte', 0), _connector='OR'), name='remedy_value_sane'),
        ),
        migrations.AddConstraint(
            model_name='remedy',
            constraint=models.CheckConstraint(condition=models.Q(('severity_from__gte', 1), ('severity_from__lte', models.F('severity_to')), ('severity_to__lte', 5)), name='remedy_severity_sane'),
        ),
        migrations.AddConstraint(
            model_name='remedy',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'voucher'), _negated=True), ('pool__isnull', False), _connector='OR'), name='remedy_voucher_has_pool'),
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.UniqueConstraint(models.F('offer'), models.F('position'), name='option_position_once'),
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.CheckConstraint(condition=models.Q(('value__gte', 0)), name='option_value_sane'),
        ),
        migrations.AddIndex(
            model_name='survey',
            index=models.Index(models.F('due_at'), condition=models.Q(('state', 'scheduled')), name='survey_due'),
        ),
        migrations.AddConstraint(
            model_name='survey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('satisfaction', None), models.Q(('satisfaction__gte', 1), ('satisfaction__lte', 5)), _connector='OR'), models.Q(('fairness', None), models.Q(('fairness__gte', 1), ('fairness__lte', 5)), _connector='OR'), models.Q(('ease', None), models.Q(('ease__gte', 1), ('ease__lte', 5)), _connector='OR'), models.Q(('treatment', None), models.Q(('treatment__gte', 1), ('treatment__lte', 5)), _connector='OR'), models.Q(('effort', None), models.Q(('effort__gte', 1), ('effort__lte', 5)), _connector='OR')), name='survey_one_to_five'),
        ),
        migrations.AddConstraint(
            model_name='survey',
            constraint=models.UniqueConstraint(models.F('case'), condition=models.Q(('state__in', ['scheduled', 'sent'])), name='survey_one_open'),
        ),
        migrations.AddConstraint(
            model_name='teambudget',
            constraint=models.CheckConstraint(condition=models.Q(('monthly__gte', 0)), name='team_budget_sane'),
        ),
        migrations.AddIndex(
            model_name='telling',
            index=models.Index(models.F('send_at'), condition=models.Q(('ended_at', None), ('stopped_at', None)), name='telling_due'),
        ),
        migrations.AddIndex(
            model_name='tellingrow',
            index=models.Index(models.F('telling'), models.F('id'), condition=models.Q(('state', 'waiting')), name='telling_waiting'),
        ),
        migrations.AddConstraint(
            model_name='tellingrow',
            constraint=models.UniqueConstraint(models.F('telling'), models.F('customer'), name='told_once'),
        ),
        migrations.AddIndex(
            model_name='voucher',
            index=models.Index(models.F('pool'), models.F('id'), condition=models.Q(('state', 'free')), name='voucher_in_stock'),
        ),
        migrations.AddConstraint(
            model_name='voucher',
            constraint=models.UniqueConstraint(models.F('pool'), models.F('code'), name='voucher_code_once'),
        ),
        migrations.AddConstraint(
            model_name='voucher',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('option', None), ('state', 'free')), ('state', 'void'), models.Q(models.Q(('state', 'free'), _negated=True), ('option__isnull', False)), _connector='OR'), name='voucher_given_has_option'),
        ),
        migrations.AddConstraint(
            model_name='watch',
            constraint=models.UniqueConstraint(models.F('case'), models.F('ticket'), name='watched_once'),
        ),
    ]
