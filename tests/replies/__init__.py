"""What patients send back, their pages, and opt-outs."""
