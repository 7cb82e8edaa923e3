-- The two views of the design. They run with the rights of whoever asks, so that row level security holds in them.

-- An address is told as familytales.email_of tells it: one's own, and to administrators.
CREATE VIEW familytales.active_family_members WITH (security_invoker = true, security_barrier = true) AS
SELECT member.id, member.family_id, member.user_id, member.role, member.joined_at, member.invited_by,
       member.is_active, member.permissions, member.can_post, member.can_edit, member.can_delete, member.can_invite,
       member.can_admin, member.can_download,
       account.display_name,
       familytales.email_of(account.id) AS email,
       account.avatar_url,
       family.name AS family_name
  FROM familytales.family_members AS member
  JOIN familytales.users AS account ON account.id = member.user_id
  JOIN familytales.families AS family ON family.id = member.family_id
 WHERE member.is_active
   AND account.is_active
   AND family.is_active;

-- From counters that are kept with every change: the design counted every segment of every family to list six books.
-- (With a second item in its FROM, a view is written alike by all versions: before 16, one table's columns are
-- qualified, and an upgrade would look like a change.)
CREATE VIEW familytales.memory_book_stats WITH (security_invoker = true) AS
SELECT book.id, book.family_id, book.title, book.thread_count, book.segment_count, book.contributor_count,
       latest.last_activity, book.photo_count, book.audio_count
  FROM familytales.memory_books AS book
 CROSS JOIN LATERAL (SELECT book.last_activity_at AS last_activity) AS latest;

GRANT SELECT ON familytales.active_family_members, familytales.memory_book_stats TO familytales_app;
