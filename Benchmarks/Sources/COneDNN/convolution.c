#include "include/COneDNN.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#endif

#if defined(DNNL_VERSION_MAJOR) && DNNL_VERSION_MAJOR == 2
#include <dlfcn.h>
#include <stdlib.h>

// The functions that are called, found by name: nothing is linked.
#define FUNCTIONS(F)                                                                                                              \
    F(engine_create) F(stream_create) F(stream_wait) F(memory_create) F(memory_destroy) F(memory_desc_init_by_tag)                \
    F(convolution_forward_desc_init) F(convolution_backward_data_desc_init) F(convolution_backward_weights_desc_init)             \
    F(primitive_desc_create) F(primitive_desc_query_md) F(primitive_desc_destroy) F(primitive_create) F(primitive_execute)        \
    F(primitive_destroy) F(reorder_primitive_desc_create) F(version)

static struct {
#define DECLARE(name) __typeof__(&dnnl_##name) name;
    FUNCTIONS(DECLARE)
} dnnl;
static dnnl_engine_t engine;
static dnnl_stream_t stream;

const char *onednn_open(int threads) {
    void *library = NULL;
    const char *names[] = {"libdnnl.so.2", "libdnnl.2.dylib", "libdnnl.so"};
    for (size_t i = 0; i < 3 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_GLOBAL);
    if (!library) return "there is no libdnnl.so.2";
#define FIND(name) if (!(dnnl.name = (__typeof__(dnnl.name))dlsym(library, "dnnl_" #name))) return "libdnnl has no function dnnl_" #name;
    FUNCTIONS(FIND)
    if (dnnl.version()->major != DNNL_VERSION_MAJOR) return "libdnnl is of another version than its header";
    void (*setThreads)(int) = (void (*)(int))dlsym(library, "omp_set_num_threads");
    if (!setThreads) return "libdnnl does not use OpenMP";
    setThreads(threads);
    return dnnl.engine_create(&engine, dnnl_cpu, 0) || dnnl.stream_create(&stream, engine, dnnl_stream_default_flags)
        ? "libdnnl gives no engine" : NULL;
}

/// Two operands and the result.
enum { operands = 2, all = 3 };
struct OneDNNConvolution {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[all];
    dnnl_memory_desc_t plain[all], liked[all];
};

static bool execute(dnnl_primitive_t primitive, int count, const dnnl_exec_arg_t *arguments) {
    return !dnnl.primitive_execute(primitive, stream, count, arguments) && !dnnl.stream_wait(stream);
}

