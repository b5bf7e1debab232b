"""Running it: the demo, health, metrics, error pages."""
