-- statement-timeout: 6h
-- Autovacuum does this all the time; once a week, at night, for tables that are mostly added to, so that index-only
-- scans and the planner find them in order. Of the partitions, those that still change: this year's and the last one. A
-- table that somebody else is at is passed over.
VACUUM (ANALYZE, SKIP_LOCKED) familytales.users;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.families;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.family_members;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.memory_books;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.threads;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.thread_participants;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.segment_ids;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.content_tags;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.content_links;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.photo_narrations;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.media_objects;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.media_deletions;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.family_invites;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.archived_segments;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.archived_partitions;

VACUUM (ANALYZE, SKIP_LOCKED) familytales.segment_words;

SELECT format('VACUUM (ANALYZE, SKIP_LOCKED) %s', partition) AS run
  FROM ops.partition_bounds('familytales.content_segments')
 WHERE is_default
    OR (upper_bound > now() - interval '1 year' AND lower_bound <= now())
 ORDER BY lower_bound NULLS LAST;

ANALYZE familytales.content_segments;
