/// The CPU kernels, as C sees them. Shapes are checked and outputs allocated by the caller (TernCore); a kernel
/// only computes. Unless said otherwise:
/// - every operand is strided: any stride, 0 (broadcast) and negative ones included, is allowed;
/// - all arrays of one call have the same rank and shape (the caller broadcasts by strides of 0);
/// - indices and sizes are 64-bit;
/// - `false` means "no kernel for these dtypes": nothing was written, and the caller falls back or reports it;
/// - an output may be the very same array as an input (in place) where the kernel is pointwise; other overlap is not allowed.
#ifndef CTERNCPU_H
#define CTERNCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TernDType : int32_t {
    TERN_UINT8 = 0,
    TERN_INT8 = 1,
    TERN_INT16 = 2,
    TERN_INT32 = 3,
    TERN_INT64 = 4,
    TERN_FLOAT16 = 5,
    TERN_FLOAT32 = 6,
    TERN_FLOAT64 = 7,
    TERN_COMPLEX64 = 8,
    TERN_COMPLEX128 = 9,
    TERN_BOOL = 10,
    TERN_BFLOAT16 = 11,
} TernDType;

/// A strided view of memory.
typedef struct TernArray {
    void *_Nullable data;              ///< address of the element at index [0, …, 0]
    const int64_t *_Nullable shape;    ///< `rank` extents
    const int64_t *_Nullable strides;  ///< `rank` strides, in elements
    int32_t rank;
    TernDType dtype;
} TernArray;

/// A number of any kind, for fills.
typedef struct TernNumber {
    double re, im;    ///< the value of a floating or complex number
    int64_t integer;  ///< the value of an integer or bool
    bool isInteger;
} TernNumber;

// Memory ------------------------------------------------------------------------------------------------------------
/// Memory aligned to 64 bytes (uninitialized), or NULL where there is none left.
void *_Nullable tern_allocate(size_t bytes);
void tern_deallocate(void *_Nullable memory, size_t bytes);

// Libraries found at run time ----------------------------------------------------------------------------------------
/// Opens a shared library by its name or path; NULL where it is not there. It stays open.
void *_Nullable tern_library_open(const char *_Nonnull name);
void *_Nullable tern_library_symbol(void *_Nonnull library, const char *_Nonnull name);
/// Calls a Fortran subroutine, whose arguments are all addresses (and the lengths of its letters, at the end): at most 20.
void tern_call_fortran(void *_Nonnull function, void *_Nullable const *_Nonnull arguments, int32_t count);
/// Calls a C function of one `int`.
void tern_call_with_int(void *_Nonnull function, int32_t value);

// Threads -----------------------------------------------------------------------------------------------------------
/// How many threads a kernel may use, the caller included. Default: the cores that affinity and cgroup allow.
int32_t tern_thread_count(void);
void tern_set_thread_count(int32_t count);
/// Calls body(context, begin, end) on pieces of 0..<count, each of at least `grain`, on the pool and the caller; returns when all are done.
/// How the range is cut never depends on which thread takes a piece.
void tern_parallel_for(int64_t count, int64_t grain, void (*_Nonnull body)(void *_Nullable, int64_t, int64_t), void *_Nullable context);

// Instruction sets --------------------------------------------------------------------------------------------------
/// "avx512", "avx2" or "baseline": what the kernels use. TERN_CPU_ISA forces a lesser one.
const char *_Nonnull tern_instruction_set(void);

// Pointwise ---------------------------------------------------------------------------------------------------------
/// One enumerator for each line of pointwise.def: TERN_UNARY_exp, TERN_BINARY_add, …
typedef enum TernUnary : int32_t {
#define UNARY(category, name, value, derivative) TERN_UNARY_##name,
#include "pointwise.def"
    TERN_UNARY_COUNT
} TernUnary;

typedef enum TernBinary : int32_t {
#define BINARY(category, name, value) TERN_BINARY_##name,
#include "pointwise.def"
    TERN_BINARY_COUNT
} TernBinary;

