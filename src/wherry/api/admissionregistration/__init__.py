"""The group `admissionregistration.k8s.io`: who has a say before an object is stored."""
