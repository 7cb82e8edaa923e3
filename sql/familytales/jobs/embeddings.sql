-- The table of embeddings, on a server that got pgvector after the schema.
SELECT ops.create_embeddings();
