#include "testing.h"

int passed = 0, failed = 0;

int main() {
    printf("instruction set: %s, threads: %d\n", tern_instruction_set(), tern_thread_count());
    if (const char *asked = getenv("TERN_CPU_ISA"))
        if (strcmp(asked, tern_instruction_set())) printf("(this processor lacks %s)\n", asked);
    if (tern_thread_count() < 4) tern_set_thread_count(4);  // several, whatever the machine
    const char *only = getenv("TERN_TEST_ONLY");
    const struct {
        const char *name;
        void (*run)();
    } groups[] = {{"threads", test_threads}, {"scalars", test_scalars}, {"pointwise", test_pointwise}, {"reductions", test_reductions},
        {"indexing", test_indexing}, {"functions", test_functions}};
    for (const auto &group : groups)
        if (!only || strstr(only, group.name)) group.run();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
