SET LOCAL ROLE familytales_authz;

DROP FUNCTION familytales.active_members(uuid);

DROP FUNCTION familytales.family_storage(uuid);

DROP FUNCTION familytales.family_books(uuid, integer);

DROP FUNCTION familytales.read_thread(uuid, integer);

SET LOCAL ROLE familytales_owner;
