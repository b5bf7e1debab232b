"""Who comes in: guesses of passwords, log-ins and how they end."""
