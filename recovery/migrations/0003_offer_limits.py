"""What the database keeps of offers beside the ledger: four eyes, and that what is reserved stays as it was."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Nobody says yes or no to what they wrote themselves, whoever asked for it.
FOUR_EYES = """
CREATE FUNCTION approval_by_other_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    author recovery_offer.by_id%TYPE;
BEGIN
    IF NEW.state IN ('granted', 'refused') AND (TG_OP = 'INSERT' OR OLD.state <> NEW.state) THEN
        SELECT by_id INTO author FROM recovery_offer WHERE id = NEW.offer_id;
        IF NEW.decided_by_id IS NULL OR NEW.decided_by_id = author OR NEW.decided_by_id = NEW.asked_by_id THEN
            RAISE EXCEPTION 'somebody else decides' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_by_other_eyes BEFORE INSERT OR UPDATE ON recovery_approval
    FOR EACH ROW EXECUTE FUNCTION approval_by_other_eyes();
"""
# Once money stands in the ledger for an offer, neither its currency nor what its options are worth can change.
FIXED = """
CREATE FUNCTION offer_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM recovery_ledgerentry WHERE offer_id = OLD.id) THEN
        RAISE EXCEPTION 'its money is in the ledger' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER offer_is_fixed BEFORE UPDATE OF currency ON recovery_offer
    FOR EACH ROW WHEN (OLD.currency IS DISTINCT FROM NEW.currency) EXECUTE FUNCTION offer_is_fixed();
CREATE FUNCTION option_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND EXISTS (SELECT FROM recovery_ledgerentry WHERE offer_id = OLD.offer_id)
       OR TG_OP <> 'DELETE' AND EXISTS (SELECT FROM recovery_ledgerentry WHERE offer_id = NEW.offer_id) THEN
        RAISE EXCEPTION 'its money is in the ledger' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER option_is_not_added BEFORE INSERT OR DELETE ON recovery_option
    FOR EACH ROW EXECUTE FUNCTION option_is_fixed();
CREATE TRIGGER option_is_fixed BEFORE UPDATE OF value, offer_id ON recovery_option
    FOR EACH ROW WHEN (OLD.value <> NEW.value OR OLD.offer_id <> NEW.offer_id) EXECUTE FUNCTION option_is_fixed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_breathers"),
        ("recovery", "0002_ledger"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="ledgeralarm",
            name="alarm_once",
        ),
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="ledger_amount_sane",
        ),
        migrations.RemoveConstraint(
            model_name="offer",
            name="offer_gap_sane",
        ),
        migrations.RemoveConstraint(
            model_name="option",
            name="option_value_sane",
        ),
        migrations.AddField(
            model_name="offer",
            name="team",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose budget it is: the ticket's team when it was sent, wherever the ticket goes later.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.team",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgeralarm",
            constraint=models.UniqueConstraint(
                models.F("offer"),
                models.F("what"),
                condition=models.Q(("settled_at", None)),
                name="alarm_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0), ("amount__lt", 1000000000000)), name="ledger_amount_sane"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("own_amount", None),
                    models.Q(("own_amount__gte", 0), ("own_amount__lt", 1000000000000)),
                    _connector="OR",
                ),
                name="ledger_own_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(("gap__gte", 0), ("gap__lt", 1000000000000)), name="offer_gap_sane"
            ),
        ),
        migrations.AddConstraint(
            model_name="option",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__gte", 0), ("value__lt", 1000000000000)), name="option_value_sane"
            ),
        ),
        migrations.RunSQL(FOUR_EYES, "DROP FUNCTION approval_by_other_eyes() CASCADE"),
        migrations.RunSQL(FIXED, "DROP FUNCTION offer_is_fixed() CASCADE; DROP FUNCTION option_is_fixed() CASCADE"),
    ]
