DROP VIEW ops.index_bloat;
