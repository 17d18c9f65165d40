# Names and places of the local cluster, read by start and stop.
# shellcheck shell=bash disable=SC2034

STATE=${KIRIE_SLURM_STATE:-/var/lib/kirie-slurm} # not /run or /tmp: both may forbid to execute a job's script
PORT=${KIRIE_SLURM_PORT:-26817}                  # slurmctld's; the two nodes take the next two
NODES=(kirie-n1 kirie-n2)
CPUS=8 # of each node
HOSTS_MARK="# kirie slurm-local $STATE"
HOSTS=/etc/hosts

say() {
    echo "slurm-local: $*" >&2
}

need_root() {
    if [ "$(id -u)" -ne 0 ]; then
        say "slurmctld, slurmd and munged start jobs as their users, which only root may; run it with sudo, or in a container"
        exit 2
    fi
}

# Is the daemon whose process id stands in file $1, and whose command is $2, there?
runs() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ]
}

# Lines of the hosts file are taken away in place: in a container it is a mount, which cannot be replaced
without_hosts() {
    local rest
    rest=$(grep -v -F "$HOSTS_MARK" "$HOSTS" || true)
    if [ "$rest" != "$(cat "$HOSTS")" ]; then
        printf '%s\n' "$rest" >"$HOSTS"
    fi
}
