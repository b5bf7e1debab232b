"""Whether the rules are what they say: changed a little, or asked at random."""
