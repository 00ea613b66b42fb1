"""Deletes finished Jobs `ttlSecondsAfterFinished` seconds after their end."""
