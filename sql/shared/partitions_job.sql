-- Partitions as ops.partition_policy wants them: rows without one get theirs, those ahead are made, and what has
-- expired goes. Each statement that a query writes is a transaction of its own; what cannot be done fails the last
-- one.
SELECT run FROM ops.partitions_to_drain();

SELECT run FROM ops.partitions_to_create();

SELECT run FROM ops.partitions_to_purge();

SELECT run FROM ops.partitions_to_expire();

SELECT ops.check_partitions();
