SELECT member.family_id, member.user_id, member.role, account.display_name, account.last_login_at,
       coalesce(recent.segments, 0) AS recent_segments, recent.latest AS last_contribution
  FROM familytales.family_members AS member
  JOIN familytales.users AS account ON account.id = member.user_id
  JOIN familytales.family_members AS me ON me.family_id = member.family_id AND me.user_id = %(user)s AND me.is_active
  JOIN familytales.families AS family ON family.id = me.family_id AND family.is_active
  JOIN familytales.users AS asker ON asker.id = me.user_id AND asker.is_active
  LEFT JOIN (SELECT segment.user_id, count(*) AS segments, max(segment.created_at) AS latest
               FROM familytales.content_segments AS segment
               JOIN familytales.memory_books AS book ON book.id = segment.memory_book_id
                                                    AND (book.privacy <> 'private' OR book.created_by = %(user)s)
              WHERE segment.family_id = %(family)s
                AND segment.created_at > now() - interval '30 days'
                AND NOT segment.is_deleted
              GROUP BY segment.user_id) AS recent ON recent.user_id = member.user_id
 WHERE member.family_id = %(family)s
   AND member.is_active
   AND account.last_login_at > now() - interval '30 days'
 ORDER BY account.last_login_at DESC;