/// Which dtypes an op takes, and what it gives: see pointwise.def.
typedef enum TernCategory : int32_t {
    TERN_CATEGORY_NUMBER, TERN_CATEGORY_REAL, TERN_CATEGORY_FLOAT, TERN_CATEGORY_RFLOAT, TERN_CATEGORY_INTEGER,
    TERN_CATEGORY_ANY, TERN_CATEGORY_TEST, TERN_CATEGORY_MODULUS,
} TernCategory;
/// A line of pointwise.def as data. `derivative` is the text of the expression (empty for binary ops).
typedef struct TernFunction {
    const char *_Nonnull name;
    const char *_Nonnull derivative;
    TernCategory category;
} TernFunction;
static inline TernFunction tern_unary_function(TernUnary op) {
    static const TernFunction table[] = {
#define UNARY(category, name, value, derivative) {#name, #derivative, TERN_CATEGORY_##category},
#include "pointwise.def"
    };
    return table[op];
}
static inline TernFunction tern_binary_function(TernBinary op) {
    static const TernFunction table[] = {
#define BINARY(category, name, value) {#name, "", TERN_CATEGORY_##category},
#include "pointwise.def"
    };
    return table[op];
}

/// out = op(x). The dtypes that the category of the op in pointwise.def names.
bool tern_unary(TernUnary op, const TernArray *_Nonnull out, const TernArray *_Nonnull x);
/// out = g · conj(d op(x) / dx), given y = op(x): `derivative` of pointwise.def. Floating and complex dtypes, all the same.
bool tern_unary_gradient(TernUnary op, const TernArray *_Nonnull out, const TernArray *_Nonnull g,
                         const TernArray *_Nonnull x, const TernArray *_Nonnull y);
/// out = op(a, b); a and b have one dtype. In mul and div one may be float32 where the other and the result are half.
bool tern_binary(TernBinary op, const TernArray *_Nonnull out, const TernArray *_Nonnull a, const TernArray *_Nonnull b);
/// The same where all three lie without gaps: `count` elements from each address on, a's and b's of dtype `from`, out's of `to`.
bool tern_binary_dense(TernBinary op, TernDType to, TernDType from, void *_Nonnull out, const void *_Nonnull a, const void *_Nonnull b,
                       int64_t count);
/// out = condition ? a : b; condition is bool, the others have one dtype.
bool tern_where(const TernArray *_Nonnull out, const TernArray *_Nonnull condition, const TernArray *_Nonnull a, const TernArray *_Nonnull b);
/// out = x, converted to out's dtype as C converts (to bool: x != 0; complex to real: the real part; real to complex: im = 0).
bool tern_copy(const TernArray *_Nonnull out, const TernArray *_Nonnull x);
/// out += x, element after element in row-major order; out may overlap itself (several indices naming one element). One dtype.
bool tern_accumulate(const TernArray *_Nonnull out, const TernArray *_Nonnull x);
bool tern_fill(const TernArray *_Nonnull out, TernNumber value);
/// out[i] = start + i · step (1-d), computed in double, or in int64 where out's dtype is an integer's.
bool tern_arange(const TernArray *_Nonnull out, TernNumber start, TernNumber step);

// Reductions --------------------------------------------------------------------------------------------------------
typedef enum TernReduction : int32_t {
    TERN_REDUCE_sum, TERN_REDUCE_prod, TERN_REDUCE_max, TERN_REDUCE_min,  // any dtype; max, min: no complex; NaN propagates
    TERN_REDUCE_any, TERN_REDUCE_all,                                     // out is bool
    TERN_REDUCE_argmax, TERN_REDUCE_argmin,                               // out is int64: the position in row-major order among the reduced elements; first one wins; NaN wins
} TernReduction;
/// out has x's rank, and extent 1 in each reduced dimension. Same dtype, unless the op says otherwise.
/// float16 and bfloat16 accumulate in float32; float32 sums pairwise or in double.
bool tern_reduce(TernReduction op, const TernArray *_Nonnull out, const TernArray *_Nonnull x);

