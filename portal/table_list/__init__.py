"""Lists of tables: of every environment, and of one of them. Their items are read in `portal.tables`."""
