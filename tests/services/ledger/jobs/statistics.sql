ANALYZE ledger.entries;