typedef enum TernScan : int32_t { TERN_SCAN_sum, TERN_SCAN_prod, TERN_SCAN_max, TERN_SCAN_min } TernScan;
/// Inclusive scan along `dim`. `indices` (int64; NULL for sum, prod): where the running extreme last occurred (the later of equals); NaN stays once met.
bool tern_scan(TernScan op, const TernArray *_Nonnull out, const TernArray *_Nullable indices, const TernArray *_Nonnull x, int32_t dim);

/// Stable sort along `dim`: values and int64 indices. NaN counts as the greatest. All dtypes but complex.
bool tern_sort(const TernArray *_Nonnull values, const TernArray *_Nonnull indices, const TernArray *_Nonnull x, int32_t dim, bool descending);

// Indexing ----------------------------------------------------------------------------------------------------------
// Indices are int64; -1 is the last in tern_index_put, and if `from_end`. Results: TERN_INDEX_OK; TERN_INDEX_NO_KERNEL;
// else the position (row-major) of the first one out of range: nothing was written.
#define TERN_INDEX_OK (-1)
#define TERN_INDEX_NO_KERNEL (-2)

/// out[i…] = x[i… with i[dim] = index[i…]]; out and index have one shape; x may be larger in the other dimensions. All dtypes.
int64_t tern_gather(
    const TernArray *_Nonnull out, const TernArray *_Nonnull x, int32_t dim, const TernArray *_Nonnull index, bool from_end);

typedef enum TernCombine : int32_t { TERN_COMBINE_assign, TERN_COMBINE_sum, TERN_COMBINE_prod, TERN_COMBINE_max, TERN_COMBINE_min } TernCombine;
/// out[i… with i[dim] = index[i…]] ∘= source[i…], in row-major order of index. source may be larger than index.
int64_t tern_scatter(TernCombine op, const TernArray *_Nonnull out, int32_t dim, const TernArray *_Nonnull index, const TernArray *_Nonnull source);

/// Advanced indexing. x has rank r = count + rest: its first `count` dimensions are indexed by `indices` (each of one broadcast
/// shape of rank b), the rest are kept: out has shape (b…, rest…).
int64_t tern_index(const TernArray *_Nonnull out, const TernArray *_Nonnull x, const TernArray *_Nonnull indices, int32_t count, bool from_end);
/// The write: out[indices] = values, or += where `accumulate`; values has shape (b…, rest…), strides of 0 allowed.
int64_t tern_index_put(const TernArray *_Nonnull out, const TernArray *_Nonnull indices, int32_t count, const TernArray *_Nonnull values, bool accumulate);

/// How many elements are not zero; 0 for an array of more than 64 dimensions, which no kernel takes.
int64_t tern_count_nonzero(const TernArray *_Nonnull x);
/// out (count, rank) int64: the indices of the elements that are not zero, in row-major order.
bool tern_nonzero(const TernArray *_Nonnull out, const TernArray *_Nonnull x);

// Matrix products ---------------------------------------------------------------------------------------------------
/// out = a · b (+ bias); shapes (batch…, m, n) = (batch…, m, k) · (batch…, k, n); a (batch…, k, m) where `transposed_a`, b (batch…, n, k)
/// where `transposed_b`. Batches and bias (NULL: none) broadcast to those of out; a may be one row (k), b one column (k).
/// Every dtype but bool; float16 and bfloat16 accumulate in float32.
bool tern_matmul(const TernArray *_Nonnull out, const TernArray *_Nonnull a, const TernArray *_Nonnull b, const TernArray *_Nullable bias,
                 bool transposed_a, bool transposed_b);

// Fourier transforms -------------------------------------------------------------------------------------------------
/// out[k] = Σⱼ x[j] · e^(∓2πi jk / n) along `dim` (+ where inverse), not scaled; complex64 and complex128.
bool tern_fourier(const TernArray *_Nonnull out, const TernArray *_Nonnull x, int32_t dim, bool inverse);

