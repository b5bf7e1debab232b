"""Charts, side effects, outcomes, photographs and lots, over HTTP."""
