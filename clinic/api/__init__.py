"""What all endpoints share: bodies, queries, pages, permissions; and the clinic's own."""
