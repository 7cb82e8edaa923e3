DROP VIEW familytales.memory_book_stats;

DROP VIEW familytales.active_family_members;
