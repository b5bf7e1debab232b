"""Who comes in, and how that ends."""
