#!/bin/bash
# Builds the CPU kernels with their tests under AddressSanitizer and UBSan, and runs them once for each instruction set; then once
# under ThreadSanitizer. A test file with a main is a program; those without belong to kernels_test. CXX names the compiler; SANITIZERS="address,undefined" or "thread" asks for one of the two, or "none"; JOBS at a time.
# TARGET builds for another processor, whose programs RUNNER runs: TARGET=aarch64-linux-gnu RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu".
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export CXX=${CXX:-clang++} ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-allocator_may_return_null=1}
export FLAGS="-std=c++20 -O1 -g1 -fno-math-errno -ffp-contract=off -fno-exceptions -fno-rtti -Wall -Wextra${TARGET:+ --target=$TARGET}"
read -ra RUNNER <<<"${RUNNER:-}"

for SANITIZE in ${SANITIZERS:-address,undefined thread}; do
    check="-fsanitize=$SANITIZE -fno-sanitize-recover=all"
    if [[ $SANITIZE == none ]]; then check=; fi
    export SANITIZE check
    build=${TERN_TEST_BUILD:-$root/.build/kernel-tests}/${TARGET:+$TARGET-}$SANITIZE
    mkdir -p "$build"
    headers=$(find "$root/Sources/CTernCPU" "$here" -name '*.h' -o -name '*.inl' -o -name '*.def')
    objects=()
    commands=()
    while IFS= read -r source; do
        object=${source#"$root/"}
        object=$build/${object//\//_}.o
        objects+=("$object")
        newer=
        for file in "$source" $headers; do
            if [[ $file -nt $object ]]; then newer=1; fi
        done
        if [[ $newer ]]; then commands+=("$source" "$object"); fi
    done < <(find "$root/Sources/CTernCPU" "$here" -name '*.cpp' | sort)
    if ((${#commands[@]})); then
        printf '%s\0' "${commands[@]}" | xargs -0 -n 2 -P "${JOBS:-2}" \
            sh -c 'exec "$CXX" $FLAGS $check -c "$0" -o "$1"'
    fi
    libraries=(-lpthread)
    runtime=$(dirname "$(readlink -f "$(command -v "$CXX")")")/../lib/swift/linux
    if [[ $SANITIZE == thread && -e $runtime/libdispatch.so ]]; then  # what the ThreadSanitizer of a Swift toolchain asks for
        libraries+=("-L$runtime" -ldispatch -lBlocksRuntime "-Wl,-rpath,$runtime")
    fi
    programs=()
    kernels=()
    parts=()
    for object in "${objects[@]}"; do
        name=$(basename "$object" .cpp.o)
        case $name in
            Tests_Kernels_*)
                name=${name#Tests_Kernels_}
                if grep -q '^int main' "$here/$name.cpp"; then programs+=("$name"); else parts+=("$object"); fi ;;
            *) kernels+=("$object") ;;
        esac
    done
    for program in "${programs[@]}"; do
        own=("$build/Tests_Kernels_$program.cpp.o")
        if [[ $program == kernels_test ]]; then own+=("${parts[@]}"); fi
        # shellcheck disable=SC2086
        "$CXX" $check ${TARGET:+--target=$TARGET} "${own[@]}" "${kernels[@]}" -o "$build/$program" "${libraries[@]}"
        if [[ $SANITIZE == thread || -n ${TARGET:-} ]]; then
            "${RUNNER[@]}" "$build/$program"
        else
            for isa in baseline avx2 avx512; do TERN_CPU_ISA=$isa "$build/$program"; done
        fi
    done
done
