"""The group `apps`: workloads that keep a number of pods of one template."""
