-- What is audited: who may do what where, and who pays for how much. Not what is told in books: they have their own
-- times and authors. Names, addresses and tokens are left out, since a user can be erased and the log cannot be
-- changed; so are counters, which move with every memory. Each table is locked for a moment (SHARE ROW EXCLUSIVE).

SET LOCAL ROLE familytales_audit;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON audit.audit_log
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON audit.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

SET LOCAL ROLE familytales_owner;

-- audit_users_insert, audit_users_update, audit_users_delete, audit_users_truncate
SELECT audit.watch('familytales.users',
                   '{clerk_id, email, display_name, avatar_url, metadata, updated_at, last_login_at,
                     storage_used_bytes}');

-- audit_families_insert, audit_families_update, audit_families_delete, audit_families_truncate
SELECT audit.watch('familytales.families',
                   '{name, description, updated_at, storage_used_bytes, storage_archived_bytes, member_count}', 'id');

-- audit_family_members_insert, audit_family_members_update, audit_family_members_delete, audit_family_members_truncate
SELECT audit.watch('familytales.family_members', '{}', 'family_id');

-- audit_family_invites_insert, audit_family_invites_update, audit_family_invites_delete, audit_family_invites_truncate
SELECT audit.watch('familytales.family_invites', '{email, code_hash, metadata}', 'family_id');

-- audit_memory_books_insert, audit_memory_books_update, audit_memory_books_delete, audit_memory_books_truncate
SELECT audit.watch('familytales.memory_books',
                   '{title, description, cover_image_url, metadata, updated_at, last_activity_at, thread_count,
                     segment_count, contributor_count, photo_count, audio_count}', 'family_id');
