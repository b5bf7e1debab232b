"""What was done and how it healed: charts, cartridges, side effects, outcomes, photographs."""
