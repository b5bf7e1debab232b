"""How we speak to PostgreSQL: prepared statements, locks, retries, row versions, migrations."""
