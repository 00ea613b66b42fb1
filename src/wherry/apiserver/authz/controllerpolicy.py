"""The roles of upstream's controllers, in the notation of `policy.py`.

Our own controllers run inside the API server and need none of them; they are here because tools, charts and people's
bindings name them, and because a controller may also be run from outside, as its service account.
"""

from __future__ import annotations

CONTROLLER_ROLES = """
attachdetach-controller
    list,watch core persistentvolumes,persistentvolumeclaims
    READ core nodes
    CHANGE core nodes/status
    list,watch core pods
    EVENTS
    create,delete,get,list,watch storage.k8s.io volumeattachments
    READ storage.k8s.io csidrivers
    READ storage.k8s.io csinodes

clusterrole-aggregation-controller
    escalate,get,list,patch,update,watch rbac.authorization.k8s.io clusterroles

cronjob-controller
    get,list,update,watch batch cronjobs
    create,delete,get,list,patch,update,watch batch jobs
    update batch cronjobs/status
    update batch cronjobs/finalizers
    delete,list,watch core pods
    EVENTS

daemon-set-controller
    READ apps,extensions daemonsets
    update apps,extensions daemonsets/status
    update apps,extensions daemonsets/finalizers
    list,watch core nodes
    create,delete,list,patch,watch core pods
    create core pods/binding
    create,delete,get,list,patch,update,watch apps controllerrevisions
    EVENTS

deployment-controller
    get,list,update,watch apps,extensions deployments
    update apps,extensions deployments/status
    update apps,extensions deployments/finalizers
    create,delete,get,list,patch,update,watch apps,extensions replicasets
    get,list,update,watch core pods
    EVENTS

disruption-controller
    READ apps,extensions deployments
    READ apps,extensions replicasets
    READ core replicationcontrollers
    READ policy poddisruptionbudgets
    READ apps statefulsets
    update policy poddisruptionbudgets/status
    CHANGE core pods/status
    get * */scale
    EVENTS

endpoint-controller
    READ core services,pods
    create,delete,get,list,update,watch core endpoints
    create core endpoints/restricted
    EVENTS

endpointslice-controller
    READ core services,pods,nodes
    update core services/finalizers
    create,delete,get,list,update,watch discovery.k8s.io endpointslices
    EVENTS

endpointslicemirroring-controller
    READ core services,endpoints
    update core services/finalizers
    update core endpoints/finalizers
    create,delete,get,list,update,watch discovery.k8s.io endpointslices
    EVENTS

expand-controller
    get,list,patch,update,watch core persistentvolumes
    CHANGE core persistentvolumeclaims/status
    READ core persistentvolumeclaims
    EVENTS

ephemeral-volume-controller
    READ core pods
    update core pods/finalizers
    create,get,list,watch core persistentvolumeclaims
    EVENTS

resource-claim-controller
    READ core pods
    update core pods/finalizers
    create,delete,get,list,watch resource.k8s.io resourceclaims
    CHANGE resource.k8s.io resourceclaims,resourceclaims/status
    CHANGE core pods/status
    EVENTS
    CHANGE resource.k8s.io resourceclaims/binding

device-taint-eviction-controller
    delete,get,list,watch core pods
    CHANGE core pods/status
    READ resource.k8s.io resourceclaims
    READ resource.k8s.io resourceslices
    READ resource.k8s.io deviceclasses
    READ resource.k8s.io devicetaintrules
    CHANGE resource.k8s.io devicetaintrules/status
    EVENTS

generic-garbage-collector
    delete,get,list,patch,update,watch * *
    EVENTS

horizontal-pod-autoscaler
    READ autoscaling horizontalpodautoscalers
    update autoscaling horizontalpodautoscalers/status
    get,update * */scale
    list,watch core pods
    list,watch metrics.k8s.io pods
    READ custom.metrics.k8s.io *
    READ external.metrics.k8s.io *
    EVENTS

job-controller
    get,list,patch,update,watch batch jobs
    update batch jobs/status
    update batch jobs/finalizers
    create,delete,list,patch,watch core pods
    EVENTS

namespace-controller
    delete,get,list,watch core namespaces
    update core namespaces/finalize,namespaces/status
    delete,deletecollection,get,list,watch * *

node-controller
    delete,get,list,patch,update,watch core nodes
    CHANGE core nodes/status
    CHANGE core pods/status
    delete,get,list,watch core pods
    EVENTS

persistent-volume-binder
    create,delete,get,list,update,watch core persistentvolumes
    update core persistentvolumes/status
    get,list,update,watch core persistentvolumeclaims
    update core persistentvolumeclaims/status
    create,delete,get,list,watch core pods
    READ storage.k8s.io storageclasses
    list,watch core nodes
    EVENTS
    watch core events

pod-garbage-collector
    delete,list,watch core pods
    READ core nodes
    patch core pods/status

replicaset-controller
    get,list,update,watch apps,extensions replicasets
    update apps,extensions replicasets/status
    update apps,extensions replicasets/finalizers
    create,delete,list,patch,watch core pods
    EVENTS

replication-controller
    get,list,update,watch core replicationcontrollers
    update core replicationcontrollers/status
    update core replicationcontrollers/finalizers
    create,delete,list,patch,watch core pods
    EVENTS

resourcequota-controller
    list,watch * *
    update core resourcequotas/status
    EVENTS

route-controller
    list,watch core nodes
    patch core nodes/status
    EVENTS

service-account-controller
    create core serviceaccounts
    EVENTS

service-cidrs-controller
    get,list,patch,update,watch networking.k8s.io servicecidrs
    CHANGE networking.k8s.io servicecidrs/finalizers
    CHANGE networking.k8s.io servicecidrs/status
    READ networking.k8s.io ipaddresses
    EVENTS

service-controller
    READ core services
    CHANGE core services/status
    list,watch core nodes
    EVENTS

statefulset-controller
    list,watch core pods
    READ apps statefulsets
    update apps statefulsets/status
    update apps statefulsets/finalizers
    create,delete,get,patch,update core pods
    create,delete,get,list,patch,update,watch apps controllerrevisions
    create,get,list,watch core persistentvolumeclaims
    delete,update core persistentvolumeclaims
    update core pods/finalizers
    EVENTS

ttl-controller
    list,patch,update,watch core nodes
    EVENTS

ttl-after-finished-controller
    delete,get,list,watch batch jobs
    EVENTS

certificate-controller
    delete,get,list,watch certificates.k8s.io certificatesigningrequests
    update certificates.k8s.io certificatesigningrequests/status,certificatesigningrequests/approval
    approve certificates.k8s.io signers = kubernetes.io/kube-apiserver-client-kubelet
    sign certificates.k8s.io signers = kubernetes.io/legacy-unknown,kubernetes.io/kube-apiserver-client,\
kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving
    create authorization.k8s.io subjectaccessreviews
    EVENTS

pvc-protection-controller
    get,list,update,watch core persistentvolumeclaims
    update core persistentvolumeclaims/status
    READ core pods
    EVENTS

pv-protection-controller
    get,list,update,watch core persistentvolumes
    EVENTS

volumeattributesclass-protection-controller
    READ core persistentvolumeclaims
    READ core persistentvolumes
    get,list,update,watch storage.k8s.io volumeattributesclasses
    EVENTS

selinux-warning-controller
    EVENTS
    READ core persistentvolumes
    READ core persistentvolumeclaims
    READ core pods
    READ storage.k8s.io csidrivers

root-ca-cert-publisher
    create,update core configmaps
    EVENTS

validatingadmissionpolicy-status-controller
    READ admissionregistration.k8s.io validatingadmissionpolicies
    get,patch,update admissionregistration.k8s.io validatingadmissionpolicies/status
    EVENTS

legacy-service-account-token-cleaner
    get core configmaps = kube-apiserver-legacy-service-account-token-tracking
    delete,patch core secrets

storage-version-migrator-controller
    list,watch apiextensions.k8s.io customresourcedefinitions
    READ storagemigration.k8s.io storageversionmigrations
    update storagemigration.k8s.io storageversionmigrations/status
    get,list,patch * *

kube-apiserver-serving-clustertrustbundle-publisher
    attest certificates.k8s.io signers = kubernetes.io/kube-apiserver-serving
    create,delete,get,list,update,watch certificates.k8s.io clustertrustbundles
    EVENTS

podcertificaterequestcleaner
    delete,get,list,watch certificates.k8s.io podcertificaterequests
"""
