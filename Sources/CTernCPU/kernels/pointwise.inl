// pointwise.def, expanded into loops. Included in namespace tern, in a TERN_ISA of its own: see isa/each.inl.
namespace TERN_ISA {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpass-failed"  // a loop that calls libm stays a loop
// An output is its input or apart from it, so no iteration sees another's.
#define TERN_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")
#define TERN_PLAIN_LOOP _Pragma("clang loop vectorize(disable) unroll(disable)")

#define UNARY(category, name, expression, slope)                                                               \
    struct unary_##name {                                                                                      \
        template <class T> TERN_INLINE static auto value(T x) -> decltype(expression) { return expression; }   \
        template <class T> TERN_INLINE static auto derivative(T x, T y) { return (void)x, (void)y, (slope); }  \
    };
#define BINARY(category, name, expression) \
    struct binary_##name {                 \
        template <class T> TERN_INLINE static auto value(T a, T b) -> decltype(expression) { return expression; } \
    };
#include "../include/pointwise.def"

template <class Op, class In, class Out> TERN_INLINE Out unary_element(In x) {
    using T = widened<computed<In>>;
    return convert<Out>(Op::value(T(load(x))));
}

template <class Op, class In, class Out> void unary_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(Out) && strides[1] == sizeof(In)) {
        Out *out = reinterpret_cast<Out *>(data[0]);
        const In *x = reinterpret_cast<const In *>(data[1]);
        TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) out[i] = unary_element<Op, In, Out>(x[i]);
        return;
    }
    char *out = data[0], *x = data[1];
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i, out += strides[0], x += strides[1])
        *reinterpret_cast<Out *>(out) = unary_element<Op, In, Out>(*reinterpret_cast<const In *>(x));
}

template <class Op, class E> TERN_INLINE E gradient_element(E g, E x, E y) {
    using T = computed<E>;
    const auto slope = Op::derivative(T(load(x)), T(load(y)));
    if constexpr (std::is_same_v<decltype(slope), const bool>) return slope ? g : E(0);
    else return convert<E>(mul(T(load(g)), conj(T(slope))));
}

template <class Op, class E> void gradient_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(E) && strides[1] == sizeof(E) && strides[2] == sizeof(E) && strides[3] == sizeof(E)) {
        E *out = reinterpret_cast<E *>(data[0]);
        const E *g = reinterpret_cast<const E *>(data[1]), *x = reinterpret_cast<const E *>(data[2]);
        const E *y = reinterpret_cast<const E *>(data[3]);
        TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) out[i] = gradient_element<Op, E>(g[i], x[i], y[i]);
        return;
    }
    char *at[4] = {data[0], data[1], data[2], data[3]};
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i) {
        *reinterpret_cast<E *>(at[0]) = gradient_element<Op, E>(
            *reinterpret_cast<const E *>(at[1]), *reinterpret_cast<const E *>(at[2]), *reinterpret_cast<const E *>(at[3]));
        for (int k = 0; k < 4; ++k) at[k] += strides[k];
    }
}

// Of 16-bit floats, a neighbour is one in 16 bits, and a quotient is rounded to them before it is cut.
template <class Op, class A, class B, class Out> TERN_INLINE Out binary_element(A a, B b) {
    if constexpr (std::is_same_v<Op, binary_nextafter> && is_half<A>) return nextafter(a, b);
    else if constexpr (std::is_same_v<Op, binary_div_trunc> && is_half<A>)
        return convert<Out>(trunc(load(convert<A>(load(a) / load(b)))));
    else return convert<Out>(Op::value(load(a), load(b)));
}

template <class Op, class A, class B, class Out> void binary_loop(char *const *data, const int64_t *strides, int64_t n, const void *) {
    if (strides[0] == sizeof(Out) && (strides[1] == sizeof(A) || strides[1] == 0) && (strides[2] == sizeof(B) || strides[2] == 0)) {
        Out *out = reinterpret_cast<Out *>(data[0]);
        const A *a = reinterpret_cast<const A *>(data[1]);
        const B *b = reinterpret_cast<const B *>(data[2]);
        if (strides[1] && strides[2]) {
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) out[i] = binary_element<Op, A, B, Out>(a[i], b[i]);
        } else if (strides[1]) {
            const B scalar = *b;
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) out[i] = binary_element<Op, A, B, Out>(a[i], scalar);
        } else {
            const A scalar = *a;
            TERN_VECTOR_LOOP for (int64_t i = 0; i < n; ++i) out[i] = binary_element<Op, A, B, Out>(scalar, b[strides[2] ? i : 0]);
        }
        return;
    }
    char *out = data[0], *a = data[1], *b = data[2];
    TERN_PLAIN_LOOP for (int64_t i = 0; i < n; ++i, out += strides[0], a += strides[1], b += strides[2])
        *reinterpret_cast<Out *>(out) =
            binary_element<Op, A, B, Out>(*reinterpret_cast<const A *>(a), *reinterpret_cast<const B *>(b));
}

// Which dtypes a category takes, and what comes out.
template <class T> inline constexpr bool in_ANY = true;
template <class T> inline constexpr bool in_TEST = true;
template <class T> inline constexpr bool in_NUMBER = !is_bool<T>;
template <class T> inline constexpr bool in_MODULUS = !is_bool<T>;
template <class T> inline constexpr bool in_REAL = !is_bool<T> && !is_complex<T>;
template <class T> inline constexpr bool in_FLOAT = is_real_floating<T> || is_complex<T>;
template <class T> inline constexpr bool in_RFLOAT = is_real_floating<T>;
template <class T> inline constexpr bool in_INTEGER = std::is_integral_v<T>;
template <class T> struct real { using type = T; };
template <class R> struct real<std::complex<R>> { using type = R; };
template <class T> using out_ANY = T;
template <class T> using out_TEST = bool;
template <class T> using out_NUMBER = T;
template <class T> using out_MODULUS = typename real<T>::type;
template <class T> using out_REAL = T;
template <class T> using out_RFLOAT = T;
template <class T> using out_FLOAT = T;
template <class T> using out_INTEGER = T;

template <class Op, class T, class Out, bool takes> constexpr Kernel unary_entry() {
    if constexpr (takes && requires(widened<computed<T>> x) { Op::value(x); }) return unary_loop<Op, T, Out>;
    else return nullptr;
}
template <class Op, class T, bool takes> constexpr Kernel gradient_entry() {
    if constexpr (takes && (is_real_floating<T> || is_complex<T>)) return gradient_loop<Op, T>;
    else return nullptr;
}
template <class Op, class T, class Out, bool takes> constexpr Kernel binary_entry() {
    if constexpr (takes && requires(computed<T> a) { Op::value(a, a); }) return binary_loop<Op, T, T, Out>;
    else return nullptr;
}

template <class T> inline constexpr PointwiseTable pointwise = {
    {
#define UNARY(category, name, expression, slope) unary_entry<unary_##name, T, out_##category<T>, in_##category<T>>(),
#include "../include/pointwise.def"
    },
    {
#define UNARY(category, name, expression, slope) gradient_entry<unary_##name, T, in_##category<T>>(),
#include "../include/pointwise.def"
    },
    {
#define BINARY(category, name, expression) binary_entry<binary_##name, T, out_##category<T>, in_##category<T>>(),
#include "../include/pointwise.def"
    }};
#undef TERN_VECTOR_LOOP
#undef TERN_PLAIN_LOOP
#pragma clang diagnostic pop
}  // namespace TERN_ISA
