"""Controllers of the batch group: Jobs, and their end some time after they have finished."""
