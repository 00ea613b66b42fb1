#!/usr/bin/env bash
# What a test in any language does: start a cluster, use it by HTTP, and let go of it.
set -euo pipefail

coproc wherry testing serve --nodes 2 --clock manual --json   # ends when this script does: the pipe is its leash
read -r ready <&"${COPROC[0]}"
said() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$ready" "$1"; }
export KUBECONFIG; KUBECONFIG=$(said kubeconfig)              # what your program and its client library need

ask() {                                                       # ask METHOD PATH [JSON]
    curl --silent --show-error --fail --cacert <(said ca) --header "Authorization: Bearer $(said token)" \
        --request "$1" "$(said url)/wherry/$2" ${3:+--data "$3"}
}

ask POST snapshots '{"name": "clean"}'                        # once for a suite
ask POST faults '{"fault": "conflict", "resource": "configmaps", "times": 1}'
kubectl create configmap a --from-literal=x=1
kubectl patch configmap a --patch '{"data": {"x": "2"}}' || true
ask POST clock '{"seconds": 3600}'                            # and all that falls due in an hour is done
ask POST nodes/node-2 '{"condition": "failed"}'
ask GET 'history?kind=configmaps&name=a&refused=true&table'   # what a failing test had better show
ask DELETE faults
ask POST restore '{"snapshot": "clean"}'                      # for the next test
kubectl get configmaps
