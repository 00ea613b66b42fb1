"""Makes the claims of Pods' generic ephemeral volumes: named `pod-volume`, owned by the Pod, gone with it."""
