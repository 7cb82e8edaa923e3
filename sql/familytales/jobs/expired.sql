-- What was for once and is over: invitations a month after they expired or were revoked, and uploads that were put
-- nowhere for a week (their objects are put down to be deleted from S3). In portions, each a transaction of its own, so
-- that the first run on a table of years holds nothing up. The conditions stand twice: a row that somebody has just
-- changed is looked at once more, by those of the DELETE alone.
SELECT 'DELETE FROM familytales.family_invites WHERE id = ANY (ARRAY(SELECT id FROM familytales.family_invites'
       ' WHERE accepted_at IS NULL AND least(expires_at, revoked_at) < now() - interval ''30 days'' LIMIT 5000))'
       ' AND accepted_at IS NULL AND least(expires_at, revoked_at) < now() - interval ''30 days''' AS run
  FROM generate_series(1, (SELECT (count(*) + 4999) / 5000 FROM familytales.family_invites
                            WHERE accepted_at IS NULL
                              AND least(expires_at, revoked_at) < now() - interval '30 days'));

SELECT 'DELETE FROM familytales.media_objects WHERE id = ANY (ARRAY(SELECT id FROM familytales.media_objects'
       ' WHERE memory_book_id IS NULL AND created_at < now() - interval ''7 days'' LIMIT 1000))'
       ' AND memory_book_id IS NULL' AS run
  FROM generate_series(1, (SELECT (count(*) + 999) / 1000 FROM familytales.media_objects
                            WHERE memory_book_id IS NULL
                              AND created_at < now() - interval '7 days'));
