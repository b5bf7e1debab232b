"""The pages on which people open their own account, and prove that it is theirs."""
