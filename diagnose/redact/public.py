"""Names that tell nothing of their owner: the vocabulary of the messages that msnet knows, and what MicroShift and Kubernetes call their own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from diagnose.pattern import lazy

_WORDS = lazy(r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*")

_OWN = lazy(
    r"(?:openshift|kube|system|ovnkube|redhat-operators|node-feature-discovery)(?:[-.:].*)?"
    r"|microshift-(?:etcd|ovs-init|multus|networking|selinux|greenboot|release-info|version|cleanup-data|base|olm|recovery|healthcheck|updated|sos|observability|kustomizer|cert|local)(?:[-.].*)?"
    r"|(?:multus|dhcp-daemon|dns-default|node-resolver|router-default|service-ca|topolvm-(?:controller|node|lvmd)|lvms-operator|vg-manager|csi-snapshot-(?:controller|webhook)|install-multus-binary|kube-proxy|coredns)(?:-[a-z0-9]+)*"
    r"|(?:net|eth|ens|eno|enp|enx|em|lo|br|br-ex|br-int|bond|team|vlan|macvlan|ipvlan|bridge|veth|tun|tap|wlan|wlp|ovs|ovn|cni|docker|virbr|genev_sys|dummy)[-_.]?(?:\d[\da-z]*(?:\.\d+)?)?|veth[0-9a-f]+"
    r"|(?:ovn|cni|ovs|k8s|istio|dns|dhcp|crio|node|etcd)[-_.](?:kubernetes|plugins?|default|system|vswitchd|controller|conf|daemon|resolver)s?"
    r"|v\d+(?:(?:alpha|beta)\d*)?|\d[\d._-]*|[a-z]|[0-9a-f]{32,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+"
)
"""Names of systems and interfaces, versions, numbers, ids."""
_COMMON = frozenset(
    """
    default kubernetes openshift microshift multus crio cri-o cni kubelet systemd journald kernel audit localhost localdomain host hostname node nodes
    master worker control-plane root core admin nobody daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats dbus polkitd
    sshd chrony systemd-network systemd-resolve systemd-coredump systemd-timesync openvswitch hugetlbfs unbound rpc rpcuser nfsnobody tss setroubleshoot
    cockpit-ws sssd dnsmasq clevis ceph insights pod pods pause container containers sandbox namespace namespaces service services network networks
    network-attachment-definitions deployment deployments replicaset replicasets daemonset daemonsets statefulset statefulsets job jobs cronjob cronjobs
    event events configmap configmaps secret secrets endpoint endpoints endpointslice ingress route routes image images volume volumes api apps batch v1
    policy rbac auth status spec metadata name true false null none unknown error errors warning info debug running pending failed succeeded ready notready
    completed terminating active resolved flapping normal added modified deleted create created update updated patch delete get watch add del check version
    ok yes no on off up down any all and or not the for from with without of in to is was are be by at as it its this that has have had been will can may if
    then else when while after before since until new old first last next same other more most many few one two three alpine busybox nginx httpd ubi ubi8
    ubi9 debian ubuntu fedora scratch latest library linux x86_64 aarch64 arm64 amd64 el8 el9 el10 noarch utc gmt mon tue wed thu fri sat sun jan feb mar
    apr jun jul aug sep oct nov dec http https tcp udp sctp icmp tls ssl dns dhcp ip ipv4 ipv6 mac mtu vlan vxlan geneve lan wan ipam host-local static
    whereabouts macvlan ipvlan bridge host-device portmap tuning bandwidth firewall sbr vrf dummy loopback tap ptp interface interfaces device gateway
    subnet range address addresses mask port ports path file files var lib run etc log logs usr opt tmp proc dev home mnt srv boot sysroot ostree data
    config conf json yaml yml txt conflist cache results default-network multus-cni-network ovn-kubernetes cbr0 crio-bridge podman kube-multus lxc test
    tests demo example examples sample finalizers finalize portforward exec attach eviction ephemeralcontainers binding bindings configz healthz livez
    readyz metrics stats checkpoint scale token
    """.split()
)
"""Words that stand in every log: a name that is nothing but one of them stays."""
_KUBE = tuple(
    """
    k8s.io cncf.io kubernetes.io openshift.io ovn.org coreos.com redhat.com redhat.io fedoraproject.org centos.org projectcalico.org kernel.org systemd.io
    freedesktop.org golang.org google.golang.org go.uber.org gopkg.in github.com gitlab.com containernetworking.dev containernetworking.io cni.dev
    topolvm.io metallb.io cert-manager.io quay.io docker.io docker.com gcr.io ghcr.io pkg.dev mcr.microsoft.com public.ecr.aws registry.access.redhat.com
    gnu.org w3.org ietf.org iana.org example.com example.org example.net example cluster.local localhost.localdomain localdomain ntp.org projectatomic.io
    cri-o.io apache.org sigs.k8s.io x-k8s.io pool.ntp.org in-addr.arpa ip6.arpa fedora.pool.ntp.org microshift.io crio.io kubebuilder.io github.io suse.com
    opensuse.org oracle.com debian.org ubuntu.com operatorframework.io open-cluster-management.io gateway.networking.k8s.io kubevirt.io csi.k8s.io
    amazonaws.com
    """.split()
)
"""Domains that everybody uses: of upstream projects, public registries and API groups."""
REGISTRIES = frozenset(
    """
    quay.io docker.io registry-1.docker.io gcr.io ghcr.io k8s.gcr.io registry.k8s.io registry.redhat.io registry.access.redhat.com
    registry.connect.redhat.com mcr.microsoft.com public.ecr.aws registry.fedoraproject.org
    """.split()
)
"""Registries whose images everybody can see."""


class Public:
    """What needs no pseudonym, because it stands in the messages that everybody has."""

    def __init__(self, messages: Iterable[str]) -> None:
        """Learn the words of `messages`: upstream's texts, without what fills them."""
        self._words: set[str] = {*_COMMON}
        for text in messages:
            for m in _WORDS.finditer(text.lower()):
                self._words.add(m.group())
                self._words.update(re.split(r"[._-]+", m.group()))

    def name(self, name: str) -> bool:
        """Return True if a name of an object, a host or a user stays as it is."""
        low = name.lower()
        return low in self._words or _OWN.fullmatch(low) is not None

    @staticmethod
    def namespace(name: str) -> bool:
        """Return True for the namespaces of MicroShift and Kubernetes, whose objects keep their names; "default" is the user's."""
        return name.startswith(("openshift-", "kube-"))

    @staticmethod
    def domain(name: str) -> bool:
        """Return True for domains of upstream projects, public registries and documentation."""
        low = name.lower()
        return any(low == d or low.endswith(f".{d}") for d in _KUBE)
