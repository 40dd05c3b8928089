"""Items of tables: reading, writing and statements. Needs the dynamodb actions that each module names."""
