-- statement-timeout: 6h
-- Indexes of more than 100 MB, half of which is not needed any more, are built anew beside the old ones, one by one;
-- nobody waits for that.
--
-- What an interrupted run has left behind goes first: an index that is not valid and has the name of such, be it the new
-- one, or the old one whose place the new one has taken.
SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) AS run
  FROM pg_catalog.pg_index
  JOIN pg_catalog.pg_class AS index ON index.oid = indexrelid
 WHERE NOT indisvalid
   AND index.relname ~ '_cc(new|old)[0-9]*$'
   AND index.relowner = current_user::regrole;

SELECT format('REINDEX INDEX CONCURRENTLY %s', index) AS run
  FROM ops.index_bloat
 WHERE bytes > 100000000
   AND bloat > 0.5
 ORDER BY bytes DESC;
