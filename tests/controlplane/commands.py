"""The command line of every component. Paths are relative to the state folder, in which each of them runs."""

from __future__ import annotations

MANAGED = "sim/kubelet"
NODE_GRACE_SECONDS = 20
AUDIT_LOG = "audit.log"
# every request of a ServiceAccount outside kube-system, with its body: what the agent really asked for
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, userGroups: ["system:masters", "system:nodes", "system:serviceaccounts:kube-system"]}
- {level: None, users: ["system:apiserver", "system:anonymous"]}
- {level: Request}
"""


def etcd(port: int, peer: int) -> list[str]:
    client, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    return f"""
        etcd --name=node0 --data-dir=etcd --unsafe-no-fsync
        --listen-client-urls={client} --advertise-client-urls={client}
        --listen-peer-urls={peers} --initial-advertise-peer-urls={peers} --initial-cluster=node0={peers}
    """.split()


def api_server(port: int, etcd: int) -> list[str]:
    return f"""
        kube-apiserver --etcd-servers=http://127.0.0.1:{etcd}
        --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port={port}
        --tls-cert-file=server.crt --tls-private-key-file=server.key --client-ca-file=ca.crt
        --token-auth-file=tokens.csv --authorization-mode=Node,RBAC --allow-privileged=true
        --service-account-issuer=https://kubernetes.default.svc.cluster.local
        --service-account-key-file=account.pub --service-account-signing-key-file=account.key
        --service-cluster-ip-range=10.96.0.0/12 --endpoint-reconciler-type=none
        --kubelet-preferred-address-types=InternalIP --kubelet-certificate-authority=ca.crt
        --audit-policy-file=audit-policy.yaml --audit-log-path={AUDIT_LOG}
        --audit-log-maxsize=50 --audit-log-maxbackup=4
    """.split()


def controller_manager(port: int) -> list[str]:
    """Two loops look every second or two, not every fifteen: whoever tests them waits for a round at least."""
    return f"""
        {_loop("kube-controller-manager", port)}
        --root-ca-file=ca.crt --service-account-private-key-file=account.key
        --use-service-account-credentials=true
        --node-monitor-period=2s --node-monitor-grace-period={NODE_GRACE_SECONDS}s
        --pvclaimbinder-sync-period=1s --horizontal-pod-autoscaler-sync-period=2s
    """.split()


def scheduler(port: int) -> list[str]:
    return _loop("kube-scheduler", port).split()


def kwok(port: int, kubelet: int) -> list[str]:
    """A lease of 8 s against a grace of 20 s: healthy nodes stay Ready on a slow machine."""
    return f"""
        --kubeconfig=admin.kubeconfig --config=stages.yaml
        --manage-all-nodes=false --manage-nodes-with-label-selector={MANAGED}=fake
        --node-ip=127.0.0.1 --node-port={kubelet} --server-address=127.0.0.1:{port}
        --cidr=10.244.0.0/16 --node-lease-duration-seconds=8
    """.split()


def _loop(name: str, port: int) -> str:
    config = f"{name}.kubeconfig"
    return f"""
        {name} --kubeconfig={config} --authentication-kubeconfig={config} --authorization-kubeconfig={config}
        --bind-address=127.0.0.1 --secure-port={port} --leader-elect=false
        --authorization-always-allow-paths=/healthz
    """