// Convolution and pooling -------------------------------------------------------------------------------------------
/// Sizes are (N, C, spatial…), spatial rank 1 to 3; stride, padding, dilation hold one number per spatial dimension.
/// float32, float64; bfloat16 and float16 with float32 accumulation; complex64 and complex128.
typedef struct TernConvolution {
    int64_t stride[3], padding[3], dilation[3];
    int64_t groups;
} TernConvolution;
/// out (N, O, …) = x (N, C, …) ⋆ weight (O, C / groups, …) + bias (O) (or NULL).
bool tern_convolution(const TernArray *_Nonnull out, const TernArray *_Nonnull x, const TernArray *_Nonnull weight,
                      const TernArray *_Nullable bias, const TernConvolution *_Nonnull geometry);
/// dx from g (the gradient of out), and weight; also the forward of a transposed convolution.
bool tern_convolution_input_gradient(const TernArray *_Nonnull dx, const TernArray *_Nonnull g, const TernArray *_Nonnull weight,
                                     const TernConvolution *_Nonnull geometry);
bool tern_convolution_weight_gradient(const TernArray *_Nonnull dw, const TernArray *_Nonnull g, const TernArray *_Nonnull x,
                                      const TernConvolution *_Nonnull geometry);

typedef struct TernPooling {
    int64_t kernel[3], stride[3], padding[3], dilation[3];
    bool countIncludesPadding;  ///< average pooling
    int64_t divisor;            ///< average pooling: 0 = the number of elements averaged
} TernPooling;
/// Floating dtypes. indices: int64, position within the input's plane (row-major over the spatial dimensions), as PyTorch's.
bool tern_max_pool(const TernArray *_Nonnull out, const TernArray *_Nonnull indices, const TernArray *_Nonnull x, const TernPooling *_Nonnull geometry);
bool tern_avg_pool(const TernArray *_Nonnull out, const TernArray *_Nonnull x, const TernPooling *_Nonnull geometry);
bool tern_avg_pool_gradient(const TernArray *_Nonnull dx, const TernArray *_Nonnull g, const TernPooling *_Nonnull geometry);

// Fused kernels: each has a definition in TernCore, composed of primitives, that must give the same ---------------------
/// Along `dim`. Floating dtypes.
bool tern_softmax(const TernArray *_Nonnull out, const TernArray *_Nonnull x, int32_t dim, bool logarithm);
/// Given y, softmax's (or log-softmax's) result: dx = y · (g − Σ g·y), or g − exp(y) · Σ g.
bool tern_softmax_gradient(const TernArray *_Nonnull dx, const TernArray *_Nonnull g, const TernArray *_Nonnull y, int32_t dim, bool logarithm);

/// Of x (N, C, …), contiguous, float32 or float64: the mean and the variance of each channel (C numbers, contiguous).
bool tern_channel_statistics(const TernArray *_Nonnull mean, const TernArray *_Nonnull variance, const TernArray *_Nonnull x);
/// out = (x − mean) · scale · weight + bias, each C numbers.
bool tern_normalize_channels(const TernArray *_Nonnull out, const TernArray *_Nonnull x, const TernArray *_Nonnull mean,
                             const TernArray *_Nonnull scale, const TernArray *_Nullable weight, const TernArray *_Nullable bias);
/// Its gradient where mean and scale = 1 / √(variance + ε) are those of x; results that are NULL are left out.
bool tern_normalize_channels_gradient(const TernArray *_Nullable dx, const TernArray *_Nullable dweight, const TernArray *_Nullable dbias,
                                      const TernArray *_Nonnull g, const TernArray *_Nonnull x, const TernArray *_Nonnull mean,
                                      const TernArray *_Nonnull scale, const TernArray *_Nullable weight);

/// The same of x as rows, contiguous, as many as mean has numbers: weight and bias have one for each element of a row.
bool tern_normalize_rows(const TernArray *_Nonnull out, const TernArray *_Nonnull x, const TernArray *_Nonnull mean,
                         const TernArray *_Nonnull scale, const TernArray *_Nullable weight, const TernArray *_Nullable bias);
bool tern_normalize_rows_gradient(const TernArray *_Nullable dx, const TernArray *_Nullable dweight, const TernArray *_Nullable dbias,
                                  const TernArray *_Nonnull g, const TernArray *_Nonnull x, const TernArray *_Nonnull mean,
                                  const TernArray *_Nonnull scale, const TernArray *_Nullable weight);

