"""What watches and frames the product: health, metrics, the front page, error pages."""
