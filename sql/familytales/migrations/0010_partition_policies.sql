-- What is kept of the partitioned tables. It sets storage parameters of existing partitions, which keeps VACUUM,
-- ANALYZE and changes of the tables away for a moment, and nobody else.
--
-- A memory is never deleted by age. A year of them is detached seven years after its end, and can be brought back.
-- Autovacuum settings stand at the partitions, for a partitioned table takes none; a fifth of a year, the default,
-- would leave statistics behind for months.

INSERT INTO ops.partition_policy (parent, every, premake, keep, on_expiry, leaf_options, prefix)
VALUES ('familytales.content_segments', '1 year', 3, '7 years', 'detach',
        ARRAY['autovacuum_vacuum_scale_factor=0.1', 'autovacuum_analyze_scale_factor=0.05'], 'content_segments');