/// What is done with the losses of all samples.
typedef enum TernLossReduction : int32_t { TERN_LOSS_NONE, TERN_LOSS_SUM, TERN_LOSS_MEAN } TernLossReduction;
/// −weight[c] · x[n, c, s] for the class c = target[n, s]; targets that are `ignored` give 0. x (N, C, S), target (N, S) int64, weight (C) or
/// none; out (N, S), or one element: the sum, or the mean weighted by weight. A result as of the indexing kernels: the first sample whose
/// class is out of range.
int64_t tern_nll_loss(const TernArray *_Nonnull out, const TernArray *_Nonnull x, const TernArray *_Nonnull target,
                      const TernArray *_Nullable weight, int64_t ignored, TernLossReduction reduction);
/// dx (N, C, S), contiguous, given the gradient g of out. The classes have been checked.
bool tern_nll_loss_gradient(const TernArray *_Nonnull dx, const TernArray *_Nonnull g, const TernArray *_Nonnull target,
                            const TernArray *_Nullable weight, int64_t ignored, TernLossReduction reduction);
/// The same of the logarithm of the softmax of each row of x (N, C, 1), whose rows are contiguous; float32 or float64.
int64_t tern_cross_entropy(const TernArray *_Nonnull out, const TernArray *_Nonnull x, const TernArray *_Nonnull target,
                           const TernArray *_Nullable weight, int64_t ignored, TernLossReduction reduction);
bool tern_cross_entropy_gradient(const TernArray *_Nonnull dx, const TernArray *_Nonnull g, const TernArray *_Nonnull x,
                                 const TernArray *_Nonnull target, const TernArray *_Nullable weight, int64_t ignored,
                                 TernLossReduction reduction);

/// What the steps of a recurrent layer compute: see `RecurrentStep` in TernCore.
typedef enum TernRecurrence : int32_t { TERN_RECURRENCE_tanh, TERN_RECURRENCE_relu, TERN_RECURRENCE_lstm, TERN_RECURRENCE_gru } TernRecurrence;
/// All steps of one layer in one direction; contiguous arrays of float32 or float64. gates (L, N, gates · H): what the inputs give to them,
/// replaced by their values. y (L, N, H): the hidden states. states (L, N, H): the cells of an LSTM, for a GRU what the hidden states give to
/// the new gate, else NULL. h0, c0 (N, H): where they start; weight (gates · H, H) and bias (gates · H): of the hidden states.
bool tern_recurrence(TernRecurrence kind, bool reversed, const TernArray *_Nonnull gates, const TernArray *_Nullable states,
                     const TernArray *_Nonnull y, const TernArray *_Nonnull h0, const TernArray *_Nullable c0,
                     const TernArray *_Nonnull weight, const TernArray *_Nullable bias);
typedef struct TernRecurrenceGradient {
    const TernArray *_Nullable dy;     ///< of y; NULL for zeros
    const TernArray *_Nonnull gates;   ///< result: of what the inputs give to the gates
    const TernArray *_Nullable inner;  ///< result, GRU: of what the hidden states give to the new gate (L, N, H)
    const TernArray *_Nonnull h0;      ///< result
    const TernArray *_Nullable c0;     ///< LSTM: of the last cells; replaced by the result
} TernRecurrenceGradient;
bool tern_recurrence_gradient(const TernRecurrenceGradient *_Nonnull to, TernRecurrence kind, bool reversed, const TernArray *_Nonnull gates,
                              const TernArray *_Nullable states, const TernArray *_Nonnull y, const TernArray *_Nonnull h0,
                              const TernArray *_Nullable c0, const TernArray *_Nonnull weight);

// Optimizer steps: p and the state are updated in place; float32 and float64, contiguous, one shape ----------------------
typedef struct TernAdam {
    double learningRate, beta1, beta2, epsilon, weightDecay;
    double biasCorrection1, biasCorrection2;  ///< 1 − β₁ᵗ, 1 − β₂ᵗ
    bool decoupled, maximize;                 ///< decoupled: AdamW's weight decay
} TernAdam;
/// maxSquare: NULL unless amsgrad.
bool tern_adam_step(const TernArray *_Nonnull p, const TernArray *_Nonnull g, const TernArray *_Nonnull mean, const TernArray *_Nonnull square,
                    const TernArray *_Nullable maxSquare, TernAdam parameters);
