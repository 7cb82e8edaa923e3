-- role: platform_audit
-- The partitions of the audit log, which are platform_audit's: made half a year ahead, dropped after two years. The
-- same steps as in partitions.sql.
SELECT run FROM ops.partitions_to_drain();

SELECT run FROM ops.partitions_to_create();

SELECT run FROM ops.partitions_to_purge();

SELECT run FROM ops.partitions_to_expire();

SELECT ops.check_partitions();
