"""An operator as kubebuilder lays one out, with the `kubernetes` client: replicas of which one leads, a queue of names
that a watch and a resync fill, and a reconcile function that makes true what a Lantern wants."""

import queue
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

GROUP = {"group": "example.com", "version": "v1", "plural": "lanterns", "namespace": "default"}
GUARD = "example.com/guard"
LEASE_SECONDS = 1


class Replica:
    def __init__(self, api_client, name, resync=0.5):
        self.name, self.resync = name, resync
        self.core, self.leases = client.CoreV1Api(api_client), client.CoordinationV1Api(api_client)
        self.lanterns, self.events = client.CustomObjectsApi(api_client), client.EventsV1Api(api_client)
        self.names, self.is_over, self.leads = queue.Queue(), threading.Event(), False
        self.cleaned = []

    def run(self):
        """Work while leading; whatever goes wrong is tried again."""
        threading.Thread(target=self.follow, daemon=True).start()
        renewed = 0.0
        while not self.is_over.is_set():
            if time.monotonic() - renewed > LEASE_SECONDS / 4:
                self.leads, renewed = self.hold_lease(), time.monotonic()
            name = self.next_name()
            if name and self.leads:
                try:
                    self.reconcile(name)
                except (ApiException, HTTPError):
                    self.names.put(name)

    def hold_lease(self):
        """Whether the lock is ours: taken, renewed, or left by somebody who has not renewed it in time."""
        now = datetime.now(UTC)
        spec = client.V1LeaseSpec(
            holder_identity=self.name, lease_duration_seconds=LEASE_SECONDS, acquire_time=now, renew_time=now
        )
        try:
            lease = self.leases.read_namespaced_lease("ferry", "default")
            held = lease.spec.holder_identity != self.name
            if held and (now - lease.spec.renew_time).total_seconds() < LEASE_SECONDS:
                return False
            lease.spec = spec
            self.leases.replace_namespaced_lease("ferry", "default", lease)
            return True
        except (ApiException, HTTPError) as error:
            return getattr(error, "status", 0) == 404 and self.make_lease(spec)

    def make_lease(self, spec):
        """Whether we were the first."""
        try:
            lease = client.V1Lease(metadata=client.V1ObjectMeta(name="ferry"), spec=spec)
            self.leases.create_namespaced_lease("default", lease)
            return True
        except (ApiException, HTTPError):
            return False

    def follow(self):
        """List, then watch from there; `resync` seconds later, or when the watch breaks, anew."""
        while not self.is_over.is_set():
            try:
                page = self.lanterns.list_namespaced_custom_object(**GROUP)
                for item in page["items"]:
                    self.names.put(item["metadata"]["name"])
                events = watch.Watch().stream(
                    self.lanterns.list_namespaced_custom_object,
                    **GROUP,
                    resource_version=page["metadata"]["resourceVersion"],
                    _request_timeout=self.resync,
                )
                for event in events:
                    self.names.put(event["object"]["metadata"]["name"])
            except Exception:  # a connection that breaks, an expired revision, or time to list again
                self.is_over.wait(0.02)

    def next_name(self):
        with suppress(queue.Empty):
            return self.names.get(timeout=0.05)

    def reconcile(self, name):
        try:
            lantern = self.lanterns.get_namespaced_custom_object(name=name, **GROUP)
        except ApiException as error:
            if error.status == 404:
                return
            raise
        meta = lantern["metadata"]
        guards = meta.setdefault("finalizers", [])
        if "deletionTimestamp" in meta:
            if GUARD in guards:
                self.cleaned.append(name)
                guards.remove(GUARD)
                self.lanterns.replace_namespaced_custom_object(name=name, body=lantern, **GROUP)
            return
        if GUARD not in guards:
            guards.append(GUARD)
            lantern = self.lanterns.replace_namespaced_custom_object(name=name, body=lantern, **GROUP)
        colour = lantern["spec"]["colour"]
        self.keep_config_map(lantern, colour)
        if lantern.get("status", {}).get("colour") != colour:
            lantern["status"] = {"colour": colour}
            self.lanterns.replace_namespaced_custom_object_status(name=name, body=lantern, **GROUP)
            self.tell(lantern, f"painted {colour}")

    def keep_config_map(self, lantern, colour):
        owner = client.V1OwnerReference(
            api_version=lantern["apiVersion"],
            kind=lantern["kind"],
            name=lantern["metadata"]["name"],
            uid=lantern["metadata"]["uid"],
            controller=True,
            block_owner_deletion=True,
        )
        meta = client.V1ObjectMeta(name=f"{owner.name}-colour", owner_references=[owner])
        wanted = client.V1ConfigMap(metadata=meta, data={"colour": colour})
        try:
            self.core.create_namespaced_config_map("default", wanted)
        except ApiException as error:
            if error.status != 409:
                raise
            self.core.patch_namespaced_config_map(meta.name, "default", wanted)

    def tell(self, lantern, note):
        meta = lantern["metadata"]
        about = client.V1ObjectReference(
            api_version=lantern["apiVersion"],
            kind=lantern["kind"],
            name=meta["name"],
            namespace=meta["namespace"],
            uid=meta["uid"],
        )
        event = client.EventsV1Event(
            metadata=client.V1ObjectMeta(generate_name=f"{meta['name']}-"),
            event_time=datetime.now(UTC),
            action="Paint",
            reason="Painted",
            type="Normal",
            note=note,
            regarding=about,
            reporting_controller="example.com/ferry",
            reporting_instance=self.name,
        )
        self.events.create_namespaced_event("default", event)
