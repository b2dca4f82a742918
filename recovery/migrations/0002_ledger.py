"""The ledger keeps itself: what is written stays, and only the step that comes next can be written."""

from django.db import migrations

KEPT = """
CREATE FUNCTION ledger_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_is_kept BEFORE UPDATE OR DELETE ON recovery_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION ledger_is_kept();
CREATE TRIGGER ledger_is_not_emptied BEFORE TRUNCATE ON recovery_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_kept();
"""
# The offer's row is locked, so that two steps of it are written one after the other and each sees the other.
IN_ORDER = """
CREATE FUNCTION ledger_is_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reserved recovery_ledgerentry.amount%TYPE;
    issued recovery_ledgerentry.amount%TYPE;
    has_ended boolean;
    offered_in recovery_offer.currency%TYPE;
BEGIN
    SELECT currency INTO offered_in FROM recovery_offer WHERE id = NEW.offer_id FOR NO KEY UPDATE;
    SELECT max(amount) FILTER (WHERE step = 'reserve'), max(amount) FILTER (WHERE step = 'issue'),
           coalesce(bool_or(step IN ('redeem', 'expire', 'void')), false)
      INTO reserved, issued, has_ended FROM recovery_ledgerentry WHERE offer_id = NEW.offer_id;
    IF NEW.currency <> offered_in THEN
        RAISE EXCEPTION 'another currency than the offer' USING ERRCODE = 'check_violation';
    ELSIF has_ended THEN
        RAISE EXCEPTION 'the offer''s money has come to its end' USING ERRCODE = 'check_violation';
    ELSIF NEW.step = 'reserve' AND issued IS NOT NULL OR NEW.step <> 'reserve' AND reserved IS NULL THEN
        RAISE EXCEPTION 'nothing is reserved' USING ERRCODE = 'check_violation';
    ELSIF NEW.step = 'issue' AND NEW.amount > reserved THEN
        RAISE EXCEPTION 'more than is reserved' USING ERRCODE = 'check_violation';
    ELSIF NEW.step = 'redeem' AND issued IS NULL THEN
        RAISE EXCEPTION 'nothing is issued' USING ERRCODE = 'check_violation';
    ELSIF NEW.step IN ('redeem', 'expire', 'void') AND NEW.amount <> coalesce(issued, reserved) THEN
        RAISE EXCEPTION 'not what is left' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_is_in_order BEFORE INSERT ON recovery_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION ledger_is_in_order();
"""


class Migration(migrations.Migration):
    dependencies = [("recovery", "0001_initial")]

    operations = [
        migrations.RunSQL(KEPT, "DROP FUNCTION ledger_is_kept() CASCADE"),
        migrations.RunSQL(IN_ORDER, "DROP FUNCTION ledger_is_in_order() CASCADE"),
    ]
