"""What every request and answer goes through: problems, keys and versions, tokens, logs."""
