"""The healing board: side effects and reports of healing, by when somebody must act."""
