"""Entity pictures: the tables of a service, drawn as SVG from the catalog of its migrated database."""
