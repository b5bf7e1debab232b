"""Django's backend for PostgreSQL, which looks at a connection instead of asking the server."""
