DROP TABLE ledger.entries;

DROP SCHEMA ledger;