static bool reorder(const dnnl_memory_desc_t *fromFormat, dnnl_memory_t from, const dnnl_memory_desc_t *toFormat, dnnl_memory_t to) {
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    if (dnnl.reorder_primitive_desc_create(&description, fromFormat, engine, toFormat, engine, NULL)) return false;
    bool done = !dnnl.primitive_create(&primitive, description);
    dnnl.primitive_desc_destroy(description);
    if (!done) return false;
    done = execute(primitive, 2, (dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    dnnl.primitive_destroy(primitive);
    return done;
}

/// Between the array in plain order and the memory of argument i.
static bool carry(const OneDNNConvolution *c, int i, float *array, bool out) {
    dnnl_memory_t memory = c->arguments[i].memory, other;
    if (dnnl.memory_create(&other, &c->plain[i], engine, array)) return false;
    const bool done = out ? reorder(&c->liked[i], memory, &c->plain[i], other) : reorder(&c->plain[i], other, &c->liked[i], memory);
    dnnl.memory_destroy(other);
    return done;
}

static bool describe(dnnl_primitive_desc_t *result, OneDNNPass pass, const OneDNNShape *s, dnnl_memory_desc_t plain[all]) {
    const int64_t out = (s->side + 2 * s->padding - s->kernel) / s->stride + 1;
    const int64_t after = (out - 1) * s->stride + s->kernel - s->side - s->padding;
    const dnnl_dims_t x = {s->batch, s->channels, s->side, s->side}, w = {s->channelsOut, s->channels, s->kernel, s->kernel};
    const dnnl_dims_t y = {s->batch, s->channelsOut, out, out};
    const dnnl_dims_t strides = {s->stride, s->stride}, before = {s->padding, s->padding}, behind = {after, after};
    // x, w and y are in turn first operand, second operand and result.
    const int64_t *sizes[all][all] = {{x, w, y}, {y, w, x}, {y, x, w}};
    dnnl_memory_desc_t any[all];
    for (int i = 0; i < all; i++) {
        const int64_t *size = sizes[pass][i];
        if (dnnl.memory_desc_init_by_tag(&plain[i], 4, size, dnnl_f32, dnnl_abcd)
            || dnnl.memory_desc_init_by_tag(&any[i], 4, sizes[0][i], dnnl_f32, dnnl_format_tag_any)) return false;
    }
    dnnl_convolution_desc_t forward, backward;
    dnnl_primitive_desc_t hint;
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    const dnnl_memory_desc_t *X = &any[0], *W = &any[1], *Y = &any[2];
    if (dnnl.convolution_forward_desc_init(&forward, dnnl_forward_training, direct, X, W, NULL, Y, strides, before, behind)
        || dnnl.primitive_desc_create(&hint, &forward, NULL, engine, NULL)) return false;
    *result = hint;
    if (pass == ONEDNN_FORWARD) return true;
    const dnnl_status_t failed = pass == ONEDNN_INPUT_GRADIENT
        ? dnnl.convolution_backward_data_desc_init(&backward, direct, X, W, Y, strides, before, behind)
        : dnnl.convolution_backward_weights_desc_init(&backward, direct, X, W, NULL, Y, strides, before, behind);
    const bool made = !failed && !dnnl.primitive_desc_create(result, &backward, NULL, engine, hint);
    dnnl.primitive_desc_destroy(hint);
    return made;
}

OneDNNConvolution *onednn_convolution(OneDNNPass pass, const OneDNNShape *shape, const float *first, const float *second) {
    static const int names[all][all] = {{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                                        {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
                                        {DNNL_ARG_DIFF_DST, DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS}};
    static const dnnl_query_t queries[all][all] = {{dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
                                                   {dnnl_query_diff_dst_md, dnnl_query_weights_md, dnnl_query_diff_src_md},
                                                   {dnnl_query_diff_dst_md, dnnl_query_src_md, dnnl_query_diff_weights_md}};
    OneDNNConvolution *c = calloc(1, sizeof(OneDNNConvolution));
    dnnl_primitive_desc_t description;
    if (!c || !describe(&description, pass, shape, c->plain)) return free(c), NULL;
    bool made = !dnnl.primitive_create(&c->primitive, description);
    for (int i = 0; i < all && made; i++) {
        const dnnl_memory_desc_t *liked = dnnl.primitive_desc_query_md(description, queries[pass][i], 0);
        if (!(made = liked != NULL)) break;
        c->liked[i] = *liked;
        c->arguments[i].arg = names[pass][i];
        made = !dnnl.memory_create(&c->arguments[i].memory, liked, engine, DNNL_MEMORY_ALLOCATE);
    }
    dnnl.primitive_desc_destroy(description);
    if (made && carry(c, 0, (float *)first, false) && carry(c, 1, (float *)second, false)) return c;
    return onednn_free(c), NULL;
}

void onednn_run(const OneDNNConvolution *c) { execute(c->primitive, all, c->arguments); }
bool onednn_read(const OneDNNConvolution *c, float *result) { return carry(c, operands, result, true); }
void onednn_free(OneDNNConvolution *c) {
    for (int i = 0; i < all; i++)
        if (c->arguments[i].memory) dnnl.memory_destroy(c->arguments[i].memory);
    if (c->primitive) dnnl.primitive_destroy(c->primitive);
    free(c);
}

#else

const char *onednn_open(int threads) { return "built without the header of oneDNN 2"; }
OneDNNConvolution *onednn_convolution(OneDNNPass pass, const OneDNNShape *shape, const float *first, const float *second) { return NULL; }
void onednn_run(const OneDNNConvolution *convolution) {}
bool onednn_read(const OneDNNConvolution *convolution, float *result) { return false; }
void onednn_free(OneDNNConvolution *convolution) {}

#endif