typedef struct TernSGD {
    double learningRate, momentum, dampening, weightDecay;
    bool nesterov, maximize, firstStep;  ///< firstStep: momentum's buffer becomes the gradient
} TernSGD;
/// momentum: NULL where the factor is 0.
bool tern_sgd_step(const TernArray *_Nonnull p, const TernArray *_Nonnull g, const TernArray *_Nullable momentum, TernSGD parameters);

// Random numbers: PyTorch's CPU generator (mt19937), draw for draw -------------------------------------------------------
typedef struct TernGenerator {
    uint32_t state[624];
    int32_t left, next;
    uint64_t seed;
    bool hasNextNormal, hasNextFloatNormal;
    double nextNormal;
    float nextFloatNormal;
} TernGenerator;
void tern_generator_seed(TernGenerator *_Nonnull generator, uint64_t seed);
uint32_t tern_generator_random(TernGenerator *_Nonnull generator);
uint64_t tern_generator_random64(TernGenerator *_Nonnull generator);
/// The fills below take contiguous arrays of floating dtypes (random_range and randperm: integers too).
bool tern_random_uniform(TernGenerator *_Nonnull generator, const TernArray *_Nonnull out, double low, double high);
bool tern_random_normal(TernGenerator *_Nonnull generator, const TernArray *_Nonnull out, double mean, double std);
bool tern_random_exponential(TernGenerator *_Nonnull generator, const TernArray *_Nonnull out, double rate);
/// Integers in low..<high.
bool tern_random_range(TernGenerator *_Nonnull generator, const TernArray *_Nonnull out, int64_t low, int64_t high);
/// 1 with probability p, else 0: out of any dtype.
bool tern_random_bernoulli(TernGenerator *_Nonnull generator, const TernArray *_Nonnull out, double p);
/// The same with a probability per element: p, float32 or float64.
bool tern_random_bernoulli_each(TernGenerator *_Nonnull generator, const TernArray *_Nonnull out, const TernArray *_Nonnull p);
bool tern_random_permutation(TernGenerator *_Nonnull generator, const TernArray *_Nonnull out);

// Text --------------------------------------------------------------------------------------------------------------
/// Writes `value` as C's %.{precision}f (style 'f') or %.{precision}e ('e') does in the C locale; "nan", "inf" and "-inf" where it is
/// not finite. Nothing ends the text: its length is returned, or -1 where `size` bytes are too few.
int32_t tern_format_double(char *_Nonnull buffer, size_t size, int32_t precision, char style, double value);

// A thread's modes --------------------------------------------------------------------------------------------------
enum { TERN_NOTED_CALLS = 64 };
/// What TernCore keeps for each thread; zero at its start.
typedef struct TernThreadState {
    bool gradDisabled, inference, anomaly;
    int32_t calls;                  ///< how many modules are being called, one inside the other
    void *_Nullable recovery;       ///< the innermost `recovering` scope
    void *_Nullable released;       ///< nodes waiting to be freed
    void *_Nullable observers;      ///< who watches every op
    void *_Nullable defaultDevice;
    void *_Nullable checkpoint;     ///< the innermost checkpoint whose body is running
    void *_Nullable walk;           ///< what the innermost walk over a tape carries
    const void *_Nullable called[TERN_NOTED_CALLS];  ///< the outermost of the modules being called
} TernThreadState;
TernThreadState *_Nonnull tern_thread_state(void);

/// Notes that a module is being called, which lives longer than the call.
static inline void tern_enter_module(TernThreadState *_Nonnull state, const void *_Nonnull module) {
    if (state->calls < TERN_NOTED_CALLS) state->called[state->calls] = module;
    state->calls++;
}
static inline void tern_leave_module(TernThreadState *_Nonnull state) { state->calls--; }
static inline const void *_Nullable tern_called_module(const TernThreadState *_Nonnull state, int32_t i) { return state->called[i]; }

#ifdef __cplusplus
}
#endif
#endif
