-- Partitions as ops.partition_policy wants them: rows without one get theirs, those ahead are made, what came back from
-- the archive is counted again, and what has expired is counted out and goes there. That comes last, since an open
-- report can keep it waiting. Each statement that a query writes is a transaction of its own; what cannot be done fails
-- the last one.
SELECT run FROM ops.partitions_to_drain();

SELECT run FROM ops.partitions_to_create();

SELECT run FROM ops.partitions_to_purge();

SELECT run FROM familytales.segments_to_return();

SELECT run FROM familytales.segments_to_retire();

SELECT run FROM ops.partitions_to_expire();

SELECT ops.check_partitions();
