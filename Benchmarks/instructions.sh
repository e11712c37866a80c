#!/usr/bin/env bash
# Counts the instructions of a call of small workloads, with Valgrind, and fails where one takes more than its bound. No clock is read, so
# that it holds on any machine, however busy. Bounds are a quarter above what was counted; one that is too high by now is lowered.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v valgrind >/dev/null; then
    echo "not counted: there is no valgrind"
    exit 0
fi
if [[ $(uname -m) != x86_64 ]]; then
    echo "not counted: the bounds are those of x86-64 code"
    exit 0
fi
swift build -c release --package-path Benchmarks --product tern-bench
bench=$(mktemp)
trap 'rm -f "$bench"' EXIT
# Without what debuggers want to know, which older Valgrinds can't read.
strip -g -o "$bench" "$(swift build -c release --package-path Benchmarks --show-bin-path)/tern-bench"

# Of a process that makes so many calls. Valgrind knows no AVX-512.
instructions() {
    TERN_CPU_ISA=avx2 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" "$1" --threads 1 --calls "$2" 2>&1 |
        awk '/Collected/ { print $4 }'
}

failed=0
while read -r workload calls bound; do
    few=$(instructions "$workload" "$calls")
    many=$(instructions "$workload" $((3 * calls)))
    each=$(((many - few) / (2 * calls)))
    printf '%-32s %10d instructions, at most %d\n' "$workload" "$each" "$bound"
    if ((each > bound)); then failed=1; fi
done <<'END'
add_1 1000 2400
add_1_backward 500 8100
mlp_20_256_10_batch_2_forward 100 25300
mlp_20_256_10_batch_2_step 50 146000
END
exit $failed
