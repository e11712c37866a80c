#!/bin/bash
# Builds the CPU kernels with their tests under AddressSanitizer and UBSan, and runs them once for each instruction set; then once
# under ThreadSanitizer. A test file with a main is a program; those without belong to kernels_test. CXX names the compiler; SANITIZERS="address,undefined" or "thread" asks for one of the two; JOBS at a time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export CXX=${CXX:-clang++} ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=1}
export FLAGS="-std=c++20 -O1 -g1 -fno-math-errno -ffp-contract=off -fno-exceptions -fno-rtti -Wall -Wextra"

for SANITIZE in ${SANITIZERS:-address,undefined thread}; do
    export SANITIZE
    build=${TERN_TEST_BUILD:-$root/.build/kernel-tests}/$SANITIZE
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
            sh -c 'exec "$CXX" $FLAGS -fsanitize=$SANITIZE -fno-sanitize-recover=all -c "$0" -o "$1"'
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
        "$CXX" -fsanitize="$SANITIZE" "${own[@]}" "${kernels[@]}" -o "$build/$program" -lpthread
        if [[ $SANITIZE == thread ]]; then
            "$build/$program"
        else
            for isa in baseline avx2 avx512; do TERN_CPU_ISA=$isa "$build/$program"; done
        fi
    done
done
