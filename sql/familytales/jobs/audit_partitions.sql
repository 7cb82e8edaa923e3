-- role: familytales_audit
-- The partitions of the audit log, which are familytales_audit's: made half a year ahead, dropped after two years.
SELECT run FROM ops.partitions_to_drain();

SELECT run FROM ops.partitions_to_create();

SELECT run FROM ops.partitions_to_purge();

SELECT run FROM ops.partitions_to_expire();

SELECT ops.check_partitions();
